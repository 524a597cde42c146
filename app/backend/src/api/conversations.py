"""The chat's history."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from src import conversations
from src.api.chat import NO_SUCH_CONVERSATION
from src.api.deps import CurrentUser, Session

router = APIRouter(prefix="/api/conversations", tags=["chat"])

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": NO_SUCH_CONVERSATION}}


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ToolCallView(_View):
    id: str
    name: str
    arguments: dict[str, Any]
    ok: bool
    summary: str


class MessageView(_View):
    id: UUID
    role: Literal["user", "assistant"]
    text: str
    stopped: bool
    created_at: datetime
    tool_calls: list[ToolCallView]


class ConversationView(_View):
    id: UUID
    title: str
    created_at: datetime
    updated_at: datetime


class ConversationWithMessages(ConversationView):
    messages: list[MessageView]


class ConversationList(BaseModel):
    items: list[ConversationView]
    total: int


@router.get("")
async def list_conversations(
    user: CurrentUser,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ConversationList:
    """The last used one first."""
    page, total = await conversations.find(session, user.id, limit, offset)
    return ConversationList(items=[ConversationView.model_validate(each) for each in page], total=total)


@router.get("/{conversation_id}", responses=NOT_FOUND)
async def get_conversation(conversation_id: UUID, user: CurrentUser, session: Session) -> ConversationWithMessages:
    """With its messages, oldest first; of a very long one the last 500."""
    found = await conversations.get(session, user.id, conversation_id)
    if found is None:
        raise HTTPException(404, NO_SUCH_CONVERSATION)
    messages = await conversations.shown(session, found.id)
    view = ConversationView.model_validate(found)
    return ConversationWithMessages(
        **view.model_dump(), messages=[MessageView.model_validate(message) for message in messages]
    )


@router.delete("/{conversation_id}", status_code=204, responses=NOT_FOUND)
async def delete_conversation(conversation_id: UUID, user: CurrentUser, session: Session) -> None:
    if not await conversations.delete(session, user.id, conversation_id):
        raise HTTPException(404, NO_SUCH_CONVERSATION)
