"""The migrations: they give what the models say, and the release before keeps working beside the new schema."""

from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text

from src.schema import MIGRATIONS
from src.settings import parse_database_url


@pytest.fixture
def engine(empty_database_url: str) -> Engine:
    return create_engine(parse_database_url(empty_database_url))


def alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def test_the_migrations_give_what_the_models_say(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(alembic(connection), "head")
        command.check(alembic(connection))  # raises when a model has changed without a migration
        command.downgrade(alembic(connection), "base")
        command.upgrade(alembic(connection), "head")


def add_as_the_first_release_did(connection: Connection, title: str) -> None:
    ids = {"user": uuid4(), "task": uuid4(), "title": title, "email": f"{title}@example.com"}
    user = "INSERT INTO users (id, email, name, password_hash, created_at) VALUES (:user, :email, '', 'x', now())"
    task = "INSERT INTO tasks (id, user_id, title, done, created_at, updated_at) VALUES (:task, :user, :title, false, now(), now())"  # noqa: E501
    connection.execute(text(user), ids)
    connection.execute(text(task), ids)


def test_the_first_release_writes_before_and_after_the_second_one_migrates(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(alembic(connection), "0001")
        add_as_the_first_release_did(connection, "before")
        command.upgrade(alembic(connection), "0002")
        add_as_the_first_release_did(connection, "after")
        rows = connection.execute(text("SELECT title, notes, priority, tags, due_date FROM tasks ORDER BY title")).all()
        assert [tuple(row) for row in rows] == [
            ("after", None, "medium", [], None),
            ("before", None, "medium", [], None),
        ]
        assert connection.scalars(text("SELECT DISTINCT token_version FROM users")).all() == [0]
