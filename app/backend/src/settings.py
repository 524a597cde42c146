"""The environment, read once and checked. Nothing else in the service reads os.environ."""

import multiprocessing
import os
import signal
import sys
from functools import cached_property
from typing import Annotated, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

EXIT_BAD_SETTINGS = 2
POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")


def parse_database_url(value: str) -> URL:
    """Turn a PostgreSQL URL, as providers hand it out, into SQLAlchemy's for psycopg 3.

    Only the scheme changes: user, password, hosts and parameters such as sslmode stay as they are.
    """
    scheme, separator, rest = value.strip().partition("://")
    if not separator or scheme.lower() not in POSTGRES_SCHEMES:
        raise ValueError("must start with postgresql:// or postgres://")
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError) as error:
        # The library's own message repeats the URL, password included.
        raise ValueError("is not a URL: expected postgresql://user:password@host:5432/name") from error
    if not url.host and not url.query.get("host"):
        raise ValueError("names no host: expected postgresql://user:password@host:5432/name")
    if not url.database:
        raise ValueError("names no database: expected postgresql://user:password@host:5432/name")
    return url


def http_origin(value: str) -> str:
    """A browser origin: scheme, host and port, nothing after them."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"has {value!r}: expected an origin such as https://todo.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"has {value!r}: an origin ends after the host and port")
    return f"{parts.scheme}://{parts.netloc}".lower()


def http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    return value


Origin = Annotated[str, AfterValidator(http_origin)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class DatabaseSettings(BaseSettings):
    """All that a migration needs: its Job is given no other secret."""

    # An empty variable is an absent one: that is how a ConfigMap says "not set".
    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True, frozen=True)

    database_url: SecretStr
    log_level: LogLevel = "INFO"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr) -> SecretStr:
        parse_database_url(value.get_secret_value())
        return value

    @cached_property
    def sqlalchemy_url(self) -> URL:
        return parse_database_url(self.database_url.get_secret_value())


class Settings(DatabaseSettings):
    """Names are the environment variables in lower case; README.md has the table."""

    better_auth_secret: SecretStr
    # The next key before a rotation, and the one before after it: its sessions are good as well.
    better_auth_secret_also: SecretStr | None = None
    openai_api_key: SecretStr | None = None

    # Not None for OpenAI's: the SDK would then look at the variable itself, and take an empty one for an address.
    openai_base_url: Annotated[str, AfterValidator(http_url)] = "https://api.openai.com/v1"
    openai_model: str = "gpt-4o-mini"
    # The longest silence of one call, and the longest answer, tools included.
    openai_timeout_seconds: float = Field(30.0, gt=0, le=300)
    chat_timeout_seconds: float = Field(120.0, gt=0, le=900)

    frontend_url: Origin = "http://localhost:3000"
    allowed_origins: str = ""
    environment: str = Field("development", pattern=r"^[A-Za-z0-9_-]{1,40}$")

    # Connections one worker may hold for requests; the probe and the migration share one more. Workers x
    # replicas x (this + 1) has to fit PostgreSQL's default of 97: 2 x 10 x 4 = 80 leaves room for a rollout.
    db_pool_size: int = Field(3, ge=1, le=100)
    # A deployment that migrates in a Job turns this off.
    migrate_on_start: bool = True

    port: int = Field(8000, ge=1, le=65535)
    # Not the API's: whoever may call the API from outside need not see the numbers. None serves none.
    metrics_port: int | None = Field(None, ge=1, le=65535)
    web_concurrency: int = Field(2, ge=1, le=32)
    # After SIGTERM: how long requests are still accepted with /ready red, then how long running ones
    # may take. Together under 25 s, because Kubernetes kills after 30 s unless told otherwise.
    drain_seconds: float = Field(3.0, ge=0, le=10)
    shutdown_seconds: int = Field(15, ge=1, le=20)

    @field_validator("better_auth_secret", "better_auth_secret_also")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and (length := len(value.get_secret_value())) < 32:
            raise ValueError(f"has {length} characters: at least 32 are needed")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        origins = [part.strip() for part in value.split(",") if part.strip()]
        if origins == ["*"]:
            return "*"
        return ",".join(http_origin(origin) for origin in origins)

    @property
    def cors_origins(self) -> list[str]:
        """Who may call from a browser; the web's own address when nothing else is named."""
        return self.allowed_origins.split(",") if self.allowed_origins else [self.frontend_url]


def load() -> Settings:
    """Read the environment, or end the process with one line that names each bad variable."""
    return _load(Settings)


def load_database() -> DatabaseSettings:
    """The same for a process that only migrates."""
    return _load(DatabaseSettings)


def _load[S: BaseSettings](kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        _refuse(error)


def _refuse(error: ValidationError) -> NoReturn:
    problems = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(item["loc"][0]).upper() if item["loc"] else "settings"
        reason = "is not set" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        problems.append(f"{name} {reason[:1].lower()}{reason[1:]}")
    print("backend: bad settings: " + "; ".join(problems), file=sys.stderr, flush=True)
    # Under a bare `uvicorn --workers 2` this is a worker, and its supervisor would start another one for
    # ever. No restart mends a variable, so the supervisor is asked to end as well.
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        os.kill(parent.pid, signal.SIGTERM)
    sys.exit(EXIT_BAD_SETTINGS)
