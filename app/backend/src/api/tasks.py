"""A user's own tasks. Every query names the user; another user's task is a task that does not exist."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator
from sqlmodel import col, func, select

from src.api.deps import NO_NUL, CurrentUser, Session
from src.models import Task, User, now

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), NO_NUL]


class NewTask(BaseModel):
    title: Title


class TaskChange(BaseModel):
    """A field that is left out stays as it is."""

    title: Title | None = None
    done: bool | None = None

    @field_validator("title", "done", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave it out to keep it")
        return value


class TaskView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    done: bool
    created_at: datetime
    updated_at: datetime


class TaskList(BaseModel):
    items: list[TaskView]
    total: int


@router.get("")
async def list_tasks(
    user: CurrentUser,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> TaskList:
    """Newest first. `total` counts all, not just this page."""
    mine = col(Task.user_id) == user.id
    total = (await session.exec(select(func.count()).select_from(Task).where(mine))).one()
    newest = (col(Task.created_at).desc(), col(Task.id))
    found = await session.exec(select(Task).where(mine).order_by(*newest).limit(limit).offset(offset))
    return TaskList(items=[TaskView.model_validate(task) for task in found], total=total)


@router.post("", status_code=201)
async def add_task(body: NewTask, user: CurrentUser, session: Session) -> TaskView:
    created = now()
    task = Task(user_id=user.id, title=body.title, created_at=created, updated_at=created)
    session.add(task)
    await session.commit()
    return TaskView.model_validate(task)


@router.patch("/{task_id}", responses={404: {"description": "No such task of yours"}})
async def change_task(task_id: UUID, body: TaskChange, user: CurrentUser, session: Session) -> TaskView:
    task = await own_task(session, user, task_id)
    changes = body.model_dump(exclude_unset=True)
    if changes:
        task.sqlmodel_update(changes | {"updated_at": now()})
        session.add(task)
        await session.commit()
    return TaskView.model_validate(task)


@router.delete("/{task_id}", status_code=204, responses={404: {"description": "No such task of yours"}})
async def delete_task(task_id: UUID, user: CurrentUser, session: Session) -> None:
    await session.delete(await own_task(session, user, task_id))
    await session.commit()


async def own_task(session: Session, user: User, task_id: UUID) -> Task:
    mine = select(Task).where(col(Task.id) == task_id, col(Task.user_id) == user.id).with_for_update()
    task = (await session.exec(mine)).one_or_none()
    if task is None:
        raise HTTPException(404, "You have no such task.")
    return task
