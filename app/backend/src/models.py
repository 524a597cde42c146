"""Tables. A change here needs a migration in src/migrations/versions."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, ForeignKey, Index
from sqlmodel import Field, SQLModel


def now() -> datetime:
    return datetime.now(UTC)


def _timestamp() -> "Column[datetime]":
    return Column(DateTime(timezone=True), nullable=False)


class User(SQLModel, table=True):
    __tablename__ = "users"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    # Stored in lower case: one address is one account.
    email: str = Field(max_length=254, unique=True)
    name: str = Field(default="", max_length=100)
    password_hash: str = Field(max_length=255)
    created_at: datetime = Field(default_factory=now, sa_column=_timestamp())


class Task(SQLModel, table=True):
    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_user_id_created_at", "user_id", "created_at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id", ondelete="CASCADE"), nullable=False))
    title: str = Field(max_length=200)
    done: bool = Field(default=False)
    created_at: datetime = Field(default_factory=now, sa_column=_timestamp())
    updated_at: datetime = Field(default_factory=now, sa_column=_timestamp())
