"""What happens around every request: its ids, its log line, its metrics, its largest body, its unexpected errors."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src import metrics, problems
from src.logs import request_id, trace_id

log = logging.getLogger(__name__)

ID_HEADER = "x-request-id"
# Nothing a client invents reaches the log unchecked.
ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context: version, trace id, parent id, flags; a later version may add more after them.
TRACE_HEADER = "traceparent"
TRACE_PATTERN = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
MAX_BODY_BYTES = 1024 * 1024
# Asked every few seconds: in the log at DEBUG only.
PROBES = frozenset({"/health", "/ready"})


# As long as the fronts ask for (their server/policy.ts). It says nothing about the subdomains of the API's host.
HSTS = "max-age=31536000"


class RequestContext:
    """https tells that clients reach the API over it: then they are told never to try plain http again."""

    def __init__(self, app: ASGIApp, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        given = headers.get(ID_HEADER, "")
        current = given if ID_PATTERN.fullmatch(given) else uuid4().hex
        token = request_id.set(current)
        trace_token = trace_id.set(trace_of(headers))
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer[ID_HEADER] = current
                if self._https:
                    answer["strict-transport-security"] = HSTS
            await send(message)

        try:
            with metrics.in_flight():
                await self._app(scope, limited(receive, headers), send_with_id)
        except Exception:
            log.exception("unexpected error")
            if status == 0:
                await problems.internal_error()(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            metrics.observe(scope, status, seconds)
            self._log(scope, status, seconds)
            trace_id.reset(trace_token)
            request_id.reset(token)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        # Without the query string: people put tokens there.
        level = logging.DEBUG if scope["path"] in PROBES else logging.INFO
        data = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(seconds * 1000, 1)}
        log.log(level, "request", extra={"data": data})


def trace_of(headers: Headers) -> str | None:
    """The trace this request belongs to; None when the header is absent or not what the standard says."""
    given = TRACE_PATTERN.fullmatch(headers.get(TRACE_HEADER, ""))
    # Version 00 has no fifth field.
    return None if given is None or (given.group(2) and given.group(0).startswith("00")) else given.group(1)


def limited(receive: Receive, headers: Headers) -> Receive:
    """Refuse a body over MAX_BODY_BYTES before it fills the pod's memory."""
    declared = headers.get("content-length", "")
    seen = int(declared) if declared.isdecimal() else 0
    if seen <= MAX_BODY_BYTES:
        seen = 0  # count what really arrives

    async def receive_limited() -> Message:
        nonlocal seen
        if seen <= MAX_BODY_BYTES:
            message = await receive()
            seen += len(message.get("body", b""))
            if seen <= MAX_BODY_BYTES:
                return message
        raise HTTPException(413, f"The request body is larger than {MAX_BODY_BYTES} bytes.")

    return receive_limited
