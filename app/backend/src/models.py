"""Tables. A change here needs a migration in src/migrations/versions."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

MAX_TAG_LENGTH = 40


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
    # A token carries the version it was issued under; counting up ends them all.
    token_version: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    created_at: datetime = Field(default_factory=now, sa_column=_timestamp())


class RevokedToken(SQLModel, table=True):
    """A token that was signed out before its time; src/revocation.py removes it when its time is over."""

    __tablename__ = "revoked_tokens"
    __table_args__ = (Index("ix_revoked_tokens_expires_at", "expires_at"),)

    jti: UUID = Field(primary_key=True)
    expires_at: datetime = Field(sa_column=_timestamp())


class Task(SQLModel, table=True):
    __tablename__ = "tasks"
    # Every query names the user, so each index starts there. What is left after it, one person's tasks, is filtered
    # and searched without more of them: a tag or a word that many users share would lead to other users' rows first.
    __table_args__ = (
        Index("ix_tasks_user_id_created_at", "user_id", "created_at"),
        Index("ix_tasks_user_id_due_date", "user_id", "due_date"),
        CheckConstraint("priority IN ('low', 'medium', 'high')", name="ck_tasks_priority"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id", ondelete="CASCADE"), nullable=False))
    title: str = Field(max_length=200)
    notes: str | None = Field(default=None, sa_column=Column(Text))
    priority: str = Field(default="medium", sa_column=Column(String(6), nullable=False, server_default="medium"))
    tags: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String(MAX_TAG_LENGTH)), nullable=False, server_default="{}")
    )
    due_date: date | None = Field(default=None, sa_column=Column(Date))
    done: bool = Field(default=False)
    created_at: datetime = Field(default_factory=now, sa_column=_timestamp())
    updated_at: datetime = Field(default_factory=now, sa_column=_timestamp())


class Conversation(SQLModel, table=True):
    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_user_id_updated_at", "user_id", "updated_at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: UUID = Field(sa_column=Column(ForeignKey("users.id", ondelete="CASCADE"), nullable=False))
    title: str = Field(max_length=80)
    created_at: datetime = Field(default_factory=now, sa_column=_timestamp())
    updated_at: datetime = Field(default_factory=now, sa_column=_timestamp())


class Message(SQLModel, table=True):
    """A question, or the one answer to a question: two attempts at an answer end as one row (answers is unique)."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation_id_position", "conversation_id", "position"),
        CheckConstraint("(role = 'assistant') = (answers IS NOT NULL)", name="ck_messages_role"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(sa_column=Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False))
    # By the database: the replicas' clocks may be apart.
    position: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), nullable=False))
    role: str = Field(max_length=9)
    answers: UUID | None = Field(
        default=None, sa_column=Column(ForeignKey("messages.id", ondelete="CASCADE"), unique=True)
    )
    text: str = Field(sa_column=Column(Text, nullable=False))
    # Not finished, because the user, the provider or the process stopped it.
    stopped: bool = Field(default=False)
    tool_calls: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    created_at: datetime = Field(default_factory=now, sa_column=_timestamp())


class LoginAttempts(SQLModel, table=True):
    """What was tried how often, logins and since 0003 chats too; src/rate_limit.py counts."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_since", "since"),)

    key: str = Field(max_length=64, primary_key=True)
    attempts: int
    since: datetime = Field(sa_column=_timestamp())
