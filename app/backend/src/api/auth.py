"""Accounts: register, log in, who am I, sign out here or everywhere, leave."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from src import rate_limit, revocation
from src.api.deps import BearerToken, CurrentUser, Held, Session, not_signed_in
from src.models import User
from src.task_fields import NO_NUL

router = APIRouter(prefix="/api/auth", tags=["auth"])

MAX_EMAIL = 254


def _fits(value: str) -> str:
    # Pydantic measures before it makes the text lower case, which may make it longer.
    if len(value) > MAX_EMAIL:
        raise ValueError(f"must have at most {MAX_EMAIL} characters")
    return value


# Loose on purpose: only a mail that arrives proves an address.
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=MAX_EMAIL,
        pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s.\x00-\x1f]+$",
    ),
    AfterValidator(_fits),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), NO_NUL]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128)]


class Register(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ann@example.com", "password": "correct horse", "name": "Ann"}]}
    )

    email: Email
    password: Password
    name: Name | None = None


class Login(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ann@example.com", "password": "correct horse"}]}
    )

    # No rules here: what cannot be an account is a failed login like any other.
    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=MAX_EMAIL), NO_NUL]
    password: Annotated[str, StringConstraints(max_length=128)]


class Account(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "7f0c1f6e-3d0b-4a57-9f6e-2f6f0c6b8f11", "email": "ann@example.com", "name": "Ann"}]
        }
    )

    id: UUID
    email: str
    name: str

    @classmethod
    def of(cls, user: User) -> "Account":
        return cls(id=user.id, email=user.email, name=user.name)


class SignedIn(BaseModel):
    token: str
    user: Account


@router.post(
    "/register", status_code=201, responses={409: {"description": "This e-mail address already has an account."}}
)
async def register(body: Register, held: Held, session: Session) -> SignedIn:
    # The hash first: it is slow, and a connection should not wait for it.
    password_hash = await held.passwords.hash(body.password)
    user = User(email=body.email, name=body.name or "", password_hash=password_hash)
    session.add(user)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(409, "This e-mail address already has an account.") from None
    return SignedIn(token=held.tokens.issue(user), user=Account.of(user))


@router.post(
    "/login",
    responses={
        401: {"description": "The e-mail address or the password is wrong."},
        429: {"description": "Too many attempts. Retry-After says how long to wait."},
    },
)
async def login(body: Login, request: Request, held: Held, session: Session) -> SignedIn:
    attempt = rate_limit.login_key(body.email, request.client.host if request.client else "")
    if wait := await rate_limit.count(session, attempt, rate_limit.MAX_LOGINS):
        raise HTTPException(429, f"Too many attempts. Try again in {wait} seconds.", {"Retry-After": str(wait)})
    user = (await session.exec(select(User).where(col(User.email) == body.email))).one_or_none()
    await session.commit()  # gives the connection back before the slow part
    matches = await held.passwords.verify(body.password, user.password_hash if user else None)
    if user is None or not matches:
        raise HTTPException(401, "The e-mail address or the password is wrong.", {"WWW-Authenticate": "Bearer"})
    if held.passwords.needs_rehash(user.password_hash):
        user.password_hash = await held.passwords.hash(body.password)
        session.add(user)
    await rate_limit.clear(session, attempt)
    await session.commit()
    return SignedIn(token=held.tokens.issue(user), user=Account.of(user))


@router.get("/me")
async def me(user: CurrentUser) -> Account:
    return Account.of(user)


@router.post("/logout", status_code=204)
async def logout(_: CurrentUser, token: BearerToken, held: Held, session: Session) -> None:
    """End this token, copies of it included. The account's other tokens stay valid."""
    claims = held.tokens.read(token)
    if claims is None:  # it expired since it was looked at
        raise not_signed_in()
    await revocation.revoke(session, claims)


@router.post("/logout-everywhere", status_code=204)
async def logout_everywhere(user: CurrentUser, session: Session) -> None:
    """End every token of this account, this one included."""
    next_version = update(User).where(col(User.id) == user.id).values(token_version=col(User.token_version) + 1)
    await (await session.connection()).execute(next_version)
    await session.commit()


@router.delete("/me", status_code=204)
async def delete_me(user: CurrentUser, session: Session) -> None:
    """Remove the account and its tasks, at once and for good."""
    # The database removes the tasks with it (ON DELETE CASCADE), whichever release wrote them.
    await (await session.connection()).execute(delete(User).where(col(User.id) == user.id))
    await session.commit()
