"""Worker processes that serve from one socket.

uvicorn's own supervisor does not fit a slow machine. It kills a worker that does not answer within 5 seconds, and a
worker that is still importing does not answer there (the limit can be set from uvicorn 0.37 on only). It also restarts
a worker that fails at its start again and again, so that Kubernetes does not see that the container is broken.
"""

import contextlib
import logging
import multiprocessing
import signal
import socket
from multiprocessing import connection
from multiprocessing.context import SpawnProcess

import uvicorn

log = logging.getLogger(__name__)

# A signal that arrives during the wait for a worker's end is acted upon after this many seconds at most.
PERIOD = 0.5

# These come from outside: the kernel when memory is short, or an operator. Anything else is the worker's own failure.
KILLED = (-signal.SIGKILL, -signal.SIGTERM)

spawn = multiprocessing.get_context("spawn")


def serve(config: uvicorn.Config) -> int:
    """Serve with `config.workers` processes until SIGTERM or SIGINT. Returns the exit status for this process.

    A worker that was killed is replaced. A worker that ends by itself stops all: Kubernetes then restarts the
    container, waits longer each time, and reports it. Kubernetes' startup probe limits how long a start may take.
    """
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    status = 0
    with config.bind_socket() as listener:
        workers = [start(config, listener) for _ in range(config.workers)]
        while not stopping:
            connection.wait([each.sentinel for each in workers], timeout=PERIOD)
            for i, worker in enumerate(workers):
                if worker.exitcode is None or stopping:
                    continue
                ended = {"data": {"pid": worker.pid, "exit_code": worker.exitcode}}
                if worker.exitcode in KILLED:
                    log.warning("a worker was killed: starting another", extra=ended)
                    workers[i] = start(config, listener)
                else:
                    log.error("a worker failed: stopping", extra=ended)
                    status, stopping = worker.exitcode if worker.exitcode > 0 else 1, True
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
    return status


def start(config: uvicorn.Config, listener: socket.socket) -> SpawnProcess:
    worker = spawn.Process(target=work, args=(config, listener))
    worker.start()
    return worker


def work(config: uvicorn.Config, listener: socket.socket) -> None:
    config.configure_logging()
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches every process of the terminal
        config.load()  # before the server handles SIGTERM: until then it ends the worker at once
        uvicorn.Server(config).run(sockets=[listener])
