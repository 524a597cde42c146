"""`python -m src.serve`: check the settings once, then serve with uvicorn and JSON logs."""

import contextlib
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator

import uvicorn

from src import logs, settings, workers

log = logging.getLogger(__name__)


def main() -> None:
    # Before uvicorn has its own handlers, and after it gave them back, SIGTERM is an ordinary, successful end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Here and not only in the workers: bad settings are one line and exit status 2, whatever the number of workers.
    chosen = settings.load()
    logs.configure(chosen.log_level)
    with metrics_folder() as folder:
        if folder is not None and chosen.metrics_port is not None:
            serve_metrics(chosen.metrics_port, folder)
        config = uvicorn.Config(
            "src.api.main:app",
            host="0.0.0.0",
            port=chosen.port,
            workers=chosen.web_concurrency,
            log_config=logs.config(chosen.log_level),
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=chosen.shutdown_seconds,
        )
        if chosen.web_concurrency > 1:
            sys.exit(workers.serve(config))
        server = uvicorn.Server(config)
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
        if not server.started:
            sys.exit(1)  # the application's start failed, and has said why


@contextlib.contextmanager
def metrics_folder() -> Iterator[str | None]:
    """Where the workers put their numbers together: new for each start, because old numbers are not this process's.

    Set here, and src.metrics not imported: the Prometheus library looks for the variable once, when it is imported.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="todo-metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        log.warning("no folder for metrics: none are served", extra={"data": {"reason": str(error)}})
        yield None
        return
    with folder as path:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = path
        yield path


def serve_metrics(port: int, folder: str) -> None:
    """From a thread of this process, which has the numbers of all workers, and time when they are busy.

    A port that is taken is no reason not to serve the application.
    """
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    try:
        start_http_server(port, registry=registry)
    except OSError as error:
        log.warning("metrics are not served", extra={"data": {"port": port, "reason": str(error)}})


if __name__ == "__main__":
    main()
