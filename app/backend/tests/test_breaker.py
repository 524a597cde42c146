"""The circuit breaker when calls overlap, which answers over a network do in no fixed order."""

from contextlib import ExitStack, suppress

import pytest

from src.breaker import Breaker, CircuitOpen


class Broken(Exception):
    pass


class Bench:
    """A breaker that opens after two failures for 30 s, the time, and what it said: the gauge's values."""

    def __init__(self) -> None:
        self.now = 100.0
        self.said: list[bool] = []
        self.breaker = Breaker(failures=2, seconds=30, clock=lambda: self.now, on_change=self.said.append)

    def start(self) -> ExitStack:
        """A call that is on its way; close() is its success."""
        call = ExitStack()
        call.enter_context(self.breaker.call(lambda error: isinstance(error, Broken)))
        return call

    def fail(self, call: ExitStack) -> None:
        with suppress(Broken), call:
            raise Broken

    def open(self) -> None:
        for _ in range(2):
            self.fail(self.start())
        assert self.said[-1] is True and self.breaker.wait() == 30


def test_a_call_from_before_the_circuit_opened_closes_it_and_says_so() -> None:
    bench = Bench()
    early = bench.start()
    bench.open()
    early.close()
    assert bench.said == [True, False], "the gauge would say open, and its alert fire, until the worker restarts"
    bench.start().close()
    assert bench.said == [True, False]


def test_a_trial_that_ends_after_the_circuit_closed_changes_nothing() -> None:
    bench = Bench()
    early = bench.start()
    bench.open()
    bench.now += 30
    trial = bench.start()
    with pytest.raises(CircuitOpen):
        bench.start()  # one at a time
    early.close()
    trial.close()
    assert bench.said == [True, False]
    bench.open()  # from a count of its own: two failures, not one
    assert bench.said == [True, False, True]


def test_a_failure_from_before_the_circuit_opened_leaves_it_open() -> None:
    bench = Bench()
    early = bench.start()
    bench.open()
    bench.now += 10
    bench.fail(early)
    assert bench.breaker.wait() == 30 and False not in bench.said
    bench.now += 30
    bench.start().close()
    assert bench.said[-1] is False and bench.breaker.wait() == 0
