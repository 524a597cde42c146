"""A circuit breaker: who fails again and again is left alone for a while, and callers are told so at once.

Each worker has its own: what it knows is what it has seen, and a restart forgets it. Ours and not a library's: the one
in Debian 13 lets any number of calls through when it tries again, and takes a call that the caller gave up for a success.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

log = logging.getLogger(__name__)


class CircuitOpen(Exception):
    def __init__(self, seconds: int) -> None:
        super().__init__(f"no call for {seconds} s")
        self.seconds = seconds


class Breaker:
    """Opens after so many failures in a row; after so many seconds one call may try, and its outcome decides."""

    def __init__(
        self,
        failures: int = 5,
        seconds: float = 30,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[bool], object] = lambda _open: None,
    ) -> None:
        self._allowed = failures
        self._on_change = on_change
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    def wait(self) -> int:
        """Seconds until a call may be tried; 0 when it may now."""
        return max(0, ceil(self._open_until - self._clock()))

    @contextmanager
    def call(self, is_failure: Callable[[BaseException], bool]) -> Iterator[None]:
        if seconds := self.wait():
            raise CircuitOpen(seconds)
        trial = self._failures >= self._allowed
        if trial:
            self._open_until = self._clock() + self._seconds  # the others go on waiting
        try:
            yield
        except BaseException as error:
            if is_failure(error):
                self._failed()
            elif trial:
                self._open_until = 0.0  # nothing learnt: the next one may try
            raise
        if self._failures >= self._allowed:  # also without a trial: by a call that began before it opened
            log.info("circuit closed")
            self._on_change(False)
        self._failures, self._open_until = 0, 0.0

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= self._allowed:
            self._open_until = self._clock() + self._seconds
            self._on_change(True)
            log.warning("circuit open", extra={"data": {"failures": self._failures, "seconds": self._seconds}})
