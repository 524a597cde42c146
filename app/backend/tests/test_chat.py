"""The chat, with a scripted model over real sockets."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import httpx
import psycopg
import pytest

from src import chat, metrics, rate_limit
from src.breaker import Breaker
from tests.conftest import make_settings, serving, sign_up
from tests.fake_model import FakeModel, Say, fake_model
from tests.test_process import process, status, wait_for

pytestmark = pytest.mark.anyio

KEY = "not-a-key-0123456789"


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


@dataclass
class Heard:
    """A stream: its events, and the same taken apart."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    comments: int = 0

    def all(self, name: str) -> list[dict[str, Any]]:
        return [data for each, data in self.events if each == name]

    def one(self, name: str) -> dict[str, Any]:
        (data,) = self.all(name)
        return data

    @property
    def text(self) -> str:
        return "".join(data["text"] for data in self.all("delta"))

    @property
    def conversation(self) -> str:
        assert self.events[0][0] == "conversation"
        return str(self.one("conversation")["id"])


async def read(answer: httpx.Response, until: Callable[[Heard], bool] = lambda _: False) -> Heard:
    heard = Heard()
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            heard.comments += 1
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            heard.events.append((name, json.loads(line.removeprefix("data: "))))
        if until(heard):
            break
    return heard


@asynccontextmanager
async def asking(http: httpx.AsyncClient, headers: dict[str, str], **body: object) -> AsyncIterator[httpx.Response]:
    async with http.stream("POST", "/api/chat", json=body, headers=headers) as answer:
        yield answer


async def ask(http: httpx.AsyncClient, headers: dict[str, str], message: str = "hello", **body: object) -> Heard:
    if "retry" not in body:
        body["message"] = message
    async with asking(http, headers, **body) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        heard = await read(answer)
    assert heard.events[-1][0] in ("done", "error") and len(heard.all("done") + heard.all("error")) == 1
    return heard


async def history(http: httpx.AsyncClient, headers: dict[str, str], conversation: str) -> list[dict[str, Any]]:
    answer = await http.get(f"/api/conversations/{conversation}", headers=headers)
    assert answer.status_code == 200, answer.text
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


async def test_an_answer_comes_in_pieces_and_is_kept(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [Say("You have nothing to do.")]
    heard = await ask(http, ann, "  What is   to do?  ")
    assert [name for name, _ in heard.events] == ["conversation", *["delta"] * 4, "done"]
    assert heard.text == "You have nothing to do." and heard.one("conversation")["title"] == "What is to do?"

    question, answer = await history(http, ann, heard.conversation)
    assert (question["role"], question["text"], question["tool_calls"]) == ("user", "What is   to do?", [])
    assert answer == {
        "id": heard.one("done")["message_id"],
        "role": "assistant",
        "text": "You have nothing to do.",
        "stopped": False,
        "created_at": answer["created_at"],
        "tool_calls": [],
    }
    assert model.keys == {KEY}
    asked = model.asked[0]
    assert asked["stream"] is True and asked["messages"][0]["role"] == "system"
    assert asked["messages"][1:] == [{"role": "user", "content": "What is   to do?"}]


async def test_the_model_is_offered_the_tools_of_mcp(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann = await sign_up(http, "ann@example.com")
    await ask(http, ann)
    ask_mcp = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    listed = await http.post("/mcp", json=ask_mcp, headers=ann | {"Accept": "application/json"})
    offered = [
        {"name": tool["name"], "description": tool["description"], "parameters": tool["inputSchema"]}
        for tool in listed.json()["result"]["tools"]
    ]
    assert [tool["function"] for tool in model.asked[0]["tools"]] == offered and len(offered) == 5


async def test_tools_are_called_round_after_round(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann, bob = await sign_up(http, "ann@example.com"), await sign_up(http, "bob@example.com")

    def complete_first(messages: list[dict[str, Any]]) -> Say:
        added = json.loads(messages[-2]["content"])
        return Say(calls=[("complete_task", {"id": added["id"]})])

    model.script = [
        Say("Let me see.", calls=[("add_task", {"title": "Buy milk"}), ("add_task", {"title": ""})]),
        complete_first,
        Say("Added and done."),
    ]
    heard = await ask(http, ann, "add buy milk, and complete it")
    assert [name for name, _ in heard.events if name != "delta"] == [
        "conversation", *["tool_call", "tool_result"] * 3, "done",
    ]  # fmt: skip
    assert heard.all("tool_call")[0] == {"id": "call_1_0", "name": "add_task", "arguments": {"title": "Buy milk"}}
    results = [(result["ok"], result["summary"]) for result in heard.all("tool_result")]
    assert results == [
        (True, "Added “Buy milk”"),
        (False, "title: String should have at least 1 character"),
        (True, "Completed “Buy milk”"),
    ]
    assert heard.text == "Let me see.\n\nAdded and done."
    (task,) = (await http.get("/api/tasks", headers=ann)).json()["items"]
    assert (task["title"], task["done"]) == ("Buy milk", True)
    assert (await http.get("/api/tasks", headers=bob)).json()["total"] == 0

    _, answer = await history(http, ann, heard.conversation)
    assert answer["text"] == heard.text and answer["stopped"] is False
    shown = [{"id", "name", "arguments", "ok", "summary"}] * 3
    assert [set(call) for call in answer["tool_calls"]] == shown

    # What was done is still known to the model when the conversation goes on.
    model.script = [Say("Yes.")]
    await ask(http, ann, "really?", conversation_id=heard.conversation)
    roles = [message["role"] for message in model.asked[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "assistant", "tool", "assistant", "user"]
    told = json.dumps(model.asked[-1]["messages"], ensure_ascii=False)
    assert task["id"] in told and "Let me see." in told


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("drop_table", {}, "There is no such tool."),
        ("add_task", '{"title": ', "The arguments are not a JSON object."),
        ("add_task", "[]", "The arguments are not a JSON object."),
        ("add_task", '{"title": "a\\u0000\\ud800b"}', "Added “a?b”"),
    ],
)
async def test_a_model_may_call_anything(
    http: httpx.AsyncClient, model: FakeModel, name: str, arguments: Any, said: str
) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [Say(calls=[(name, arguments)]), Say("Well.\x00")]
    heard = await ask(http, ann)
    assert heard.one("tool_result")["summary"].startswith(said) and heard.text == "Well."
    assert (await history(http, ann, heard.conversation))[1]["tool_calls"][0]["summary"].startswith(said)


async def test_a_model_that_calls_tools_for_ever_is_ended(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [Say(calls=[("list_tasks", {})] * 6)]
    heard = await ask(http, ann)
    assert (heard.one("error")["status"], len(model.asked)) == (502, chat.MAX_ROUNDS + 1)
    assert [asked["tool_choice"] for asked in model.asked] == ["auto"] * chat.MAX_ROUNDS + ["none"]
    summaries = [result["summary"] for result in heard.all("tool_result")]
    assert summaries == ["Found 0 tasks"] * chat.MAX_CALLS + [chat.TOO_MANY_CALLS] * (48 - chat.MAX_CALLS)
    assert (await history(http, ann, heard.conversation))[1]["stopped"] is True


@pytest.mark.parametrize(
    ("said", "status", "times"),
    [
        (Say(status=401), 503, 1),
        (Say(status=429), 503, 2),
        (Say(status=500), 502, 2),
        (Say(status=400), 502, 1),
        (Say("Half an ans", hang=True), 504, 1),
        (Say("Half an ans", cut=True), 502, 1),
        (Say(""), 502, 1),
    ],
)
async def test_what_goes_wrong_is_said_without_details(
    http: httpx.AsyncClient, model: FakeModel, caplog: pytest.LogCaptureFixture, said: Say, status: int, times: int
) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [said]
    with caplog.at_level(logging.DEBUG, logger="src"):
        heard = await ask(http, ann)
    error = heard.one("error")
    assert set(error) == {"title", "status", "detail"} and error["status"] == status and len(model.asked) == times
    for shown in (json.dumps(heard.events), caplog.text):
        assert KEY not in shown and "hunter2" not in shown and "Traceback" not in shown
    # What was said is kept as not finished; a question without any answer can be asked again.
    messages = await history(http, ann, heard.conversation)
    assert [(message["text"], message["stopped"]) for message in messages[1:]] == ([(said.text, True)] if said.text else [])
    model.script = [Say("Now it works.")]
    again = await ask(http, ann, conversation_id=heard.conversation, retry=True)
    assert [message["text"] for message in await history(http, ann, again.conversation)] == ["hello", "Now it works."]


async def test_retry_replaces_the_last_answer_only(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [Say("One."), Say("Two."), Say("Three.")]
    first = await ask(http, ann, "first")
    await ask(http, ann, "second", conversation_id=first.conversation)
    heard = await ask(http, ann, conversation_id=first.conversation, retry=True)
    assert heard.text == "Three."
    assert [message.get("content") for message in model.asked[-1]["messages"][1:]] == ["first", "One.", "second"]
    messages = await history(http, ann, first.conversation)
    assert [message["text"] for message in messages] == ["first", "One.", "second", "Three."]


async def test_questions_asked_at_once_keep_their_own_answers(http: httpx.AsyncClient, model: FakeModel) -> None:
    ann = await sign_up(http, "ann@example.com")
    conversation = (await ask(http, ann, "zero")).conversation

    def repeat(messages: list[dict[str, Any]]) -> Say:
        return Say(f"You said {messages[-1]['content']}.")

    model.script = [repeat]
    names = ["one", "two", "three", "four"]
    await asyncio.gather(*(ask(http, ann, name, conversation_id=conversation) for name in names))
    texts = [message["text"] for message in await history(http, ann, conversation)][2:]
    assert sorted(texts[::2]) == sorted(names)
    assert texts[1::2] == [f"You said {text}." for text in texts[::2]]


async def test_a_client_that_leaves_stops_the_model(database_url: str, model: FakeModel) -> None:
    # With the usual time limits: within this test, nothing but the client's leaving ends the answer.
    async with serving(with_model(database_url, model)) as http:
        ann = await sign_up(http, "ann@example.com")
        model.script = [Say(calls=[("add_task", {"title": "milk"})]), Say("I added it, and", hang=True)]
        async with asking(http, ann, message="add milk") as answer:
            heard = await read(answer, lambda heard: heard.text == "I added it, and")
        assert await asyncio.to_thread(model.hung_up.wait, 10)
        with anyio.fail_after(10):
            while (messages := await history(http, ann, heard.conversation))[1]["text"] == "":
                await anyio.sleep(0.05)
        assert (messages[1]["text"], messages[1]["stopped"]) == ("I added it, and", True)
        assert messages[1]["tool_calls"][0]["summary"] == "Added “milk”"


async def test_a_long_silence_is_filled_with_comments(
    database_url: str, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.api.sse.KEEP_ALIVE_SECONDS", 0.1)
    async with serving(with_model(database_url, model)) as http:
        ann = await sign_up(http, "ann@example.com")
        model.script = [Say("Well, well.", hang=True)]

        def go_on_after_three(heard: Heard) -> bool:
            if heard.comments == 3:
                model.go.set()
            return False

        async with asking(http, ann, message="hello") as answer:
            heard = await read(answer, go_on_after_three)
        assert heard.text == "Well, well." and heard.events[-1][0] == "done"


async def test_a_whole_answer_has_a_time_limit(database_url: str, model: FakeModel) -> None:
    async with serving(with_model(database_url, model, chat_timeout_seconds=0.5)) as http:
        ann = await sign_up(http, "ann@example.com")
        model.script = [Say("Well,", hang=True)]
        assert (await ask(http, ann)).one("error")["status"] == 504


def circuit_open() -> float | None:
    return metrics.registry.get_sample_value("model_circuit_open")


def calls_of_the_model() -> float:
    return metrics.registry.get_sample_value("model_call_duration_seconds_count", {"outcome": "ok"}) or 0


async def test_the_circuit_opens_and_closes(
    database_url: str, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.model.Breaker", partial(Breaker, failures=2, seconds=1.5))
    async with serving(with_model(database_url, model)) as http:
        ann = await sign_up(http, "ann@example.com")
        model.script = [Say(status=500)]
        for _ in range(2):
            assert (await ask(http, ann)).one("error")["status"] == 502
        asked = len(model.asked)
        async with asking(http, ann, message="hello") as answer:
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) <= 2
            assert answer.headers["content-type"] == "application/problem+json"
        assert len(model.asked) == asked, "the model is left alone"
        total = (await http.get("/api/conversations", headers=ann)).json()["total"]
        assert total == 2, "a question that is refused is not kept"
        assert circuit_open() == 1
        model.script = [Say("I am back.")]
        await anyio.sleep(1.6)
        before = calls_of_the_model()
        assert (await ask(http, ann)).text == "I am back."
        assert circuit_open() == 0
        assert (await ask(http, ann)).text == "I am back."
        assert calls_of_the_model() == before + 2


async def test_a_key_that_is_refused_is_no_reason_to_open_the_circuit(
    database_url: str, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.model.Breaker", partial(Breaker, failures=1))
    async with serving(with_model(database_url, model)) as http:
        ann = await sign_up(http, "ann@example.com")
        model.script = [Say(status=401), Say("Hello.")]
        assert (await ask(http, ann)).one("error")["detail"] == "OPENAI_API_KEY was refused by the model's provider."
        assert (await ask(http, ann)).text == "Hello."


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


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "  "},
        {"message": "x" * 4001},
        {"message": "nul\x00"},
        {"retry": True},
        {"retry": True, "conversation_id": str(uuid4()), "message": "hello"},
        {"message": "hello", "conversation_id": "7"},
    ],
)
async def test_questions_that_are_refused(http: httpx.AsyncClient, body: dict[str, object]) -> None:
    ann = await sign_up(http, "ann@example.com")
    answer = await http.post("/api/chat", json=body, headers=ann)
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"


async def test_too_many_messages_have_to_wait(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, model: FakeModel
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_CHATS", 2)
    ann, bob = await sign_up(http, "ann@example.com"), await sign_up(http, "bob@example.com")
    for _ in range(2):
        await ask(http, ann)
    answer = await http.post("/api/chat", json={"message": "hello"}, headers=ann)
    assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= 300
    assert (await ask(http, bob)).text == "Hello."
    assert len(model.asked) == 3


async def test_without_a_key_it_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/chat/status")).json() == {"configured": False, "reason": "OPENAI_API_KEY is not set"}
    ann = await sign_up(client, "ann@example.com")
    answer = await client.post("/api/chat", json={"message": "hello"}, headers=ann)
    assert (answer.status_code, answer.json()["detail"]) == (503, "OPENAI_API_KEY is not set")
    assert (await client.post("/api/chat", json={"message": "hello"})).status_code == 401
    assert (await client.get("/api/conversations", headers=ann)).json() == {"items": [], "total": 0}


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
