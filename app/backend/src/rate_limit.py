"""How often something may be tried. Counted in the database: it is all that the workers and the replicas share."""

import hashlib
import ipaddress
from datetime import timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from src.models import LoginAttempts

WINDOW = timedelta(minutes=5)
MAX_LOGINS = 10
# Each is paid for at the model's provider.
MAX_CHATS = 60
SWEEP = 100


def login_key(email: str, address: str) -> str:
    """An account and an address together, whether there is such an account or not.

    It limits how fast one account's password can be guessed. Per address alone, an office behind one address would lock
    itself out. That a stranger cannot lock an account's owner out holds only where the two come from different
    addresses: of those who sign in through a front end, the address is the front end's pod, and ten wrong passwords
    there keep the owner out for the rest of the five minutes. It does not limit one password tried on many accounts, nor
    registrations.
    """
    return _key("login", email, _network(address))


def chat_key(user_id: UUID) -> str:
    return _key("chat", str(user_id))


def _key(*parts: str) -> str:
    """Of one length, however long the parts are."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a socket, or a test
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        # One subscriber has all of a /64.
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


async def count(session: AsyncSession, attempt: str, allowed: int) -> int:
    """Count this attempt and commit. 0 when it may go on, otherwise the seconds to wait.

    To be called before the work itself, and in one statement: a hundred attempts at once are a hundred.
    The window starts with its first attempt and is not prolonged by later ones.
    """
    expired = func.now() - WINDOW
    attempts, since = col(LoginAttempts.attempts), col(LoginAttempts.since)
    added = (
        insert(LoginAttempts)
        .values(key=attempt, attempts=1, since=func.now())
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "attempts": case((since <= expired, 1), else_=attempts + 1),
                "since": case((since <= expired, func.now()), else_=since),
            },
        )
        .returning(attempts, since + WINDOW - func.now())
    )
    connection = await session.connection()
    counted, left = (await connection.execute(added)).one()
    if counted == 1:
        # Whoever adds a row removes old ones, so the table stays as small as the last minutes.
        name = col(LoginAttempts.key)
        old = select(name).where(since <= expired).limit(SWEEP).with_for_update(skip_locked=True)
        await connection.execute(delete(LoginAttempts).where(name.in_(old)))
    await session.commit()
    return 0 if counted <= allowed else max(1, ceil(left.total_seconds()))


async def clear(session: AsyncSession, attempt: str) -> None:
    """After a success. The caller commits."""
    await (await session.connection()).execute(delete(LoginAttempts).where(col(LoginAttempts.key) == attempt))
