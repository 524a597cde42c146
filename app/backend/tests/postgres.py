"""A PostgreSQL server for the tests: the one TEST_DATABASE_URL names, or a throw-away one from the local packages."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _binaries() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return folder
    raise RuntimeError("no PostgreSQL here: install postgresql, or set TEST_DATABASE_URL to an empty server's database")


class Server:
    """Can be stopped and started again, as a database that comes late does."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self._data = data
        self._bin = _binaries()
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(data, self._user)
        data.chmod(0o700)
        # The locale named: the environment may have one in which an Ë has no lower case.
        locale = ("--encoding", "UTF8", "--locale", "C.UTF-8")
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync", *locale)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = f"-p {self.port} -k {self._data} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        # No pipes: the server would inherit them, and waiting for their end would be waiting for the server's.
        subprocess.run(
            [str(self._bin / program), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=pwd.getpwnam(self._user).pw_uid if self._user else None,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
        )


@contextmanager
def own_server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="todo-pg-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        Path(folder).chmod(0o755)
        server = Server(data)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def database(admin_url: str, template: str = "template1") -> Iterator[str]:
    """A database beside the one in admin_url, for as long as it is needed; its URL."""
    name = f"test_{uuid4().hex[:12]}"
    head, _, tail = admin_url.partition("://")
    address, _, rest = tail.partition("/")
    query = rest.partition("?")[2]
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield f"{head}://{address}/{name}" + (f"?{query}" if query else "")
    finally:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def name_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[2].partition("?")[0]
