"""What the routes share."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from src import revocation
from src.chat import Chat
from src.models import User
from src.readiness import Readiness
from src.security import Passwords, Tokens


@dataclass(frozen=True)
class Resources:
    """What one worker holds for its lifetime; made in src/api/app.py."""

    sessions: async_sessionmaker[AsyncSession]
    readiness: Readiness
    passwords: Passwords
    tokens: Tokens
    chat: Chat | None


def resources(request: Request) -> Resources:
    held = request.app.state.resources
    assert isinstance(held, Resources)
    return held


Held = Annotated[Resources, Depends(resources)]


async def session(held: Held) -> AsyncIterator[AsyncSession]:
    async with held.sessions() as opened:
        yield opened


_bearer = HTTPBearer(auto_error=False, description="The token of /api/auth/register or /api/auth/login")


def bearer_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    return credentials.credentials if credentials else ""


BearerToken = Annotated[str, Depends(bearer_token)]


async def current_user(held: Held, token: BearerToken) -> User:
    user = await user_of(held, token)
    if user is None:
        raise not_signed_in()
    return user


async def user_of(held: Resources, token: str) -> User | None:
    """Whose token it is. Its connection goes back to the pool here, so a slow chat holds none."""
    claims = held.tokens.read(token)
    if claims is None:
        return None
    valid = select(User).where(
        col(User.id) == claims.user_id,
        col(User.token_version) == claims.version,
        ~revocation.is_revoked(claims.token_id),
    )
    async with held.sessions() as short:
        return (await short.exec(valid)).one_or_none()


def not_signed_in() -> HTTPException:
    return HTTPException(401, "Sign in first: the token is missing, wrong or expired.", {"WWW-Authenticate": "Bearer"})


Session = Annotated[AsyncSession, Depends(session)]
CurrentUser = Annotated[User, Depends(current_user)]
