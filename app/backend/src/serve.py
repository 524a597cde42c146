"""`python -m src.serve`: check the settings once, then run uvicorn with JSON logs."""

import signal
import sys

import uvicorn

from src import logs, settings


def main() -> None:
    # Before uvicorn has its own handlers, and after it gave them back, SIGTERM is an ordinary, successful end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Here and not only in the workers: a worker that refuses its settings would be started again for ever.
    chosen = settings.load()
    uvicorn.run(
        "src.api.main:app",
        host="0.0.0.0",
        port=chosen.port,
        workers=chosen.web_concurrency,
        log_config=logs.config(chosen.log_level),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=chosen.shutdown_seconds,
    )


if __name__ == "__main__":
    main()
