"""Liveness, readiness and metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from src import metrics
from src.api.deps import Held
from src.problems import Problem

router = APIRouter(tags=["operations"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process answers. Depends on nothing: a database that is away is no reason to kill the pod."""
    return {"status": "healthy"}


@router.get("/ready", response_model=dict[str, str], responses={503: {"description": "Not ready, and why"}})
async def ready(held: Held) -> Response | dict[str, str]:
    """Requests can be served: the database answers and its schema is migrated."""
    reason = await held.readiness.reason_not_ready()
    return {"status": "ready"} if reason is None else Problem(503, f"Not ready: {reason}.", reason=reason)


# Not async: it reads the workers' files, which a thread may wait for.
@router.get("/metrics", response_class=PlainTextResponse)
def read_metrics() -> Response:
    """Prometheus' text format: requests by route and status, requests in flight, the database pool."""
    return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
