"""Too many attempts to log in: who has to wait, for how long, and who does not."""

import asyncio

import httpx
import psycopg
import pytest

from src import rate_limit
from tests.conftest import make_settings, running, sign_up

pytestmark = pytest.mark.anyio


async def login(client: httpx.AsyncClient, password: str, email: str = "ann@example.com") -> httpx.Response:
    return await client.post("/api/auth/login", json={"email": email, "password": password})


async def test_the_eleventh_attempt_waits_whatever_its_password(client: httpx.AsyncClient, database_url: str) -> None:
    ann = await sign_up(client, "ann@example.com")
    await sign_up(client, "bob@example.com")
    # All at once: the count must not be read and written in two steps.
    answers = await asyncio.gather(*(login(client, "wrong") for _ in range(14)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 4

    refused = await login(client, "correct horse")
    assert refused.status_code == 429 and refused.headers["content-type"] == "application/problem+json"
    assert 290 < int(refused.headers["retry-after"]) <= 300
    assert (await login(client, "correct horse", "bob@example.com")).status_code == 200
    assert (await client.get("/api/auth/me", headers=ann)).status_code == 200

    # Another worker or replica, which shares nothing but the database.
    async with running(make_settings(database_url)) as replica:
        assert (await login(replica, "correct horse", " ANN@example.com ")).status_code == 429

    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE login_attempts SET since = since - interval '6 minutes'")
    assert (await login(client, "correct horse")).status_code == 200


async def test_an_account_that_does_not_exist_is_counted_like_any_other(client: httpx.AsyncClient) -> None:
    statuses = [(await login(client, "wrong", "nobody@example.com")).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_a_success_starts_again_and_leaves_no_row(client: httpx.AsyncClient, database_url: str) -> None:
    await sign_up(client, "ann@example.com")
    for _ in range(2):
        for _ in range(9):
            assert (await login(client, "wrong")).status_code == 401
        assert (await login(client, "correct horse")).status_code == 200
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM login_attempts").fetchone() == (0,)


async def test_old_rows_are_removed(client: httpx.AsyncClient, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO login_attempts SELECT 'old ' || n, 1, now() - interval '1 hour' FROM generate_series(1, 20) n"
        )
    await login(client, "wrong")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM login_attempts").fetchone() == (1,)


def test_an_address_is_a_subscriber() -> None:
    def same(one: str, other: str) -> bool:
        return rate_limit.login_key("ann@example.com", one) == rate_limit.login_key("ann@example.com", other)

    assert same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")
    assert not same("2001:db8:1:2::1", "2001:db8:1:3::1")
    assert same("::ffff:192.0.2.1", "192.0.2.1")
    assert not same("192.0.2.1", "192.0.2.2")
    assert rate_limit.login_key("ann@example.com", "192.0.2.1") != rate_limit.login_key("bob@example.com", "192.0.2.1")
