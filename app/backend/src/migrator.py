"""Brings the schema up to date in the background, however late the database appears."""

import asyncio
import logging
import random

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from src import schema
from src.logs import first_line

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 15.0


# The database cannot be reached, is starting, or holds a lock too long: what time may mend.
AWAY = (OperationalError, InterfaceError, OSError)


class GaveUp(Exception):
    """There was no migration in time; the message says why."""


async def upgrade_with_retry(
    engine: AsyncEngine,
    retry_on: tuple[type[Exception], ...] = (SQLAlchemyError, OSError),
    seconds: float | None = None,
) -> None:
    """Try until it works. Each failure is one line in the log, with the reason and the next attempt."""
    delay = FIRST_DELAY_SECONDS
    reason = "the database did not answer"
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await schema.upgrade(engine)
                    return
                except retry_on as error:
                    reason = first_line(error)
                    data = {"reason": reason, "retry_in_seconds": round(delay, 1)}
                    log.warning("migration did not run", extra={"data": data})
                # Jitter, so that the workers of all replicas do not come back in step.
                await asyncio.sleep(delay * random.uniform(0.8, 1.2))
                delay = min(delay * 2, LONGEST_DELAY_SECONDS)
    except TimeoutError:
        raise GaveUp(f"no migration within {seconds:g} seconds: {reason}") from None


class Migrator:
    """Runs when asked, once at a time: at start, and when /ready finds the schema gone (a new, empty database)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._wanted = asyncio.Event()

    def request(self) -> None:
        self._wanted.set()

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await upgrade_with_retry(self._engine)
            except Exception:
                # A migration that is itself wrong: /ready stays red and asks again; the log says why.
                log.exception("migration failed")
