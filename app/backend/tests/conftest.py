import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn

from src import db, schema
from src.api.app import create_app
from src.settings import Settings
from tests import postgres
from tests.fake_model import FakeModel, fake_model

SECRET = "a-secret-for-tests-only-0123456789abcdefghi"
KEY = "not-a-key-0123456789"
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def admin_url() -> Iterator[str]:
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
    else:
        with postgres.own_server() as server:
            yield server.url("postgres")


@pytest.fixture
def empty_database_url(admin_url: str) -> Iterator[str]:
    with postgres.database(admin_url) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(admin_url: str) -> Iterator[str]:
    """The name of a database with the schema and nothing else. A copy of it is made faster than the schema."""
    with postgres.database(admin_url) as url:
        asyncio.run(migrate(url))
        yield postgres.name_of(url)


async def migrate(url: str) -> None:
    engine = db.probe_engine(make_settings(url))
    await schema.upgrade(engine)
    await engine.dispose()


@pytest.fixture
def database_url(admin_url: str, migrated: str) -> Iterator[str]:
    """A database of the test's own, with the schema."""
    with postgres.database(admin_url, template=migrated) as url:
        yield url


def make_settings(database_url: str, **changes: object) -> Settings:
    values = {"database_url": database_url, "better_auth_secret": SECRET} | changes
    return Settings.model_validate(values)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The application within this process, started and, at the end, shut down."""
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app=app)
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://test"))


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The application behind a real socket, ready; the client's base_url says where."""
    config = uvicorn.Config(create_app(settings), port=postgres.free_port(), log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{config.port}", timeout=30) as client:
            while not server.started:
                assert not task.done(), "the server did not start"
                await anyio.sleep(0.02)
            await until_ready(client)
            yield client
    finally:
        server.should_exit = True
        await task


async def until_ready(client: httpx.AsyncClient) -> None:
    with anyio.fail_after(30):
        while (await client.get("/ready")).status_code != 200:
            await anyio.sleep(0.1)


@pytest.fixture
async def client(database_url: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with running(make_settings(database_url)) as opened:
        await until_ready(opened)
        yield opened


async def sign_up(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    """Register; return the headers that act as this user."""
    answer = await client.post("/api/auth/register", json={"email": email, "password": "correct horse"})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture
def environment(database_url: str) -> Callable[..., dict[str, str]]:
    """The whole environment of a process under test."""

    def build(**changes: str | None) -> dict[str, str]:
        values: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": database_url,
            "BETTER_AUTH_SECRET": SECRET,
            "PORT": str(postgres.free_port()),
        }
        values.update(changes)
        return {key: value for key, value in values.items() if value is not None}

    return build


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model() as started:
        yield started


def with_model(database_url: str, model: FakeModel, **changes: object) -> Any:
    return make_settings(database_url, openai_api_key=KEY, openai_base_url=model.url, **changes)


@pytest.fixture
async def http(database_url: str, model: FakeModel, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(with_model(database_url, model, openai_timeout_seconds=0.5)) as client:
        yield client
