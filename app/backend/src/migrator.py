"""Brings the schema up to date in the background, however late the database appears."""

import asyncio
import logging
import random

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from src import schema
from src.logs import first_line

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 15.0


async def upgrade_with_retry(engine: AsyncEngine) -> None:
    """Try until it works. Each failure is one line in the log, with the reason and the next attempt."""
    delay = FIRST_DELAY_SECONDS
    while True:
        try:
            await schema.upgrade(engine)
            return
        except (SQLAlchemyError, OSError) as error:
            data = {"reason": first_line(error), "retry_in_seconds": round(delay, 1)}
            log.warning("migration did not run", extra={"data": data})
        # Jitter, so that the workers of all replicas do not come back in step.
        await asyncio.sleep(delay * random.uniform(0.8, 1.2))
        delay = min(delay * 2, LONGEST_DELAY_SECONDS)


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
