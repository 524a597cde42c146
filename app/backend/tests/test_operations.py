"""Probes, errors and logs, within one process."""

import json
import logging

import httpx
import psycopg
import pytest

from src.logs import JsonFormatter
from tests import postgres
from tests.conftest import make_settings, running, sign_up, until_ready

pytestmark = pytest.mark.anyio


async def test_without_a_database_it_lives_but_is_not_ready() -> None:
    async with running(make_settings(f"postgresql://u:hunter2@127.0.0.1:{postgres.free_port()}/todo")) as client:
        assert (await client.get("/health")).json() == {"status": "healthy"}
        answer = await client.get("/ready")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reason"] == "the database is not reachable"
        login = await client.post("/api/auth/login", json={"email": "a@example.com", "password": "correct horse"})
        assert login.status_code == 503 and login.headers["retry-after"]
        assert "127.0.0.1" not in login.text and "psycopg" not in login.text


async def test_an_empty_schema_is_not_ready_and_a_lost_one_is_made_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.readiness.REUSE_SECONDS", 0)
    async with running(make_settings(empty_database_url, migrate_on_start=False)) as client:
        assert (await client.get("/ready")).json()["reason"] == "the database schema is not migrated"
        login = await client.post("/api/auth/login", json={"email": "a@example.com", "password": "correct horse"})
        assert login.status_code == 503
    async with running(make_settings(empty_database_url)) as client:
        await until_ready(client)
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        assert (await client.get("/ready")).status_code == 503
        await until_ready(client)
        await sign_up(client, "ann@example.com")


async def test_a_newer_schema_is_served(database_url: str) -> None:
    async with running(make_settings(database_url)) as client:
        await until_ready(client)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    async with running(make_settings(database_url)) as client:
        assert (await client.get("/ready")).status_code == 200


async def test_errors_are_problems_and_carry_the_request_id(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "abc-1"
    forged = await client.get("/nowhere", headers={"X-Request-Id": 'a" injected'})
    assert len(forged.headers["x-request-id"]) == 32
    large = await client.post("/api/auth/login", content=b"x" * (1024 * 1024 + 1))
    assert large.status_code == 413


async def test_an_unexpected_error_shows_nothing(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("src.security.Tokens.read", explode)
    headers = {"Authorization": "Bearer x", "Origin": "http://localhost:3000"}
    answer = await client.get("/api/tasks", headers=headers)
    assert answer.status_code == 500 and answer.json()["title"] == "Internal Server Error"
    assert "hunter2" not in answer.text
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


async def test_cors_answers_the_origins_it_was_given(client: httpx.AsyncClient) -> None:
    ask = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    known = await client.options("/api/tasks", headers=ask | {"Origin": "http://localhost:3000"})
    assert known.headers["access-control-allow-origin"] == "http://localhost:3000"
    stranger = await client.options("/api/tasks", headers=ask | {"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers


@pytest.mark.parametrize(("front", "header"), [("https://todo.test", "max-age=31536000"), ("http://localhost:3000", None)])
async def test_https_once_is_https_ever_after(database_url: str, front: str, header: str | None) -> None:
    async with running(make_settings(database_url, frontend_url=front)) as client:
        for path in ("/health", "/nowhere"):
            assert (await client.get(path)).headers.get("strict-transport-security") == header


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-will-be-like", TRACE),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", None),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        ('00-" injected', None),
        ("", None),
    ],
)
async def test_the_log_has_the_callers_trace_id(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, traceparent: str, expected: str | None
) -> None:
    seen: list[object] = []

    def note(record: logging.LogRecord) -> bool:
        seen.append(json.loads(JsonFormatter().format(record))["trace_id"])  # now: it ends with the request
        return True

    caplog.handler.addFilter(note)
    with caplog.at_level(logging.INFO, logger="src.api.requests"):
        await client.get("/nowhere", headers={"traceparent": traceparent})
    assert seen[-1] == expected


def test_log_lines_are_json_without_secrets() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    message = f"Authorization: Bearer {token} for postgresql://u:hunter2@h/d password=hunter2"
    record = logging.LogRecord("a.b", logging.INFO, "f", 1, message, (), None)
    record.data = {"also": token}
    line = json.loads(JsonFormatter().format(record))
    assert {"timestamp", "level", "message", "module", "request_id", "trace_id", "also"} == set(line)
    assert "hunter2" not in line["message"] and "eyJ" not in json.dumps(line)
