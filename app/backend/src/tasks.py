"""A user's own tasks. Every query names the user; another user's task is a task that does not exist."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, case, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from src.models import Task, now
from src.task_fields import NewTask, TaskChange, TaskQuery


async def add(session: AsyncSession, user_id: UUID, new: NewTask) -> Task:
    created = now()
    task = Task(user_id=user_id, created_at=created, updated_at=created, **new.model_dump())
    session.add(task)
    await session.commit()
    return task


async def get(session: AsyncSession, user_id: UUID, task_id: UUID, *, lock: bool = False) -> Task | None:
    mine = select(Task).where(col(Task.id) == task_id, col(Task.user_id) == user_id)
    return (await session.exec(mine.with_for_update() if lock else mine)).one_or_none()


async def change(session: AsyncSession, user_id: UUID, task_id: UUID, wanted: TaskChange) -> Task | None:
    """Change the fields that were given, and only those."""
    task = await get(session, user_id, task_id, lock=True)
    changes = wanted.model_dump(exclude_unset=True)
    if task is not None and changes:
        task.sqlmodel_update(changes | {"updated_at": now()})
        session.add(task)
        await session.commit()
    return task


async def delete(session: AsyncSession, user_id: UUID, task_id: UUID) -> bool:
    """Whether there was such a task."""
    task = await get(session, user_id, task_id, lock=True)
    if task is None:
        return False
    await session.delete(task)
    await session.commit()
    return True


async def find(session: AsyncSession, user_id: UUID, query: TaskQuery) -> tuple[Sequence[Task], int]:
    """One page, and how many tasks there are on all pages."""
    wanted = (col(Task.user_id) == user_id, *_conditions(query))
    total = (await session.exec(select(func.count()).select_from(Task).where(*wanted))).one()
    page = select(Task).where(*wanted).order_by(*_order(query)).limit(query.limit).offset(query.offset)
    return (await session.exec(page)).all(), total


def _conditions(query: TaskQuery) -> Iterator[ColumnElement[bool]]:
    due = col(Task.due_date)
    if query.q:
        # autoescape: a % or _ that someone searches for is that character.
        title = col(Task.title).icontains(query.q, autoescape=True)
        yield or_(title, col(Task.notes).icontains(query.q, autoescape=True))
    if query.done is not None:
        yield col(Task.done).is_(query.done)
    if query.priority:
        yield col(Task.priority).in_(query.priority)
    if query.tag:
        yield col(Task.tags).contains(query.tag)
    if query.due_before is not None:
        yield due < query.due_before
    if query.due_after is not None:
        yield due > query.due_after
    if query.overdue is not None:
        yield _overdue(query.overdue, query.today or now().date())


def _overdue(wanted: bool, today: date) -> ColumnElement[bool]:
    due, done = col(Task.due_date), col(Task.done)
    # Written out twice: NOT of the first would lose the tasks without a due date.
    return (due < today) & done.is_(False) if wanted else or_(due.is_(None), due >= today, done.is_(True))


def _order(query: TaskQuery) -> list[ColumnElement[Any]]:
    """A total order, so that pages neither repeat nor skip a task: what is equal goes by age, then by id."""
    newest_first: list[ColumnElement[Any]] = [col(Task.created_at).desc(), col(Task.id).asc()]
    # What someone who names no direction expects.
    descending = query.order == "desc" if query.order else query.sort in ("created", "priority")
    key: SQLColumnExpression[Any]
    match query.sort:
        case "created":
            key = col(Task.created_at)
        case "due":
            key = col(Task.due_date)
        case "priority":
            key = case({"low": 1, "medium": 2, "high": 3}, value=col(Task.priority))
        case "title":
            key = func.lower(col(Task.title))
    return [(key.desc() if descending else key.asc()).nulls_last(), *newest_first]
