"""The tasks' HTTP face."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy.exc import IntegrityError

from src import tasks
from src.api.deps import CurrentUser, Session, not_signed_in
from src.models import Task
from src.task_fields import NewTask, TaskChange, TaskList, TaskQuery, TaskView

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

NO_SUCH_TASK = "You have no such task."
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": NO_SUCH_TASK}}


@router.get("")
async def list_tasks(query: Annotated[TaskQuery, Query()], user: CurrentUser, session: Session) -> TaskList:
    """Newest first unless sorted. `total` counts what the filter matches, not just this page."""
    page, total = await tasks.find(session, user.id, query)
    return TaskList(items=[TaskView.model_validate(task) for task in page], total=total)


@router.post("", status_code=201)
async def add_task(body: NewTask, user: CurrentUser, session: Session) -> TaskView:
    try:
        return TaskView.model_validate(await tasks.add(session, user.id, body))
    except IntegrityError:
        # The account was deleted after the token was checked.
        raise not_signed_in() from None


@router.get("/{task_id}", responses=NOT_FOUND)
async def get_task(task_id: UUID, user: CurrentUser, session: Session) -> TaskView:
    return _view(await tasks.get(session, user.id, task_id))


@router.patch("/{task_id}", responses=NOT_FOUND)
async def change_task(task_id: UUID, body: TaskChange, user: CurrentUser, session: Session) -> TaskView:
    return _view(await tasks.change(session, user.id, task_id, body))


@router.delete("/{task_id}", status_code=204, responses=NOT_FOUND)
async def delete_task(task_id: UUID, user: CurrentUser, session: Session) -> None:
    if not await tasks.delete(session, user.id, task_id):
        raise HTTPException(404, NO_SUCH_TASK)


def _view(task: Task | None) -> TaskView:
    if task is None:
        raise HTTPException(404, NO_SUCH_TASK)
    return TaskView.model_validate(task)
