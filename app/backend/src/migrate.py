"""`python -m src.migrate`: bring the schema up to date and exit. Safe to run twice and at the same time."""

import argparse
import asyncio
import logging
import sys

from src import db, logs, settings
from src.logs import first_line
from src.migrator import AWAY, GaveUp, upgrade_with_retry

log = logging.getLogger(__name__)


async def migrate(wait_seconds: float) -> int:
    """0 when the schema is up to date; otherwise 1, and the last line of the log says why."""
    engine = db.probe_engine(settings.load_database())
    try:
        # A database that is away may come; a migration that the database refuses stays refused.
        await upgrade_with_retry(engine, retry_on=AWAY, seconds=wait_seconds)
    except GaveUp as error:
        log.error(str(error))
        return 1
    except Exception as error:
        log.error("migration failed, and nothing was changed: %s", first_line(error))
        log.debug("where it failed", exc_info=error)
        return 1
    finally:
        await engine.dispose()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m src.migrate", description=__doc__)
    parser.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="how long to retry (default 60)")
    wait_seconds: float = parser.parse_args().wait
    logs.configure(settings.load_database().log_level)
    return asyncio.run(migrate(wait_seconds))


if __name__ == "__main__":
    sys.exit(main())
