"""What is kept of the chat, and whose it is."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from sqlmodel import select

from src import conversations, db, prompt
from src.models import User
from tests.chatting import ask, asking, history, read
from tests.conftest import KEY, make_settings, sign_up
from tests.fake_model import FakeModel, Say
from tests.test_process import process, status, wait_for

pytestmark = pytest.mark.anyio


async def test_conversations_are_ones_own(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann, bob = await sign_up(http, "ann@example.com"), await sign_up(http, "bob@example.com")
    older = (await ask(http, ann, "older")).conversation
    newer = (await ask(http, ann, "x" * 70)).conversation
    await ask(http, ann, "again", conversation_id=older)
    listed = (await http.get("/api/conversations", headers=ann)).json()
    assert [item["id"] for item in listed["items"]] == [older, newer] and listed["total"] == 2
    assert listed["items"][1]["title"] == "x" * 59 + "…"
    page = (await http.get("/api/conversations?limit=1&offset=1", headers=ann)).json()
    assert [item["id"] for item in page["items"]] == [newer] and page["total"] == 2

    assert (await http.get("/api/conversations", headers=bob)).json() == {"items": [], "total": 0}
    for method, path, body in (
        ("GET", f"/api/conversations/{older}", None),
        ("DELETE", f"/api/conversations/{older}", None),
        ("POST", "/api/chat", {"message": "mine", "conversation_id": older}),
        ("POST", "/api/chat", {"retry": True, "conversation_id": older}),
        ("POST", "/api/chat", {"message": "mine", "conversation_id": str(uuid4())}),
    ):
        answer = await http.request(method, path, json=body, headers=bob)
        assert (answer.status_code, answer.json()["detail"]) == (404, "You have no such conversation."), path
        assert (await http.request(method, path, json=body)).status_code == 401
    assert len(await history(http, ann, older)) == 4

    assert (await http.delete(f"/api/conversations/{older}", headers=ann)).status_code == 204
    assert (await http.get(f"/api/conversations/{older}", headers=ann)).status_code == 404


async def fill(http: httpx.AsyncClient, headers: dict[str, str], database_url: str, questions: int) -> str:
    """A conversation with so many more questions and answers, each with two tool calls whose results are long."""
    conversation = (await ask(http, headers, "hello")).conversation
    calls = [
        {"id": str(n), "name": "list_tasks", "arguments": {}, "ok": True, "summary": f"call {n}", "result": "x" * 5000, "round": n}
        for n in range(2)
    ]
    values = {"conversation": conversation, "calls": json.dumps(calls)}
    with psycopg.connect(database_url) as connection:
        for number in range(questions):
            question = connection.execute(
                "INSERT INTO messages (id, conversation_id, role, text, stopped, created_at)"
                " VALUES (gen_random_uuid(), %(conversation)s, 'user', %(text)s, false, now()) RETURNING id",
                values | {"text": f"question {number}"},
            ).fetchone()
            assert question is not None
            connection.execute(
                "INSERT INTO messages (id, conversation_id, role, answers, text, stopped, tool_calls, created_at)"
                " VALUES (gen_random_uuid(), %(conversation)s, 'assistant', %(question)s, %(text)s, false, %(calls)s, now())",
                values | {"question": question[0], "text": f"answer {number}"},
            )
    return conversation


async def test_a_long_conversation_costs_a_question_and_a_reader_what_they_use(
    http: httpx.AsyncClient, database_url: str
) -> None:
    ann = await sign_up(http, "ann@example.com")
    conversation = await fill(http, ann, database_url, 260)
    engine = db.probe_engine(make_settings(database_url))
    async with db.session_factory(engine)() as session:
        user_id = (await session.exec(select(User.id))).one()
        turn = await conversations.ask(session, user_id, UUID(conversation), "and now?")
        read = await conversations.shown(session, UUID(conversation))
    await engine.dispose()

    assert turn is not None
    told = [message.text for message in turn.history]
    assert told[-3:] == ["question 259", "answer 259", "and now?"]
    assert len(told) == prompt.MAX_HISTORY, "no more than the model is shown"
    assert turn.history[-2].tool_calls[1]["result"] == "x" * 5000

    assert len(read) == conversations.MAX_SHOWN and "xxx" not in str(read), "results are for the model, not for the reader"
    messages = await history(http, ann, conversation)
    assert [(message["role"], message["text"]) for message in messages[-3:]] == [
        ("user", "question 259"), ("assistant", "answer 259"), ("user", "and now?"),
    ]  # fmt: skip
    assert [call["summary"] for call in messages[-2]["tool_calls"]] == ["call 0", "call 1"]
    assert messages[-1]["tool_calls"] == []


async def test_a_deleted_account_takes_its_conversations_along(
    http: httpx.AsyncClient, model: FakeModel, database_url: str
) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [Say("Well,", hang=True)]
    async with asking(http, ann, message="hello") as answer:
        await read(answer, lambda heard: heard.text != "")
        assert (await http.delete("/api/auth/me", headers=ann)).status_code == 204
        model.go.set()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (0,)


async def test_another_replica_continues_and_a_stop_of_the_process_keeps_what_was_said(
    http: httpx.AsyncClient, model: FakeModel, environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    ann = await sign_up(http, "ann@example.com")
    assert (await http.get("/api/chat/status")).json() == {"configured": True}
    model.script = [Say("Noted.")]
    conversation = (await ask(http, ann, "My name is Ann.")).conversation

    env = environment(
        OPENAI_API_KEY=KEY, OPENAI_BASE_URL=model.url, WEB_CONCURRENCY="1", DRAIN_SECONDS="0", SHUTDOWN_SECONDS="1"
    )
    base = f"http://127.0.0.1:{env['PORT']}"
    with process([sys.executable, "-m", "src.serve"], env, tmp_path) as replica:
        await asyncio.to_thread(wait_for, lambda: status(f"{base}/ready") == 200)
        model.script = [Say("You are Ann.", hang=True)]
        async with httpx.AsyncClient(base_url=base, timeout=30) as other:
            async with asking(other, ann, message="Who am I?", conversation_id=conversation) as answer:
                await read(answer, lambda heard: heard.text == "You are Ann.")
                replica.terminate()
                await asyncio.to_thread(replica.wait, 20)
    assert replica.returncode == 0
    told = [message["content"] for message in model.asked[-1]["messages"][1:]]
    assert told == ["My name is Ann.", "Noted.", "Who am I?"]
    messages = await history(http, ann, conversation)
    assert [(message["text"], message["stopped"]) for message in messages[2:]] == [("Who am I?", False), ("You are Ann.", True)]
    log = (tmp_path / "out").read_text() + (tmp_path / "err").read_text()
    assert KEY not in log and ann["Authorization"].split()[1] not in log and "Traceback" not in log
