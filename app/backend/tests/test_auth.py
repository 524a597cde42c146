from datetime import timedelta
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from argon2 import PasswordHasher, extract_parameters

from src import tasks
from src.models import Task, now
from tests.conftest import SECRET, make_settings, running, sign_up

pytestmark = pytest.mark.anyio


async def test_register_login_me(client: httpx.AsyncClient) -> None:
    body = {"email": " Ann@Example.com ", "password": "correct horse", "name": "Ann"}
    registered = await client.post("/api/auth/register", json=body)
    assert registered.status_code == 201
    user = registered.json()["user"]
    assert (user["email"], user["name"]) == ("ann@example.com", "Ann")

    again = await client.post("/api/auth/register", json=body)
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"

    signed_in = await client.post("/api/auth/login", json={"email": "ANN@example.com", "password": "correct horse"})
    assert signed_in.status_code == 200
    token = signed_in.json()["token"]
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert claims["sub"] == user["id"] and claims["email"] == "ann@example.com"
    assert claims["exp"] - claims["iat"] == 7 * 24 * 3600
    me = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json() == user


async def test_a_failed_login_takes_as_long_for_nobody(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_up(client, "ann@example.com")
    verify = PasswordHasher.verify
    paid: list[Any] = []

    def pay(hasher: Any, stored: str, password: str) -> Any:
        paid.append(extract_parameters(stored))
        return verify(hasher, stored, password)

    # What takes the time, and not the time: that depends on what else the machine does.
    monkeypatch.setattr(PasswordHasher, "verify", pay)
    for email in ("ann@example.com", "nobody@example.com"):
        assert (await client.post("/api/auth/login", json={"email": email, "password": "wrong"})).status_code == 401
    known, unknown = paid
    assert known == unknown and known.memory_cost == 19 * 1024


async def test_tokens_that_are_not_ours(client: httpx.AsyncClient) -> None:
    headers = await sign_up(client, "ann@example.com")
    claims = jwt.decode(headers["Authorization"].split()[1], SECRET, algorithms=["HS256"])
    past = {"iat": now() - timedelta(days=8), "exp": now() - timedelta(minutes=2)}
    forged = [
        jwt.encode(claims, "another-secret-0123456789-0123456789-0123", algorithm="HS256"),
        jwt.encode(claims | past, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"sub": "7"}, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"jti": "7"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": claims["sub"]}, SECRET, algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        "nonsense",
    ]
    for token in forged:
        answer = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert (await client.get("/api/auth/me")).status_code == 401


async def test_a_rotated_key_ends_no_session(database_url: str) -> None:
    """Each release beside the next, as during its rollout: what one signs, the other has to accept."""
    following = "another-secret-0123456789-0123456789-0123"
    announced = make_settings(database_url, better_auth_secret_also=following)
    rotated = make_settings(database_url, better_auth_secret=following, better_auth_secret_also=SECRET)
    async with running(make_settings(database_url)) as first, running(announced) as second, running(rotated) as third:
        signed_first, signed_second = await sign_up(first, "ann@example.com"), await sign_up(second, "bob@example.com")
        signed_third = await sign_up(third, "eve@example.com")
        for headers, accepting in (
            (signed_first, (first, second, third)),
            (signed_second, (first, second, third)),
            (signed_third, (second, third)),
        ):
            for client in accepting:
                assert (await client.get("/api/auth/me", headers=headers)).status_code == 200
        assert (await first.get("/api/auth/me", headers=signed_third)).status_code == 401, "not announced there"


async def test_a_refused_registration_does_not_repeat_the_password(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/register", json={"email": "no address", "password": "hunter2"})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"email", "password"}
    assert "hunter2" not in answer.text


async def test_an_address_is_measured_as_it_is_stored(client: httpx.AsyncClient) -> None:
    # This character is two in lower case; 121 of them just fit.
    for capitals, status in ((121, 201), (122, 422), (240, 422)):
        body = {"email": "İ" * capitals + "@example.com", "password": "correct horse"}
        answer = await client.post("/api/auth/register", json=body)
        assert answer.status_code == status, capitals
        assert [error["field"] for error in answer.json().get("errors", [])] == (["email"] if status == 422 else [])
        login = await client.post("/api/auth/login", json=body)
        assert login.status_code == (200 if status == 201 else 401), capitals


async def test_clocks_may_be_a_little_apart(client: httpx.AsyncClient) -> None:
    headers = await sign_up(client, "ann@example.com")
    claims = jwt.decode(headers["Authorization"].split()[1], SECRET, algorithms=["HS256"])
    for changes, status in (
        # 30 s, give or take what a busy machine needs for this request.
        ({"exp": now() - timedelta(seconds=20)}, 200),
        ({"iat": now() + timedelta(seconds=29)}, 200),
        ({"exp": now() - timedelta(seconds=31)}, 401),
        ({"iat": now() + timedelta(seconds=40)}, 401),
    ):
        token = jwt.encode(claims | changes, SECRET, algorithm="HS256")
        answer = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, changes


def claims_of(headers: dict[str, str]) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(headers["Authorization"].split()[1], SECRET, algorithms=["HS256"])
    return claims


def signed(claims: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}


async def log_in(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    answer = await client.post("/api/auth/login", json={"email": email, "password": "correct horse"})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_logout_ends_this_token_and_no_other(client: httpx.AsyncClient, database_url: str) -> None:
    ann, bob = await sign_up(client, "ann@example.com"), await sign_up(client, "bob@example.com")
    elsewhere = await log_in(client, "ann@example.com")
    assert claims_of(ann)["jti"] != claims_of(elsewhere)["jti"]

    assert (await client.post("/api/auth/logout")).status_code == 401
    answer = await client.post("/api/auth/logout", headers=ann)
    assert (answer.status_code, answer.content) == (204, b"")
    async with running(make_settings(database_url)) as replica:
        for each in (client, replica):
            assert (await each.get("/api/auth/me", headers=ann)).status_code == 401
            assert (await each.get("/api/auth/me", headers=elsewhere)).status_code == 200
            assert (await each.get("/api/auth/me", headers=bob)).status_code == 200
    for path in ("/api/auth/logout", "/api/auth/logout-everywhere", "/mcp", "/api/chat"):
        answer = await client.post(path, headers=ann, json={"message": "hello"})
        assert answer.status_code == 401, path
    again = await log_in(client, "ann@example.com")
    assert (await client.get("/api/auth/me", headers=again)).status_code == 200


async def test_a_token_without_an_id_lasts_through_the_update_and_can_be_signed_out(client: httpx.AsyncClient) -> None:
    ann, bob = await sign_up(client, "ann@example.com"), await sign_up(client, "bob@example.com")
    same_second = {"iat": 1_700_000_000, "exp": claims_of(ann)["exp"]}
    claims, bobs = claims_of(ann) | same_second, claims_of(bob) | same_second
    del claims["jti"], bobs["jti"]
    earlier, others = signed(claims), [signed(claims | {"iat": claims["iat"] + 1}), signed(bobs), ann]
    for headers in (earlier, *others):
        assert (await client.get("/api/auth/me", headers=headers)).status_code == 200
    assert (await client.post("/api/auth/logout", headers=earlier)).status_code == 204
    assert (await client.get("/api/auth/me", headers=earlier)).status_code == 401
    for headers in others:
        assert (await client.get("/api/auth/me", headers=headers)).status_code == 200


async def test_a_signed_out_token_is_remembered_until_no_clock_takes_it(
    client: httpx.AsyncClient, database_url: str
) -> None:
    ann = await sign_up(client, "ann@example.com")
    old = "INSERT INTO revoked_tokens SELECT gen_random_uuid(), now() - {} FROM generate_series(1, 20)"
    with psycopg.connect(database_url) as connection:
        connection.execute(old.format("interval '50 seconds'"))  # expired, but good where clocks are apart
        connection.execute(old.format("interval '70 seconds'"))
    assert (await client.post("/api/auth/logout", headers=ann)).status_code == 204
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT count(*), extract(epoch FROM max(expires_at)) FROM revoked_tokens").fetchone()
    assert kept == (21, claims_of(ann)["exp"])


async def test_logout_everywhere_ends_all_tokens_of_this_account(client: httpx.AsyncClient) -> None:
    ann, bob = await sign_up(client, "ann@example.com"), await sign_up(client, "bob@example.com")
    claims = claims_of(ann)
    del claims["ver"]
    earlier = signed(claims)
    # A token of the release before, which has no version, lasts through the update.
    assert (await client.get("/api/auth/me", headers=earlier)).status_code == 200

    assert (await client.post("/api/auth/logout-everywhere")).status_code == 401
    assert (await client.post("/api/auth/logout-everywhere", headers=ann)).status_code == 204
    assert (await client.get("/api/auth/me", headers=ann)).status_code == 401
    assert (await client.get("/api/auth/me", headers=earlier)).status_code == 401
    assert (await client.get("/api/auth/me", headers=bob)).status_code == 200
    again = await log_in(client, "ann@example.com")
    assert (await client.get("/api/auth/me", headers=again)).status_code == 200


async def test_a_deleted_account_leaves_nothing(client: httpx.AsyncClient, database_url: str) -> None:
    ann, bob = await sign_up(client, "ann@example.com"), await sign_up(client, "bob@example.com")
    for headers in (ann, bob):
        await client.post("/api/tasks", json={"title": "milk"}, headers=headers)
    assert (await client.delete("/api/auth/me")).status_code == 401
    assert (await client.delete("/api/auth/me", headers=ann)).status_code == 204
    for method, url in (("GET", "/api/auth/me"), ("GET", "/api/tasks"), ("DELETE", "/api/auth/me")):
        assert (await client.request(method, url, headers=ann)).status_code == 401
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT email FROM users").fetchall() == [("bob@example.com",)]
        assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
    await sign_up(client, "ann@example.com")  # the address is free again


async def test_an_account_deleted_meanwhile_is_not_signed_in(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    ann = await sign_up(client, "ann@example.com")
    add = tasks.add

    async def add_late(*arguments: Any) -> Task:
        with psycopg.connect(database_url) as connection:
            connection.execute("DELETE FROM users")
        return await add(*arguments)

    monkeypatch.setattr("src.tasks.add", add_late)
    assert (await client.post("/api/tasks", json={"title": "milk"}, headers=ann)).status_code == 401
