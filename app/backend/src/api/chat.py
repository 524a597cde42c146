"""The chat's HTTP face."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from sqlalchemy.exc import IntegrityError

from src import conversations, rate_limit
from src.api.deps import CurrentUser, Held, not_signed_in
from src.api.sse import EventStream
from src.model import NOT_CONFIGURED, RESTING
from src.task_fields import NO_NUL

router = APIRouter(prefix="/api/chat", tags=["chat"])

NO_SUCH_CONVERSATION = "You have no such conversation."

EVENTS = """event: conversation
data: {"id": "7f0c1f6e-3d0b-4a57-9f6e-2f6f0c6b8f11", "title": "add buy milk"}

event: tool_call
data: {"id": "call_1", "name": "add_task", "arguments": {"title": "Buy milk"}}

event: tool_result
data: {"id": "call_1", "name": "add_task", "ok": true, "summary": "Added “Buy milk”"}

event: delta
data: {"text": "I added "}

event: done
data: {"message_id": "2c9d1f0e-6b1a-4a0e-8f0e-0f6f0c6b8f22", "stopped": false}

"""
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events, as they happen. The last one is `done` or `error` (the fields of a problem).",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENTS}},
    },
    404: {"description": NO_SUCH_CONVERSATION},
    429: {"description": "Too many messages. Retry-After says how long to wait."},
    503: {"description": "No key, or the model failed several times and is left alone for a while"},
}


class Status(BaseModel):
    configured: bool
    reason: str | None = None


class Question(BaseModel):
    """A message, in a conversation that exists or in a new one; or the last message of one, to be answered anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "add buy milk"}]})

    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), NO_NUL] | None = None
    conversation_id: UUID | None = None
    retry: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> "Question":
        if self.retry and (self.message is not None or self.conversation_id is None):
            raise ValueError("retry takes a conversation_id and no message")
        if not self.retry and self.message is None:
            raise ValueError("message is missing")
        return self


@router.get("/status", response_model_exclude_none=True)
async def status(held: Held) -> Status:
    """Whether the chat has a model to talk to; asks nobody outside."""
    return Status(configured=True) if held.chat else Status(configured=False, reason=NOT_CONFIGURED)


@router.post("", status_code=200, response_class=EventStream, responses=RESPONSES)
async def chat(body: Question, held: Held, user: CurrentUser) -> EventStream:
    """Have a message answered. Closing the connection stops the model; what was said until then is kept."""
    if held.chat is None:
        raise HTTPException(503, NOT_CONFIGURED)
    if seconds := held.chat.model.resting():
        raise HTTPException(503, RESTING.format(seconds), {"Retry-After": str(seconds)})
    # Short sessions: no connection is held while the model thinks.
    async with held.sessions() as session:
        if wait := await rate_limit.count(session, rate_limit.chat_key(user.id), rate_limit.MAX_CHATS):
            raise HTTPException(429, f"Too many messages. Try again in {wait} seconds.", {"Retry-After": str(wait)})
        try:
            if body.message is not None:
                turn = await conversations.ask(session, user.id, body.conversation_id, body.message)
            else:
                assert body.conversation_id is not None
                turn = await conversations.ask_again(session, user.id, body.conversation_id)
        except IntegrityError:
            # The account, or the conversation, was deleted after it was looked at.
            raise not_signed_in() if body.conversation_id is None else _not_found() from None
    if turn is None:
        raise _not_found()
    return EventStream(held.chat.write(user.id, turn))


def _not_found() -> HTTPException:
    return HTTPException(404, NO_SUCH_CONVERSATION)
