"""A user's own conversations. Every query names the user; another user's conversation is one that does not exist."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, literal_column, update
from sqlalchemy import delete as sql_delete
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from src import prompt
from src.models import Conversation, Message, now

MAX_TITLE = 60
# How many of a conversation's messages are shown.
MAX_SHOWN = 500
_CALLS_WITHOUT_RESULTS = literal_column(
    """(SELECT coalesce(jsonb_agg(call - 'result' ORDER BY place), '[]')
        FROM jsonb_array_elements(messages.tool_calls) WITH ORDINALITY AS calls (call, place))""",
    JSONB,
)


@dataclass(frozen=True)
class Turn:
    """One question to be answered, and what was said before it."""

    conversation_id: UUID
    title: str
    question_id: UUID
    history: Sequence[Message]  # ends with the question
    asked_at: datetime


def title_of(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= MAX_TITLE:
        return words
    # At the end of a word, unless that leaves next to nothing.
    whole = words[:MAX_TITLE].rpartition(" ")[0]
    return (whole if len(whole) > MAX_TITLE // 2 else words[: MAX_TITLE - 1]).rstrip() + "…"


async def ask(session: AsyncSession, user_id: UUID, conversation_id: UUID | None, text: str) -> Turn | None:
    """Store a question, in a new conversation when none is named. None when the named one is not this user's."""
    if conversation_id is None:
        found = Conversation(user_id=user_id, title=title_of(text))
        session.add(found)
        await session.flush()  # before the message that refers to it
    elif (known := await get(session, user_id, conversation_id)) is None:
        return None
    else:
        found = known
        found.updated_at = now()
        session.add(found)
    session.add(Message(conversation_id=found.id, role="user", text=text))
    await session.flush()
    return await _turn(session, found)


async def ask_again(session: AsyncSession, user_id: UUID, conversation_id: UUID) -> Turn | None:
    """Make the last question unanswered."""
    found = await get(session, user_id, conversation_id)
    if found is None:
        return None
    last = select(func.max(col(Message.position))).where(
        col(Message.conversation_id) == found.id, col(Message.role) == "user"
    )
    question = select(Message.id).where(col(Message.conversation_id) == found.id, col(Message.position).in_(last))
    connection = await session.connection()
    await connection.execute(sql_delete(Message).where(col(Message.answers).in_(question)))
    return await _turn(session, found)


async def _turn(session: AsyncSession, conversation: Conversation) -> Turn | None:
    last = _newest(select(Message), conversation.id, prompt.MAX_HISTORY)
    history = list(reversed((await session.exec(last)).all()))
    while history and history[-1].role != "user":
        history = history[:-1]
    await session.commit()
    if not history:
        return None
    return Turn(conversation.id, conversation.title, history[-1].id, history, now())


async def get(session: AsyncSession, user_id: UUID, conversation_id: UUID) -> Conversation | None:
    mine = select(Conversation).where(col(Conversation.id) == conversation_id, col(Conversation.user_id) == user_id)
    return (await session.exec(mine)).one_or_none()


async def shown(session: AsyncSession, conversation_id: UUID) -> Sequence[Row[Any]]:
    """The last messages, oldest first, without what the tools told the model: that is most of a conversation."""
    columns = [col(Message.id), col(Message.role), col(Message.text), col(Message.stopped), col(Message.created_at)]
    newest = _newest(sql_select(*columns, _CALLS_WITHOUT_RESULTS.label("tool_calls")), conversation_id, MAX_SHOWN)
    return list(reversed((await (await session.connection()).execute(newest)).all()))


def _newest[S: Select[Any]](wanted: S, conversation_id: UUID, limit: int) -> S:
    """From the last on; an answer belongs after its question, also when another question came between."""
    question = aliased(Message)
    place = func.coalesce(col(question.position), col(Message.position))
    return (
        wanted.outerjoin_from(Message, question, col(question.id) == col(Message.answers))
        .where(col(Message.conversation_id) == conversation_id)
        .order_by(place.desc(), col(Message.position).desc())
        .limit(limit)
    )


async def find(session: AsyncSession, user_id: UUID, limit: int, offset: int) -> tuple[Sequence[Conversation], int]:
    """One page, the last used first, and how many there are on all pages."""
    mine = col(Conversation.user_id) == user_id
    total = (await session.exec(select(func.count()).select_from(Conversation).where(mine))).one()
    order = (col(Conversation.updated_at).desc(), col(Conversation.id))
    page = select(Conversation).where(mine).order_by(*order).limit(limit).offset(offset)
    return (await session.exec(page)).all(), total


async def delete(session: AsyncSession, user_id: UUID, conversation_id: UUID) -> bool:
    """Whether there was such a conversation. The database removes its messages with it."""
    found = await get(session, user_id, conversation_id)
    if found is None:
        return False
    await session.delete(found)
    await session.commit()
    return True


async def save_answer(
    session: AsyncSession, turn: Turn, message_id: UUID, text: str, stopped: bool, tool_calls: list[dict[str, Any]]
) -> None:
    """Write the answer, or what there is of it so far."""
    content: dict[str, Any] = {"text": text, "stopped": stopped, "tool_calls": tool_calls}
    content |= {"id": message_id, "created_at": turn.asked_at}
    key = {"conversation_id": turn.conversation_id, "answers": turn.question_id}
    row = insert(Message).values(role="assistant", **key, **content)
    # A second attempt at the same question replaces the first one, also when the first one is still being stopped.
    later = col(Message.created_at) <= row.excluded.created_at
    connection = await session.connection()
    await connection.execute(row.on_conflict_do_update(index_elements=["answers"], set_=content, where=later))
    touched = update(Conversation).where(col(Conversation.id) == turn.conversation_id)
    await connection.execute(touched.values(updated_at=now()))
    await session.commit()


