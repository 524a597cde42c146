"""One JSON object per line on stdout, from this service, uvicorn and every library alike."""

import json
import logging
import logging.config
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)

# A second line of defence: nothing logs a credential on purpose, but a library's message or a traceback may.
_SECRETS = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "[token]"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"',]+"), r"\1[token]"),
    (re.compile(r"\bsk-[\w-]{8,}"), "[key]"),
    (re.compile(r"(\w://[^:/@\s]*:)[^@\s]+@"), r"\1[password]@"),
    (re.compile(r"(?i)(password\s*[=:]\s*)[^\s,;&]+"), r"\1[password]"),
)


def redact(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def first_line(error: BaseException) -> str:
    """What went wrong, without the statement and the hints that drivers add below it."""
    original = getattr(error, "orig", None) or error
    return str(original).strip().partition("\n")[0] or type(original).__name__


class JsonFormatter(logging.Formatter):
    """Fields: timestamp (UTC), level, message, module, request_id, trace_id, then those of `extra={"data": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": redact(record.getMessage()),
            "module": record.name,
            "request_id": request_id.get(),
            "trace_id": trace_id.get(),
        }
        data = getattr(record, "data", None)
        if isinstance(data, dict):
            line.update({key: redact(value) if isinstance(value, str) else value for key, value in data.items()})
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def config(level: str) -> dict[str, Any]:
    """A logging.config dictionary; uvicorn takes the same one for its supervisor and workers."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "src.logs.JsonFormatter"}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.error": {"handlers": [], "propagate": True},
            # The request log of src/api/requests.py stands in for it: with the request id, without the query string.
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "alembic": {"level": "WARNING"},
            # At INFO these write a line for each call of the model or of a tool.
            "httpx": {"level": "WARNING"},
            "openai": {"level": "WARNING"},
            "mcp": {"level": "WARNING"},
        },
    }


def configure(level: str) -> None:
    logging.config.dictConfig(config(level))
