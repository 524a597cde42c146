"""The MCP server, asked over real HTTP by the official client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client
from prometheus_client import generate_latest

from src import metrics, tools
from tests.conftest import make_settings, serving, sign_up

pytestmark = pytest.mark.anyio

NAMES = ["add_task", "list_tasks", "complete_task", "update_task", "delete_task"]
NO_TASK = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def http(database_url: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(make_settings(database_url)) as client:
        yield client


@asynccontextmanager
async def session(http: httpx.AsyncClient, headers: dict[str, str]) -> AsyncIterator[ClientSession]:
    async with (
        httpx.AsyncClient(headers=headers) as client,
        streamable_http_client(f"{http.base_url}/mcp", http_client=client) as (read, write, _),
        ClientSession(read, write) as opened,
    ):
        initialized = await opened.initialize()
        assert initialized.serverInfo.name == "todo"
        yield opened


async def ok(session: ClientSession, name: str, **arguments: Any) -> dict[str, Any]:
    """The result; the client has checked it against the tool's output schema."""
    result = await session.call_tool(name, arguments)
    assert not result.isError and result.structuredContent is not None, result
    (text,) = result.content
    # For clients that do not know structured results.
    assert isinstance(text, types.TextContent) and json.loads(text.text) == result.structuredContent
    return result.structuredContent


async def refused(session: ClientSession, name: str, **arguments: Any) -> str:
    result = await session.call_tool(name, arguments)
    (text,) = result.content
    assert result.isError and isinstance(text, types.TextContent), result
    return text.text


async def test_the_tools_work_on_the_same_tasks_as_the_api(http: httpx.AsyncClient) -> None:
    ann = await sign_up(http, "ann@example.com")
    async with session(http, ann) as mcp:
        listed = (await mcp.list_tools()).tools
        assert [tool.name for tool in listed] == NAMES
        assert all(tool.inputSchema["additionalProperties"] is False for tool in listed)
        assert [tool.name for tool in listed if tool.annotations and tool.annotations.readOnlyHint] == ["list_tasks"]

        milk = await ok(mcp, "add_task", title=" Buy milk ", tags=["Home"], due_date="2026-11-30")
        assert (milk["title"], milk["tags"], milk["done"]) == ("Buy milk", ["home"], False)
        assert (await http.get(f"/api/tasks/{milk['id']}", headers=ann)).json() == milk

        done = await ok(mcp, "complete_task", id=milk["id"])
        assert done["done"] is True and done["due_date"] == "2026-11-30"
        changed = await ok(mcp, "update_task", id=milk["id"], title="Buy oat milk", due_date=None, done=False)
        assert (changed["title"], changed["due_date"], changed["tags"]) == ("Buy oat milk", None, ["home"])

        await ok(mcp, "add_task", title="Call Zoe", priority="high")
        found = await ok(mcp, "list_tasks", q="OAT")
        assert found == {"items": [changed], "total": 1}
        assert [task["title"] for task in (await ok(mcp, "list_tasks", limit=1))["items"]] == ["Call Zoe"]

        assert await ok(mcp, "delete_task", id=milk["id"]) == changed
        assert (await http.get(f"/api/tasks/{milk['id']}", headers=ann)).status_code == 404


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("add_task", {}, "title: Field required"),
        ("add_task", {"title": " "}, "title: String should have at least 1 character"),
        ("add_task", {"title": "x", "due": "2026-11-30"}, "due: Extra inputs are not permitted"),
        ("add_task", {"title": "x", "due_date": "tomorrow"}, "due_date: must be a day such as 2026-11-30"),
        ("add_task", {"title": "x", "tags": ["home", ""]}, "tags.1: must have 1 to 40 characters"),
        ("list_tasks", {"limit": 101}, "limit: Input should be less than or equal to 100"),
        ("list_tasks", {"user_id": NO_TASK}, "user_id: Extra inputs are not permitted"),
        ("complete_task", {"id": "7"}, "id: Input should be a valid UUID"),
        ("complete_task", {"id": NO_TASK}, tools.NO_SUCH_TASK),
        ("update_task", {"id": NO_TASK}, "Nothing to change: name at least one field besides the id."),
        ("update_task", {"id": NO_TASK, "title": None}, "title: must not be null; leave it out to keep it"),
        ("update_task", {"id": NO_TASK, "title": "x"}, tools.NO_SUCH_TASK),
        ("delete_task", {"id": NO_TASK}, tools.NO_SUCH_TASK),
        ("drop_table", {}, "There is no such tool. There are add_task, list_tasks,"),
    ],
)
async def test_errors_say_what_is_wrong(
    http: httpx.AsyncClient, name: str, arguments: dict[str, Any], said: str
) -> None:
    ann = await sign_up(http, "ann@example.com")
    async with session(http, ann) as mcp:
        assert (await refused(mcp, name, **arguments)).startswith(said)


async def test_another_users_task_is_a_task_that_does_not_exist(http: httpx.AsyncClient) -> None:
    ann, bob = await sign_up(http, "ann@example.com"), await sign_up(http, "bob@example.com")
    async with session(http, ann) as anns, session(http, bob) as bobs:
        # Both at once, again and again: whatever is shared between requests would show here.
        both = [ok(one, "add_task", title=name) for _ in range(10) for one, name in ((anns, "Ann's"), (bobs, "Bob's"))]
        added = await asyncio.gather(*both)
        for mcp, name in ((anns, "Ann's"), (bobs, "Bob's")):
            assert [task["title"] for task in (await ok(mcp, "list_tasks"))["items"]] == [name] * 10
        theirs = next(task["id"] for task in added if task["title"] == "Ann's")
        for tool, more in (("complete_task", {}), ("update_task", {"title": "mine"}), ("delete_task", {})):
            assert await refused(bobs, tool, id=theirs, **more) == tools.NO_SUCH_TASK
        assert (await http.get(f"/api/tasks/{theirs}", headers=ann)).json()["title"] == "Ann's"


async def test_any_replica_answers_any_request_of_a_session(http: httpx.AsyncClient, database_url: str) -> None:
    ann = await sign_up(http, "ann@example.com")
    headers = ann | {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    call = {"name": "add_task", "arguments": {"title": "milk"}}
    async with session(http, ann), serving(make_settings(database_url)) as replica:
        # This replica has seen no initialize.
        answer = await replica.post(
            "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}, headers=headers
        )
        assert answer.status_code == 200 and "mcp-session-id" not in answer.headers
        assert answer.json()["result"]["structuredContent"]["title"] == "milk"


async def test_the_bearer_token_decides(http: httpx.AsyncClient) -> None:
    ann = await sign_up(http, "ann@example.com")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"Accept": "application/json"}
    assert (await http.post("/mcp", json=ping, headers=headers | ann)).json()["result"] == {}
    for wrong in ({}, {"Authorization": "Bearer x"}, {"Authorization": ann["Authorization"].replace("Bearer", "Basic")}):
        answer = await http.post("/mcp", json=ping, headers=headers | wrong)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
    await http.post("/api/auth/logout-everywhere", headers=ann)
    assert (await http.post("/mcp", json=ping, headers=headers | ann)).status_code == 401


async def test_only_post_and_not_too_large(http: httpx.AsyncClient) -> None:
    ann = await sign_up(http, "ann@example.com")
    for method in ("GET", "DELETE"):
        answer = await http.request(method, "/mcp", headers=ann)
        assert answer.status_code == 405 and answer.headers["allow"] == "POST"
    large = await http.post("/mcp", content=b" " * (1024 * 1024 + 1), headers=ann)
    assert large.status_code == 413
    assert 'route="/mcp",status="413"' in generate_latest(metrics.registry).decode()


async def test_a_database_that_is_away_is_a_tool_error_without_details(
    http: httpx.AsyncClient, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await sign_up(http, "ann@example.com")
    async with session(http, ann) as mcp:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("ALTER TABLE tasks RENAME TO tasks_away")
        assert await refused(mcp, "list_tasks") == "The database is not available. Try again in a moment."

        async def explode(*_: object) -> None:
            raise RuntimeError("hunter2")

        monkeypatch.setattr("src.tasks.find", explode)
        assert await refused(mcp, "list_tasks") == "Something went wrong here. The log says what."
        assert "a tool failed" in caplog.text
