"""Tokens that were signed out before they expire. In the database: any worker or replica may see such a token next."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from src.models import RevokedToken
from src.security import CLOCK_SKEW, Claims

SWEEP = 100


def is_revoked(token_id: UUID) -> ColumnElement[bool]:
    """A condition, so that whoever reads the account asks in the same query."""
    return exists().where(col(RevokedToken.jti) == token_id)


async def revoke(session: AsyncSession, claims: Claims) -> None:
    """End this token, for all who hold it, and commit."""
    connection = await session.connection()
    row = insert(RevokedToken).values(jti=claims.token_id, expires_at=claims.expires_at)
    await connection.execute(row.on_conflict_do_nothing())  # the same token signed out twice at once
    # Whoever adds a row removes old ones, so the table stays as small as a token's lifetime. A token is taken for
    # CLOCK_SKEW longer than it says, by a clock that may be as much behind the database's.
    name, expires_at = col(RevokedToken.jti), col(RevokedToken.expires_at)
    old = select(name).where(expires_at < func.now() - 2 * CLOCK_SKEW).limit(SWEEP).with_for_update(skip_locked=True)
    await connection.execute(delete(RevokedToken).where(name.in_(old)))
    await session.commit()
