"""What a task may hold and how a list of tasks may be asked for; for the HTTP API and for other ways in."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from src.models import MAX_TAG_LENGTH

MAX_NOTES = 10_000
MAX_TAGS = 20
MAX_PAGE = 500


def _no_nul(value: str) -> str:
    # PostgreSQL's text has no character 0; without this it would be a database error.
    if "\x00" in value:
        raise ValueError("must not contain the character NUL")
    return value


def _tag(value: str) -> str:
    """One spelling for a tag: lower case, single spaces, composed characters."""
    tag = unicodedata.normalize("NFC", " ".join(value.split()).lower())
    if not 1 <= len(tag) <= MAX_TAG_LENGTH:
        raise ValueError(f"must have 1 to {MAX_TAG_LENGTH} characters")
    if any(unicodedata.category(character) == "Cc" for character in tag):
        raise ValueError("must not contain control characters")
    return tag


def _day(value: object) -> object:
    # Stricter than pydantic, which also takes numbers and times of day for a date.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("must be a day such as 2026-11-30")


# Last in an Annotated: constraints after a validator would see the text before it is stripped.
NO_NUL = AfterValidator(_no_nul)

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), NO_NUL]
Notes = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTES), NO_NUL] | None,
    AfterValidator(lambda value: value or None),
]
Priority = Literal["low", "medium", "high"]
Tag = Annotated[str, AfterValidator(_tag)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(lambda tags: list(dict.fromkeys(tags)))]
# A calendar day, without a time or a zone: "due on Friday" is Friday wherever the reader is.
Day = Annotated[date, BeforeValidator(_day)]

EXAMPLE: JsonDict = {
    "title": "Buy milk",
    "notes": "The oat one.",
    "priority": "high",
    "tags": ["home", "shopping"],
    "due_date": "2026-11-30",
}


class NewTask(BaseModel):
    """Only the title is required."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, {"title": "Buy milk"}]})

    title: Title
    notes: Notes = None
    priority: Priority = "medium"
    tags: Tags = Field(default_factory=list, description="Kept in lower case and without repetitions.")
    due_date: Day | None = Field(None, description="A day, YYYY-MM-DD, without a time or a zone.")
    done: bool = False


class TaskChange(BaseModel):
    """A field that is left out stays as it is; null clears notes and due_date."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"done": True}, {"due_date": None, "tags": ["home"]}]})

    title: Title | SkipJsonSchema[None] = None
    notes: Notes = None
    priority: Priority | SkipJsonSchema[None] = None
    tags: Tags | SkipJsonSchema[None] = None
    due_date: Day | None = None
    done: bool | SkipJsonSchema[None] = None

    @field_validator("title", "priority", "tags", "done", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave it out to keep it")
        return value


class TaskView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {"id": "7f0c1f6e-3d0b-4a57-9f6e-2f6f0c6b8f11"}
                | EXAMPLE
                | {"done": False, "created_at": "2026-11-23T08:00:00Z", "updated_at": "2026-11-23T08:00:00Z"}
            ]
        },
    )

    id: UUID
    title: str
    notes: str | None
    priority: Priority
    tags: list[str]
    due_date: date | None
    done: bool
    created_at: datetime
    updated_at: datetime


class TaskList(BaseModel):
    items: list[TaskView]
    total: int = Field(description="How many match, on all pages.")


class TaskQuery(BaseModel):
    """Every condition that is given has to hold."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), NO_NUL] = Field(
        "", description="Text in the title or the notes, in upper or lower case.", examples=["milk"]
    )
    done: bool | None = None
    priority: list[Priority] = Field(default_factory=list, description="Any of these.", max_length=3)
    tag: Tags = Field(default_factory=list, description="All of these.")
    due_before: Day | None = Field(None, description="Due before this day; that day itself is not included.")
    due_after: Day | None = Field(None, description="Due after this day; that day itself is not included.")
    overdue: bool | None = Field(None, description="Not done, and due before `today`; or, with false, anything else.")
    today: Day | None = Field(None, description="The reader's date, for `overdue`. Without it, today's in UTC.")
    sort: Literal["created", "due", "priority", "title"] = "created"
    order: Literal["asc", "desc"] | None = Field(
        None, description="Without it: newest, soonest due, highest priority or A first. No due date is always last."
    )
    limit: int = Field(200, ge=1, le=MAX_PAGE)
    offset: int = Field(0, ge=0, le=1_000_000)
