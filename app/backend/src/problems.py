"""Every error is an RFC 9457 problem. What an exception says goes to the log, never to the caller."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from src import metrics
from src.logs import first_line, request_id

log = logging.getLogger(__name__)

# A table or a column that a migration has yet to make.
NOT_MIGRATED = frozenset({"42P01", "42703"})
UNAVAILABLE = "The database is not available. Try again in a moment."


class Problem(JSONResponse):
    media_type = "application/problem+json"

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        if (current := request_id.get()) is not None:
            content["request_id"] = current
        super().__init__(content | members, status_code=status, headers=dict(headers or {}))


def internal_error() -> Problem:
    return Problem(500, "Something went wrong here. The request id finds it in the log.")


async def _http(_: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, str(error.detail), headers=error.headers)


async def _validation(_: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    # The first part of a place says body, query or path.
    errors = [{"field": place(item["loc"][1:]) or "body", "message": plain(item["msg"])} for item in error.errors()]
    return Problem(422, "; ".join(f"{e['field']}: {e['message']}" for e in errors), errors=errors)


def place(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location)


def plain(message: str) -> str:
    """Pydantic's message. It does not repeat the input, which may be a password."""
    return message.removeprefix("Value error, ")


async def _database(_: Request, error: Exception) -> Problem:
    assert isinstance(error, SQLAlchemyError)
    if note_unavailable(error):
        return Problem(503, UNAVAILABLE, headers={"Retry-After": "2"})
    log.error("database error", exc_info=error)
    return internal_error()


def note_unavailable(error: SQLAlchemyError) -> bool:
    """Whether the database is away, full or not migrated: a state, not a bug, so one line and not a traceback."""
    if isinstance(error, PoolTimeoutError):
        metrics.pool_timeouts.inc()
    gone = isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)
    if isinstance(error, DBAPIError):
        sqlstate = getattr(error.orig, "sqlstate", None)
        gone = gone or error.connection_invalidated or sqlstate in NOT_MIGRATED
    if gone:
        log.warning("the database is not available", extra={"data": {"reason": first_line(error)}})
    return gone


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(SQLAlchemyError, _database)
