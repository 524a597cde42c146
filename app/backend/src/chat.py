"""Answers to chat messages: the model and the tools take turns until the model has nothing more to do.

An answer is written by a task of its own, and not by the request that asked for it: the request may end first, and what
was said until then is kept.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from src import conversations, metrics, problems, prompt, tools
from src.breaker import CircuitOpen
from src.conversations import Turn
from src.model import RESTING, TIMEOUT, Model, ModelError, ToolCall

log = logging.getLogger(__name__)

# How often the model may ask for tools before it has to answer, and how many calls that may be in all.
MAX_ROUNDS = 8
MAX_CALLS = 40
TOO_MANY_CALLS = "Too many calls for one answer. Tell the user what is done and what is left."
NO_ANSWER = "The model sent no answer."
# Events that wait for a slow reader; then the model waits too.
WAITING_EVENTS = 64


@dataclass(frozen=True)
class Event:
    name: str
    data: dict[str, Any]


type Emit = Callable[[Event], Awaitable[None]]


@dataclass
class Answer:
    """What has been said and done so far."""

    turn: Turn
    id: UUID = field(default_factory=uuid4)
    text: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = False  # saved, with nothing to come


class Writing:
    """An answer while it is being written: its events, until there are no more, and a way to stop it."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_EVENTS)
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._task = asyncio.create_task(work)
        return self._task

    def stop(self) -> None:
        # Once: a second time would interrupt the saving of what there is.
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()


class Chat:
    def __init__(self, sessions: async_sessionmaker[AsyncSession], model: Model, timeout_seconds: float) -> None:
        self.model = model
        self._sessions = sessions
        self._timeout = timeout_seconds
        self._running: dict[asyncio.Task[None], Writing] = {}

    def write(self, user_id: UUID, turn: Turn) -> Writing:
        writing = Writing()
        task = writing.start(self._write(user_id, Answer(turn), writing.events))
        self._running[task] = writing
        task.add_done_callback(self._running.pop)
        return writing

    async def close(self) -> None:
        """Stop every answer that is being written, and wait until what there is of it is saved."""
        for writing in list(self._running.values()):
            writing.stop()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.model.close()

    async def _write(self, user_id: UUID, answer: Answer, events: asyncio.Queue[Event | None]) -> None:
        turn = answer.turn
        outcome = "stopped"
        try:
            await events.put(Event("conversation", {"id": str(turn.conversation_id), "title": turn.title}))
            last = await self._finish(user_id, answer, events.put)
            outcome = last.name
            await events.put(last)
            await events.put(None)
        except asyncio.CancelledError:
            if not answer.whole:
                await self._save(answer, stopped=True)
            raise
        finally:
            metrics.chat_answers.labels(outcome).inc()

    async def _finish(self, user_id: UUID, answer: Answer, emit: Emit) -> Event:
        """Write the answer and save it; return the last event."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._rounds(user_id, answer, emit)
        except ModelError as error:
            failure = _error(error.status, error.detail)
        except CircuitOpen as error:
            failure = _error(503, RESTING.format(error.seconds))
        except TimeoutError:
            failure = _error(504, TIMEOUT)
        except Exception:
            log.exception("the answer failed")
            failure = _error(500, "Something went wrong here.")
        else:
            if await _to_its_end(self._save(answer, stopped=False)):
                return Event("done", {"message_id": str(answer.id), "stopped": False})
            return _error(503, problems.UNAVAILABLE)
        await self._save(answer, stopped=True)
        return failure

    async def _rounds(self, user_id: UUID, answer: Answer, emit: Emit) -> None:
        messages = prompt.messages(answer.turn.history)
        for number in range(MAX_ROUNDS + 1):
            before = len(answer.text)

            async def say(text: str, before: int = before) -> None:
                text = storable(text)
                if before and len(answer.text) == before:
                    text = "\n\n" + text  # what was said before the tools ran is a paragraph of its own
                answer.text += text
                await emit(Event("delta", {"text": text}))

            calls = await self.model.round(messages, "auto" if number < MAX_ROUNDS else "none", say)
            if not calls:
                if not answer.text:
                    raise ModelError(502, NO_ANSWER)
                return
            if number == MAX_ROUNDS:
                raise ModelError(502, "The model kept asking for tools and came to no end.")
            done = len(answer.calls)
            for call in calls:
                await self._call(user_id, answer, number, call, emit)
            messages += prompt.round_messages(answer.text[before:].strip(), answer.calls[done:])
            # A process that dies here leaves what was done in the conversation.
            await self._save(answer, stopped=True)

    async def _call(self, user_id: UUID, answer: Answer, number: int, call: ToolCall, emit: Emit) -> None:
        arguments = _arguments(call)
        shown = {"id": storable(call.id) or f"call_{len(answer.calls)}", "name": storable(call.name)}
        await emit(Event("tool_call", {**shown, "arguments": arguments or {}}))

        async def run() -> tools.Outcome:
            if arguments is None:
                outcome = tools.Outcome(False, "The arguments are not a JSON object.")
            elif len(answer.calls) >= MAX_CALLS:
                outcome = tools.Outcome(False, TOO_MANY_CALLS)
            else:
                outcome = await tools.call(self._sessions, user_id, call.name, arguments)
            result = json.dumps(outcome.data, ensure_ascii=False) if outcome.ok else outcome.summary
            answer.calls.append(
                {
                    **shown,
                    "arguments": arguments or {},
                    "ok": outcome.ok,
                    "summary": outcome.summary,
                    "result": prompt.shortened(result),
                    "round": number,
                }
            )
            return outcome

        outcome = await _to_its_end(run())
        await emit(Event("tool_result", {**shown, "ok": outcome.ok, "summary": outcome.summary}))

    async def _save(self, answer: Answer, *, stopped: bool) -> bool:
        """Whether it is saved. An answer of which there is nothing leaves its question unanswered."""
        if not answer.text and not answer.calls:
            return True
        try:
            async with self._sessions() as session:
                await conversations.save_answer(session, answer.turn, answer.id, answer.text, stopped, answer.calls)
        except IntegrityError:
            pass  # the conversation, or the account, was deleted meanwhile
        except SQLAlchemyError as error:
            if not problems.note_unavailable(error):
                log.error("the answer could not be saved", exc_info=error)
            return False
        answer.whole = not stopped
        return True


def _arguments(call: ToolCall) -> dict[str, Any] | None:
    try:
        parsed = storable(json.loads(call.arguments or "{}"))
        # Python reads NaN, and 1e999 as infinity. They are not JSON: no browser and no database takes them.
        json.dumps(parsed, allow_nan=False)
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return None
    return parsed if isinstance(parsed, dict) else None


def storable[Value](value: Value) -> Value:
    """Without what PostgreSQL refuses in texts and JSON: NUL, and halves of a character that JSON can name."""
    kept: Any = value
    if isinstance(kept, str):
        kept = kept.replace("\x00", "").encode("utf-8", "replace").decode()
    elif isinstance(kept, dict):
        kept = {storable(key): storable(item) for key, item in kept.items()}
    elif isinstance(kept, list):
        kept = [storable(item) for item in kept]
    result: Value = kept
    return result


def _error(status: int, detail: str) -> Event:
    return Event("error", {"title": HTTPStatus(status).phrase, "status": status, "detail": detail})


async def _to_its_end[Result](work: Coroutine[Any, Any, Result]) -> Result:
    """A stop waits for it: a change that was made must not be missing from the conversation."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
