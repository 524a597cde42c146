"""What ends a chat's answer, or keeps it from beginning."""

import asyncio
from functools import partial
from uuid import uuid4

import anyio
import httpx
import pytest

from src import metrics, rate_limit
from src.breaker import Breaker
from tests.chatting import Heard, ask, asking, history, read
from tests.conftest import serving, sign_up, with_model
from tests.fake_model import FakeModel, Say

pytestmark = pytest.mark.anyio


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
