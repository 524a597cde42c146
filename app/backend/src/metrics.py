"""What Prometheus reads. Labels hold routes, methods and statuses: nothing that a caller or a user can choose.

The workers keep their numbers in files of one folder (PROMETHEUS_MULTIPROC_DIR), and the process that started them adds
them up on a port of its own: src/serve.py. README.md lists what there is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import QueuePool, event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope

# prometheus_client reads it when it is imported, so it has to be set before.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

registry = CollectorRegistry()
_requests = Histogram(
    "http_request_duration_seconds",
    "Requests and how long they took, by route template; status 0 is a caller that left before the answer",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=registry,
)
# livesum: the sum over the workers that are alive.
_in_flight = Gauge(
    "http_requests_in_flight", "Requests being answered now", registry=registry, multiprocess_mode="livesum"
)
_pool_used = Gauge(
    "db_pool_connections_in_use", "Database connections taken", registry=registry, multiprocess_mode="livesum"
)
_pool_max = Gauge(
    "db_pool_connections_max", "Database connections allowed", registry=registry, multiprocess_mode="livesum"
)
pool_timeouts = Counter("db_pool_timeouts", "Requests that waited for a connection in vain", registry=registry)


chat_answers = Counter("chat_answers", "Answers of the chat, by how they ended", ["outcome"], registry=registry)
tool_calls = Counter("tool_calls", "Tools called over MCP and by the chat", ["tool", "ok"], registry=registry)
model_calls = Histogram(
    "model_call_duration_seconds",
    "Calls of the model and how long they took, by how they ended; those that the open circuit held back are none",
    ["outcome"],
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120),
    registry=registry,
)
circuit_open = Gauge(
    "model_circuit_open",
    "Workers whose circuit to the model is open: from the failures that open it until a call succeeds",
    registry=registry,
    multiprocess_mode="livesum",
)


@contextmanager
def in_flight() -> Iterator[None]:
    _in_flight.inc()
    try:
        yield
    finally:
        _in_flight.dec()


def observe(scope: Scope, status: int, seconds: float) -> None:
    """Call it when the request is over: the router has then left its route in the scope."""
    route = getattr(scope.get("route"), "path", "unmatched")
    method = scope["method"] if scope["method"] in METHODS else "other"
    _requests.labels(method, route, str(status)).observe(seconds)


def watch_pool(engine: AsyncEngine) -> None:
    pool = engine.pool
    assert isinstance(pool, QueuePool)

    def taken(*_: object) -> None:
        _pool_used.set(pool.checkedout())

    def returning(*_: object) -> None:
        # Comes before the pool has it back. Counted from the pool's state and not up and down, because a
        # connection that fails its check is returned without having been taken.
        _pool_used.set(pool.checkedout() - 1)

    event.listen(pool, "checkout", taken)
    event.listen(pool, "checkin", returning)
    _pool_used.set(0)
    _pool_max.set(pool.size())


def forget_dead_workers() -> None:
    """What a worker that died had in flight is no longer; its counts stay, since counters only grow."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return
    for file in Path(folder).glob("gauge_live*_*.db"):
        if not _alive(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
