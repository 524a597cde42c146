"""Take orders from the queue and pack them: python -m shop.worker"""

import logging
import signal
import time

import redis

from shop.queue import DONE, ORDERS, connect

log = logging.getLogger("shop.worker")


def work(client: redis.Redis) -> None:
    """Pack one order, or return after 5 s without one."""
    taken = client.blpop([ORDERS], timeout=5)
    if taken:
        client.rpush(DONE, taken[1])
        log.info("packed %s", taken[1])


def main() -> None:
    """Work until the process is stopped. A store that is away is asked again."""
    logging.basicConfig(level=logging.INFO)
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    client = connect()
    log.info("waiting for orders")
    while True:
        try:
            work(client)
        except redis.ConnectionError as error:
            log.warning("the store does not answer: %s", type(error).__name__)
            time.sleep(1)


if __name__ == "__main__":
    main()
