"""What an assistant can do with a user's tasks. The MCP server and the chat offer these tools, from this one list."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from src import metrics, problems, tasks
from src.models import Task
from src.task_fields import NewTask, TaskChange, TaskList, TaskQuery, TaskView

log = logging.getLogger(__name__)

NO_SUCH_TASK = "You have no task with this id. list_tasks shows the ids."


class ToolError(Exception):
    """The call cannot be done; the message says why, to the model and to the user."""


@dataclass(frozen=True)
class Outcome:
    ok: bool
    summary: str  # one line for people
    data: dict[str, Any] = field(default_factory=dict)  # for the model


# A field that does not exist is refused: to drop it silently would be to claim that it was done.
_STRICT = ConfigDict(extra="forbid", json_schema_extra={})


class AddTask(NewTask):
    model_config = _STRICT


class ListTasks(TaskQuery):
    model_config = _STRICT

    # Smaller pages than the HTTP API's: a model reads all of it each time it goes on.
    limit: int = Field(50, ge=1, le=100)


class OneTask(BaseModel):
    model_config = _STRICT

    id: UUID = Field(description="The task's id, as list_tasks shows it.")


class UpdateTask(TaskChange, OneTask):
    model_config = _STRICT


async def _add(session: AsyncSession, user_id: UUID, wanted: AddTask) -> Outcome:
    try:
        return _outcome("Added", await tasks.add(session, user_id, wanted))
    except IntegrityError:
        raise ToolError("This account does not exist any more.") from None


async def _list(session: AsyncSession, user_id: UUID, query: ListTasks) -> Outcome:
    page, total = await tasks.find(session, user_id, query)
    listed = TaskList(items=[TaskView.model_validate(task) for task in page], total=total)
    shown = str(total) if len(page) == total else f"{len(page)} of {total}"
    return Outcome(True, f"Found {shown} {'task' if total == 1 else 'tasks'}", listed.model_dump(mode="json"))


async def _complete(session: AsyncSession, user_id: UUID, which: OneTask) -> Outcome:
    return _outcome("Completed", await tasks.change(session, user_id, which.id, TaskChange(done=True)))


async def _update(session: AsyncSession, user_id: UUID, wanted: UpdateTask) -> Outcome:
    changes = wanted.model_dump(exclude_unset=True, exclude={"id"})
    if not changes:
        raise ToolError("Nothing to change: name at least one field besides the id.")
    return _outcome("Changed", await tasks.change(session, user_id, wanted.id, TaskChange.model_validate(changes)))


async def _delete(session: AsyncSession, user_id: UUID, which: OneTask) -> Outcome:
    task = await tasks.get(session, user_id, which.id)
    return _outcome("Deleted", task if await tasks.delete(session, user_id, which.id) else None)


def _outcome(done: str, task: Task | None) -> Outcome:
    if task is None:
        raise ToolError(NO_SUCH_TASK)
    return Outcome(True, f"{done} “{task.title}”", TaskView.model_validate(task).model_dump(mode="json"))


@dataclass(frozen=True)
class Tool[Arguments: BaseModel]:
    name: str
    description: str
    arguments: type[Arguments]
    result: type[BaseModel]
    run: Callable[[AsyncSession, UUID, Arguments], Awaitable[Outcome]]
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False

    @property
    def input_schema(self) -> dict[str, Any]:
        return self.arguments.model_json_schema()

    @property
    def output_schema(self) -> dict[str, Any]:
        return self.result.model_json_schema(mode="serialization")


_ALL: tuple[Tool[Any], ...] = (
    Tool("add_task", "Add a task to the user's list. Only the title is required.", AddTask, TaskView, _add),
    Tool(
        "list_tasks",
        "List, search and count the user's tasks. Without arguments: the newest ones, done or not.",
        ListTasks,
        TaskList,
        _list,
        read_only=True,
    ),
    Tool("complete_task", "Mark a task as done.", OneTask, TaskView, _complete, idempotent=True),
    Tool(
        "update_task",
        "Change fields of a task. A field that is left out stays as it is; null clears notes and due_date.",
        UpdateTask,
        TaskView,
        _update,
        destructive=True,
        idempotent=True,
    ),
    Tool("delete_task", "Delete a task for good. Returns it as it was.", OneTask, TaskView, _delete, destructive=True),
)
TOOLS: Mapping[str, Tool[Any]] = {tool.name: tool for tool in _ALL}


async def call(
    sessions: async_sessionmaker[AsyncSession], user_id: UUID, name: str, arguments: Mapping[str, Any]
) -> Outcome:
    """Run one tool for this user. Never raises: whatever happens is an outcome that may be shown."""
    tool = TOOLS.get(name)
    if tool is None:
        return Outcome(False, f"There is no such tool. There are {', '.join(TOOLS)}.")
    outcome = await _run(tool, sessions, user_id, arguments)
    metrics.tool_calls.labels(name, str(outcome.ok).lower()).inc()
    return outcome


async def _run(
    tool: Tool[Any], sessions: async_sessionmaker[AsyncSession], user_id: UUID, arguments: Mapping[str, Any]
) -> Outcome:
    try:
        wanted = tool.arguments.model_validate(arguments)
        async with sessions() as session:
            return await tool.run(session, user_id, wanted)
    except ValidationError as error:
        said = [(problems.place(item["loc"]), problems.plain(item["msg"])) for item in error.errors()]
        return Outcome(False, "; ".join(f"{place}: {message}" if place else message for place, message in said))
    except ToolError as error:
        return Outcome(False, str(error))
    except SQLAlchemyError as error:
        if problems.note_unavailable(error):
            return Outcome(False, problems.UNAVAILABLE)
        log.error("database error", exc_info=error)
    except Exception:
        log.exception("a tool failed", extra={"data": {"tool": tool.name}})
    return Outcome(False, "Something went wrong here. The log says what.")
