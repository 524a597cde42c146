"""Whether this worker should receive requests."""

import asyncio
import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from src import schema
from src.logs import first_line

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2.0
# /ready is public where the API is: however often it is asked, a worker opens one connection a second at most.
REUSE_SECONDS = 1.0


class Readiness:
    def __init__(self, engine: AsyncEngine, on_behind: Callable[[], None]) -> None:
        self._engine = engine
        self._on_behind = on_behind
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._reason: str | None = "starting"
        self.draining = False

    async def reason_not_ready(self) -> str | None:
        """None when ready; otherwise a sentence that is safe to show to anyone."""
        if not self.draining:
            async with self._lock:
                if time.monotonic() - self._checked_at >= REUSE_SECONDS:
                    reason, detail = await self._check()
                    self._checked_at = time.monotonic()
                    self._note(reason, detail)
        return "shutting down" if self.draining else self._reason

    async def _check(self) -> tuple[str | None, str]:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._engine.connect() as connection:
                state = await connection.run_sync(schema.state)
        except TimeoutError:
            return f"the database did not answer within {TIMEOUT_SECONDS:g} s", ""
        except (SQLAlchemyError, OSError) as error:
            return "the database is not reachable", first_line(error)
        if state.usable:
            return None, ""
        self._on_behind()
        return "the database schema is not migrated", state.value

    def _note(self, reason: str | None, detail: str) -> None:
        """Log changes only: the probe comes every few seconds."""
        if reason == self._reason:
            return
        self._reason = reason
        if reason is None:
            log.info("ready")
        else:
            log.warning("not ready", extra={"data": {"reason": reason, "detail": detail}})
