"""The queue of orders: a Redis list."""

import os

import redis

ORDERS = "orders"
DONE = "orders:done"


def connect() -> redis.Redis:
    """Return a client for the store at REDIS_URL, which holds the password."""
    return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, socket_connect_timeout=5)
