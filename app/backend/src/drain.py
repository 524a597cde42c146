"""SIGTERM, step by step: /ready turns red, a short while later the server stops accepting, then requests finish."""

import asyncio
import logging
import signal
import threading
from types import FrameType

from src.readiness import Readiness

log = logging.getLogger(__name__)


def install(readiness: Readiness, seconds: float) -> None:
    """Put the red phase before uvicorn's own handling of SIGTERM, which closes the listening socket at once."""
    if threading.current_thread() is not threading.main_thread():
        return
    server_handler = signal.getsignal(signal.SIGTERM)
    if not callable(server_handler):
        return  # no server owns the signal: a test, or another ASGI server
    loop = asyncio.get_running_loop()

    def stop_serving() -> None:
        server_handler(signal.SIGTERM, None)

    def begin() -> None:
        if readiness.draining:
            return stop_serving()  # asked twice: no more waiting
        readiness.draining = True
        log.info("draining", extra={"data": {"seconds": seconds}})
        loop.call_later(seconds, stop_serving)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)

    signal.signal(signal.SIGTERM, on_signal)
