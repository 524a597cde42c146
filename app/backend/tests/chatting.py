"""Talks to the chat, and takes apart what comes back."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


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


def strictly(text: str) -> dict[str, Any]:
    """As a browser reads it: Python's NaN and Infinity are not JSON."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    data: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return data


async def read(answer: httpx.Response, until: Callable[[Heard], bool] = lambda _: False) -> Heard:
    heard = Heard()
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            heard.comments += 1
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            heard.events.append((name, strictly(line.removeprefix("data: "))))
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
