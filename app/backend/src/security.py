"""Password hashes and bearer tokens."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pydantic import SecretStr

from src.models import User, now

TOKEN_LIFETIME = timedelta(days=7)
# How far the clocks of two nodes may be apart: a token may be this much too old, or from the future.
CLOCK_SKEW = timedelta(seconds=30)
ALGORITHM = "HS256"


class Passwords:
    """Argon2id with OWASP's parameters: 19 MiB, two passes.

    The library's default of 64 MiB would let a few simultaneous logins reach the pod's memory limit, and so
    would an unlimited number of small ones: at most two hashes run in a worker, the rest wait their turn.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._slots = asyncio.Semaphore(2)
        self._nobody = self._hasher.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Takes as long for an account that does not exist (stored is None) as for a wrong password."""
        async with self._slots:
            matches = await asyncio.to_thread(self._matches, password, stored or self._nobody)
        return matches and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        return bool(self._hasher.check_needs_rehash(stored))

    def _matches(self, password: str, stored: str) -> bool:
        try:
            return bool(self._hasher.verify(stored, password))
        except (VerificationError, ValueError):  # ValueError: not a hash at all
            return False


class Claims(NamedTuple):
    user_id: UUID
    version: int
    token_id: UUID
    expires_at: datetime


class Tokens:
    """JSON Web Tokens; the web verifies them with the same secrets."""

    def __init__(self, secret: SecretStr, also: SecretStr | None = None) -> None:
        self._secret = secret
        self._accepted = [secret] if also is None else [secret, also]

    def issue(self, user: User) -> str:
        issued = now()
        claims = {
            "sub": str(user.id),
            "email": user.email,
            "ver": user.token_version,
            "jti": str(uuid4()),
            "iat": issued,
            "exp": issued + TOKEN_LIFETIME,
        }
        return jwt.encode(claims, self._secret.get_secret_value(), algorithm=ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """Whose token it is; None for any token that is not ours, not whole or no longer valid.

        Whether it was signed out, alone or with all of the account's, is for the caller, who has the database.
        """
        read = (self._verify(token, secret) for secret in self._accepted)
        return next((claims for claims in read if claims is not None), None)

    @staticmethod
    def _verify(token: str, secret: SecretStr) -> Claims | None:
        try:
            claims = jwt.decode(
                token,
                secret.get_secret_value(),
                algorithms=[ALGORITHM],
                leeway=CLOCK_SKEW,
                options={"require": ["sub", "iat", "exp"]},
            )
            user_id = UUID(claims["sub"])
            # Releases before issued tokens without a version, and without an id. Theirs is derived: one account's
            # tokens of the same second were the same token.
            token_id = UUID(claims["jti"]) if "jti" in claims else uuid5(user_id, str(claims["iat"]))
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            return Claims(user_id, int(claims.get("ver", 0)), token_id, expires_at)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            return None
