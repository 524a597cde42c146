"""`python -m src.migrate`: bring the schema up to date and exit. Safe to run twice and at the same time."""

import argparse
import asyncio
import logging
import sys

from src import db, logs, settings
from src.migrator import upgrade_with_retry

log = logging.getLogger(__name__)


async def migrate(wait_seconds: float) -> int:
    engine = db.probe_engine(settings.load_database())
    try:
        async with asyncio.timeout(wait_seconds):
            await upgrade_with_retry(engine)
    except TimeoutError:
        log.error("no migration within %g seconds; the reason stands in the lines above", wait_seconds)
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
