"""Connections to PostgreSQL."""

from collections.abc import Mapping

from sqlalchemy import NullPool
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from src.settings import DatabaseSettings, Settings

CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5


def connect_args(url: URL) -> Mapping[str, object]:
    """What every connection gets unless the URL says otherwise."""
    defaults: dict[str, object] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "todo-backend",
        # Prepared statements break behind a transaction pooler (PgBouncer, Neon's -pooler hosts).
        "prepare_threshold": None,
        # A peer that vanished without a word (a node that died, a forgotten NAT entry) costs 10 s when something was
        # sent to it, and 15 s while its answer is awaited. Left to the kernel, it is a quarter of an hour: the test
        # before use waits that long too, and three of those are the pool, while /ready, which connects anew, is green.
        "tcp_user_timeout": 10_000,  # milliseconds; the others are seconds
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    return {key: value for key, value in defaults.items() if key not in url.query}


def request_engine(settings: Settings) -> AsyncEngine:
    """The pool that requests share within one worker. It connects on first use, not now."""
    url = settings.sqlalchemy_url
    return create_async_engine(
        url,
        connect_args=dict(connect_args(url)),
        pool_size=settings.db_pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        # A serverless PostgreSQL drops idle connections: test before use, and do not keep them for ever.
        pool_pre_ping=True,
        pool_recycle=300,
        # Errors would otherwise carry e-mail addresses and password hashes into the log.
        hide_parameters=True,
    )


def probe_engine(settings: DatabaseSettings) -> AsyncEngine:
    """For /ready: outside the pool, so that a busy pool does not read as a database that is gone."""
    url = settings.sqlalchemy_url
    return create_async_engine(url, connect_args=dict(connect_args(url)), poolclass=NullPool, hide_parameters=True)


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
