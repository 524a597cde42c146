"""Alembic's entry. src/schema.py hands over its connection; the alembic command line has none and makes one."""

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlmodel import SQLModel

from src import models, settings  # importing the models fills the metadata

assert models.Task.metadata is SQLModel.metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("backend: migrations run against a database; --sql is not supported")
if given is not None:
    run(given)
else:
    with create_engine(settings.load_database().sqlalchemy_url).connect() as own:
        run(own)
