"""The queue of orders: a Redis list."""

import os

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

ORDERS = "orders"
DONE = "orders:done"


def connect() -> redis.Redis:
    """Return a client for the store at REDIS_URL, which holds the password.

    It tries for about a minute: a pod that has just started may be refused until the network policies know its address.
    """
    return redis.Redis.from_url(
        os.environ["REDIS_URL"],
        decode_responses=True,
        socket_connect_timeout=5,
        socket_timeout=30,  # longer than the worker waits for an order
        retry=Retry(ExponentialBackoff(cap=5, base=0.2), 15),
    )
