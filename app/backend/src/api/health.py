"""Liveness and readiness."""

from fastapi import APIRouter, Response

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
