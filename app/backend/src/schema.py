"""The schema's version, and the only way it changes: Alembic, under a PostgreSQL advisory lock."""

import logging
from enum import StrEnum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant will do, as long as every replica of every release uses the same one.
LOCK_KEY = 7_206_138_000
# How long to wait for another replica's migration, and then for the tables that a migration changes.
LOCK_TIMEOUT = "30s"


class State(StrEnum):
    CURRENT = "current"
    # Written by a later release: during a rolling update the old pods keep serving beside the new schema.
    NEWER = "newer"
    BEHIND = "behind"
    EMPTY = "empty"

    @property
    def usable(self) -> bool:
        return self in (State.CURRENT, State.NEWER)


@cache
def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@cache
def _revisions() -> tuple[str, frozenset[str]]:
    scripts = ScriptDirectory.from_config(_config())
    head = scripts.get_current_head()
    if head is None:
        raise RuntimeError(f"no migrations in {MIGRATIONS}")
    return head, frozenset(revision.revision for revision in scripts.walk_revisions())


def state(connection: Connection) -> State:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return State.EMPTY
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    head, known = _revisions()
    if version is None:
        return State.EMPTY
    if version == head:
        return State.CURRENT
    return State.BEHIND if version in known else State.NEWER


def _upgrade(connection: Connection) -> State:
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    # Released with the transaction, so a process that dies leaves nothing behind, and transaction
    # poolers, which would mix up a session's lock, are fine.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    before = state(connection)
    if not before.usable:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before


async def upgrade(engine: AsyncEngine) -> State:
    """Bring the schema to this release's version; return what it was before. All of it or nothing."""
    async with engine.begin() as connection:
        before = await connection.run_sync(_upgrade)
    log.info("schema is up to date", extra={"data": {"before": before.value}})
    return before
