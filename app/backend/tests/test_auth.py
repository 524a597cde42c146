import time
from datetime import timedelta

import httpx
import jwt
import pytest

from src.models import now
from tests.conftest import SECRET, sign_up

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


async def test_a_failed_login_takes_as_long_for_nobody(client: httpx.AsyncClient) -> None:
    await sign_up(client, "ann@example.com")

    async def fastest(email: str) -> float:
        best = float("inf")
        for _ in range(8):
            started = time.perf_counter()
            answer = await client.post("/api/auth/login", json={"email": email, "password": "wrong"})
            best = min(best, time.perf_counter() - started)
            assert answer.status_code == 401
        return best

    known, unknown = await fastest("ann@example.com"), await fastest("nobody@example.com")
    assert 0.5 < known / unknown < 2


async def test_tokens_that_are_not_ours(client: httpx.AsyncClient) -> None:
    headers = await sign_up(client, "ann@example.com")
    claims = jwt.decode(headers["Authorization"].split()[1], SECRET, algorithms=["HS256"])
    past = {"iat": now() - timedelta(days=8), "exp": now() - timedelta(minutes=2)}
    forged = [
        jwt.encode(claims, "another-secret-0123456789-0123456789-0123", algorithm="HS256"),
        jwt.encode(claims | past, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"sub": "7"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": claims["sub"]}, SECRET, algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        "nonsense",
    ]
    for token in forged:
        answer = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert (await client.get("/api/auth/me")).status_code == 401


async def test_a_refused_registration_does_not_repeat_the_password(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/register", json={"email": "no address", "password": "hunter2"})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"email", "password"}
    assert "hunter2" not in answer.text
