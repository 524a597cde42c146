"""The supervisor of the workers, with small applications in the place of the backend's."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import postgres

ROOT = Path(__file__).parent.parent
PATIENCE = 120
# Longer than the 5 s after which uvicorn's own supervisor takes a worker for hung, twice.
SLOW_START = 12

SERVE = """
import sys, uvicorn
from src import logs, workers
if __name__ == "__main__":
    config = uvicorn.Config("application:app", workers=2, port=int(sys.argv[1]), log_config=logs.config("INFO"))
    sys.exit(workers.serve(config))
"""
APPLICATION = """
import os
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
FAILING_LIFESPAN = """
async def app(scope, receive, send):
    await send({"type": "lifespan.startup.failed", "message": "the start has failed"})
"""


class Supervised:
    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.url, self.log = process, f"http://127.0.0.1:{port}", log

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait_for(self, check: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not check():
            assert time.monotonic() < end, f"{what}: not within {PATIENCE} s\n{self.log.read_text()}"
            time.sleep(0.05)


def environment(folder: Path) -> dict[str, str]:
    paths = [str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)}


@contextmanager
def supervised(folder: Path, application: str) -> Iterator[Supervised]:
    (folder / "application.py").write_text(application)
    port = postgres.free_port()
    log = folder / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-c", SERVE, str(port)]
        process = subprocess.Popen(command, env=environment(folder), cwd=folder, stdout=out, stderr=out)
        try:
            yield Supervised(process, port, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)


def test_a_worker_that_starts_slowly_is_left_alone(tmp_path: Path) -> None:
    with supervised(tmp_path, APPLICATION) as server:
        server.wait_for(lambda: len(server.workers()) == 2, "two workers")
        first = server.workers()
        for pid in first:  # as a machine does that has no time for them
            os.kill(pid, signal.SIGSTOP)
        time.sleep(SLOW_START)
        for pid in first:
            os.kill(pid, signal.SIGCONT)
        server.wait_for(server.answers, "an answer")
        assert server.workers() == first, server.log.read_text()


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with supervised(tmp_path, APPLICATION) as server:
        server.wait_for(server.answers, "an answer")
        victim, other = server.workers()
        os.kill(victim, signal.SIGKILL)
        server.wait_for(lambda: len(server.workers()) == 2 and victim not in server.workers(), "another worker")
        assert other in server.workers()
        server.wait_for(server.answers, "an answer")
    assert server.process.returncode == 0
    assert "a worker was killed: starting another" in server.log.read_text()


@pytest.mark.parametrize(
    ("application", "status", "says"),
    [
        ("raise SystemExit('a bad release')", 1, "a bad release"),
        ("raise SystemExit(7)", 7, ""),
        ("raise SystemExit(0)", 1, ""),
        ("import nothing_of_this_name", 1, "ModuleNotFoundError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 1, ""),
        (FAILING_LIFESPAN, None, "the start has failed"),
    ],
)
def test_a_worker_that_fails_ends_the_process(tmp_path: Path, application: str, status: int | None, says: str) -> None:
    with supervised(tmp_path, application) as server:
        ended = server.process.wait(PATIENCE)
        assert ended == status if status is not None else ended != 0  # uvicorn's versions differ
        assert not Path(f"/proc/{server.process.pid}").exists()
    log = server.log.read_text()
    assert says in log and "a worker failed: stopping" in log


def test_sigterm_ends_workers_that_have_not_started_yet(tmp_path: Path) -> None:
    with supervised(tmp_path, "import time; time.sleep(3600)") as server:
        server.wait_for(lambda: len(server.workers()) == 2, "two workers")
        workers = server.workers()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    for pid in workers:
        assert not Path(f"/proc/{pid}").exists()


def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        (tmp_path / "application.py").write_text(APPLICATION)
        command = [sys.executable, "-c", SERVE, str(other.getsockname()[1])]
        ended = subprocess.run(command, env=environment(tmp_path), cwd=tmp_path, capture_output=True, timeout=PATIENCE)
    assert ended.returncode != 0 and b"address already in use" in ended.stdout.lower()
