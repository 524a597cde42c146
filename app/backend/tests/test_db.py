"""How the connections to PostgreSQL are made."""

import os
import socket
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from src import db
from src.settings import Settings
from tests.conftest import make_settings

pytestmark = pytest.mark.anyio


async def patience(engine: AsyncEngine) -> dict[str, int]:
    """What the kernel was told of a connection's socket."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.pgconn.socket)) as opened:
            return {
                "tcp_user_timeout": opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                "keepalives": opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                "keepalives_idle": opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                "keepalives_interval": opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                "keepalives_count": opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            }


@pytest.mark.parametrize("make", [db.request_engine, db.probe_engine])
async def test_a_database_that_vanished_is_noticed_in_seconds_not_in_a_quarter_of_an_hour(
    database_url: str, make: Callable[[Settings], AsyncEngine]
) -> None:
    usual = {
        "tcp_user_timeout": 10_000,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    own = f"{database_url}{'&' if '?' in database_url else '?'}tcp_user_timeout=42000&keepalives_idle=77"
    for url, expected in ((database_url, usual), (own, usual | {"tcp_user_timeout": 42_000, "keepalives_idle": 77})):
        engine = make(make_settings(url))
        assert await patience(engine) == expected
        await engine.dispose()
