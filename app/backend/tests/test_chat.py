"""The chat's answers and its tools, with a scripted model over real sockets."""

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest

from src import chat
from tests.chatting import ask, history
from tests.conftest import KEY, sign_up
from tests.fake_model import FakeModel, Say

pytestmark = pytest.mark.anyio


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
        ("list_tasks", '{"limit": NaN}', "The arguments are not a JSON object."),
        ("list_tasks", '{"limit": [{"a": 1e999}]}', "The arguments are not a JSON object."),
        pytest.param(
            "list_tasks", '{"limit": ' + "[" * 5000 + "]" * 5000 + "}", "The arguments are not a JSON object.", id="nested"
        ),
        ("list\x00_tasks\ud800", {}, "There is no such tool."),
    ],
)
async def test_a_model_may_call_anything(
    http: httpx.AsyncClient, model: FakeModel, name: str, arguments: Any, said: str
) -> None:
    ann = await sign_up(http, "ann@example.com")
    model.script = [Say(calls=[(name, arguments)], ids="\x00\ud800"), Say("Well.\x00")]
    heard = await ask(http, ann)
    assert heard.one("tool_result")["summary"].startswith(said) and heard.text == "Well."
    assert heard.one("tool_call")["id"] == heard.one("tool_result")["id"] == "?_1_0"
    (_, answer), (call,) = await history(http, ann, heard.conversation), model.asked[1]["messages"][-2]["tool_calls"]
    assert answer["text"] == "Well." and not answer["stopped"]
    assert answer["tool_calls"][0]["summary"].startswith(said)
    assert call["id"] == model.asked[1]["messages"][-1]["tool_call_id"] == answer["tool_calls"][0]["id"]


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
