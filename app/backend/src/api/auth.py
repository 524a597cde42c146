"""Accounts: register, log in, who am I."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, StringConstraints
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from src.api.deps import CurrentUser, Held, Session
from src.models import User
from src.task_fields import NO_NUL

router = APIRouter(prefix="/api/auth", tags=["auth"])

# Loose on purpose: only a mail that arrives proves an address.
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s.\x00-\x1f]+$",
    ),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), NO_NUL]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128)]


class Register(BaseModel):
    email: Email
    password: Password
    name: Name | None = None


class Login(BaseModel):
    # No rules here: what cannot be an account is a failed login like any other.
    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254), NO_NUL]
    password: Annotated[str, StringConstraints(max_length=128)]


class Account(BaseModel):
    id: UUID
    email: str
    name: str

    @classmethod
    def of(cls, user: User) -> "Account":
        return cls(id=user.id, email=user.email, name=user.name)


class SignedIn(BaseModel):
    token: str
    user: Account


@router.post("/register", status_code=201, responses={409: {"description": "The address has an account"}})
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


@router.post("/login", responses={401: {"description": "Wrong address or password"}})
async def login(body: Login, held: Held, session: Session) -> SignedIn:
    user = (await session.exec(select(User).where(col(User.email) == body.email))).one_or_none()
    await session.commit()  # gives the connection back before the slow part
    matches = await held.passwords.verify(body.password, user.password_hash if user else None)
    if user is None or not matches:
        raise HTTPException(401, "The e-mail address or the password is wrong.", {"WWW-Authenticate": "Bearer"})
    if held.passwords.needs_rehash(user.password_hash):
        user.password_hash = await held.passwords.hash(body.password)
        session.add(user)
        await session.commit()
    return SignedIn(token=held.tokens.issue(user), user=Account.of(user))


@router.get("/me")
async def me(user: CurrentUser) -> Account:
    return Account.of(user)
