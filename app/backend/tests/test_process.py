"""The service as a process: bad settings, a late database, concurrent migrations, SIGTERM."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from src.schema import LOCK_KEY
from tests import postgres

Environment = Callable[..., dict[str, str]]
SERVE = [sys.executable, "-m", "src.serve"]
MIGRATE = [sys.executable, "-m", "src.migrate"]
UVICORN = [sys.executable, "-m", "uvicorn", "src.api.main:app", "--workers", "2", "--port", "0"]
BOOT_SECONDS = 60


@contextmanager
def process(command: list[str], env: dict[str, str], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    # Files, not pipes: a full pipe would stop the process.
    with (cwd / "out").open("wb") as out, (cwd / "err").open("wb") as err:
        started = subprocess.Popen(command, env=env, stdout=out, stderr=err, cwd=cwd)
        try:
            yield started
        finally:
            if started.poll() is None:
                started.terminate()
                started.wait(30)


def wait_for(check: Callable[[], bool], seconds: float = BOOT_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


@contextmanager
def half_a_registration(port: str) -> Iterator[Callable[[], bytes]]:
    """A request that lasts: the server waits for the rest of its body. Call for sending that; returns the answer."""
    body = b'{"email": "ann@example.com", "password": "correct horse"}'
    head = "POST /api/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", int(port)), timeout=BOOT_SECONDS) as opened:
        opened.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        assert opened.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # now the application reads it
        opened.sendall(body[:20])

        def finish() -> bytes:
            opened.sendall(body[20:])
            return opened.recv(65536)

        yield finish


def status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0


@pytest.mark.parametrize(
    ("command", "changes", "line"),
    [
        (command, changes, line)
        for commands, changes, line in [
            ([SERVE, UVICORN, MIGRATE], {"DATABASE_URL": None}, "DATABASE_URL is not set"),
            (
                [SERVE, UVICORN, MIGRATE],
                {"DATABASE_URL": "mysql://u:hunter2@h/d"},
                "DATABASE_URL must start with postgresql:// or postgres://",
            ),
            (
                [SERVE, UVICORN],
                {"BETTER_AUTH_SECRET": "hunter2"},
                "BETTER_AUTH_SECRET has 7 characters: at least 32 are needed",
            ),
            (
                [SERVE],
                {"BETTER_AUTH_SECRET_ALSO": "hunter2"},
                "BETTER_AUTH_SECRET_ALSO has 7 characters: at least 32 are needed",
            ),
        ]
        for command in commands
    ],
)
def test_a_bad_setting_ends_the_process_with_one_line(
    environment: Environment, tmp_path: Path, command: list[str], changes: dict[str, str | None], line: str
) -> None:
    with process(command, environment(**changes), tmp_path) as started:
        started.wait(BOOT_SECONDS)
    errors = (tmp_path / "err").read_text()
    said = [each for each in errors.splitlines() if each.startswith("backend: ")]
    assert said and set(said) == {f"backend: bad settings: {line}"}, errors
    assert "Traceback" not in errors and "hunter2" not in errors
    if command is not UVICORN:  # its own supervisor logs, and ends with its own status
        assert errors == said[0] + "\n" and started.returncode == 2


def test_the_database_may_come_late(environment: Environment, tmp_path: Path) -> None:
    with postgres.own_server() as server:
        server.stop()
        env = environment(DATABASE_URL=server.url("postgres"))
        base = f"http://127.0.0.1:{env['PORT']}"
        with process(SERVE, env, tmp_path) as started:
            wait_for(lambda: status(f"{base}/health") == 200)
            assert status(f"{base}/ready") == 503
            server.start()
            wait_for(lambda: status(f"{base}/ready") == 200)
            assert started.poll() is None
            server.stop()
            wait_for(lambda: status(f"{base}/ready") == 503)
            assert status(f"{base}/health") == 200
            server.start()
            wait_for(lambda: status(f"{base}/ready") == 200)
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert all({"timestamp", "level", "message", "module", "request_id"} <= set(line) for line in lines)
    assert any(line["module"].startswith("uvicorn") for line in lines)
    assert (tmp_path / "err").read_text() == ""


def test_migrations_run_once_however_many_start(environment: Environment, empty_database_url: str, tmp_path: Path) -> None:
    # No other secret than the database's: that is all that the migration's Job has.
    secrets: dict[str, str | None] = {"BETTER_AUTH_SECRET": None, "OPENAI_API_KEY": None}
    # All of them wait for this lock, so that they really meet.
    with psycopg.connect(empty_database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        started = [
            subprocess.Popen(MIGRATE, env=environment(DATABASE_URL=empty_database_url, **secrets), cwd=tmp_path, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"  # noqa: E501
        wait_for(lambda: holder.execute(waiting).fetchone() == (4,))
    before = [json.loads(each.communicate()[0].splitlines()[-1])["before"] for each in started]
    assert [each.returncode for each in started] == [0, 0, 0, 0]
    assert sorted(before) == ["current", "current", "current", "empty"]


def test_migrate_gives_up_in_time(environment: Environment, tmp_path: Path) -> None:
    env = environment(DATABASE_URL=f"postgresql://u:hunter2@127.0.0.1:{postgres.free_port()}/todo")
    ended = subprocess.run([*MIGRATE, "--wait", "2"], env=env, cwd=tmp_path, capture_output=True)
    assert ended.returncode == 1
    last = json.loads(ended.stdout.splitlines()[-1])
    assert last["level"] == "ERROR" and last["message"].startswith("no migration within 2 seconds: connection failed")
    assert b"hunter2" not in ended.stdout + ended.stderr and b"Traceback" not in ended.stdout + ended.stderr


def test_a_migration_that_the_database_refuses_fails_at_once(
    environment: Environment, empty_database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE users (id integer)")  # someone else's
    command = [sys.executable, "-m", "src.migrate", "--wait", "300"]
    env = environment(DATABASE_URL=empty_database_url)
    ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, timeout=120)
    (line,) = ended.stdout.splitlines()
    assert ended.returncode == 1 and ended.stderr == b""
    assert 'relation "users" already exists' in json.loads(line)["message"]
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('tasks')").fetchone() == (None,), "half a migration is left"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_lets_a_running_request_finish(environment: Environment, tmp_path: Path, workers: str) -> None:
    env = environment(WEB_CONCURRENCY=workers, DRAIN_SECONDS="4")
    base = f"http://127.0.0.1:{env['PORT']}"
    with process(SERVE, env, tmp_path) as started:
        wait_for(lambda: status(f"{base}/ready") == 200)
        with half_a_registration(env["PORT"]) as finish:
            started.send_signal(signal.SIGTERM)
            wait_for(lambda: status(f"{base}/ready") == 503)
            assert status(f"{base}/health") == 200
            # Past the red phase: the listeners are closed, this request still runs.
            wait_for(lambda: (tmp_path / "out").read_text().count('"Shutting down"') >= int(workers))
            assert started.poll() is None
            assert finish().startswith(b"HTTP/1.1 201")
        assert started.wait(BOOT_SECONDS) == 0
    log = (tmp_path / "out").read_text()
    assert log.count('"stopped"') == int(workers)
    assert "Traceback" not in log + (tmp_path / "err").read_text()


def test_a_request_that_never_ends_does_not_hold_the_process(environment: Environment, tmp_path: Path) -> None:
    env = environment(WEB_CONCURRENCY="1", DRAIN_SECONDS="0", SHUTDOWN_SECONDS="2")
    with process(SERVE, env, tmp_path) as started:
        wait_for(lambda: status(f"http://127.0.0.1:{env['PORT']}/ready") == 200)
        with half_a_registration(env["PORT"]):
            started.send_signal(signal.SIGTERM)
            assert started.wait(BOOT_SECONDS) == 0
