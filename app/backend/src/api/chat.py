"""The chat's HTTP face."""

from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, StringConstraints

from src.api.deps import CurrentUser, Held
from src.chat import NOT_CONFIGURED, AssistantError

router = APIRouter(prefix="/api/chat", tags=["chat"])


class Status(BaseModel):
    configured: bool
    reason: str | None = None


class Message(BaseModel):
    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Reply(BaseModel):
    reply: str


@router.get("/status", response_model_exclude_none=True)
async def status(held: Held) -> Status:
    """Whether the chat has a model to talk to; asks nobody outside."""
    return Status(configured=True) if held.assistant else Status(configured=False, reason=NOT_CONFIGURED)


@router.post("", responses={503: {"description": "No key, or the provider refused it"}})
async def chat(body: Message, held: Held, _: CurrentUser) -> Reply:
    if held.assistant is None:
        raise HTTPException(503, NOT_CONFIGURED)
    try:
        return Reply(reply=await held.assistant.reply(body.message))
    except AssistantError as error:
        raise HTTPException(error.status, error.detail) from None
