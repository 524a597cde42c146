"""The Model Context Protocol over streamable HTTP: `POST /mcp`, with the same bearer token as the rest of the API."""

import asyncio
import importlib

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from src.api.deps import not_signed_in, resources, user_of


class _Endpoint:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = ROUTE  # for the metrics; FastAPI's own routes do the same
        request = Request(scope, receive)
        held = resources(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = await user_of(held, token) if scheme.lower() == "bearer" else None
        if user is None:
            raise not_signed_in()
        # Read here, where too large a body becomes a 413 and not an error of the SDK's.
        body: Message | None = {"type": "http.request", "body": await request.body(), "more_body": False}

        async def receive_again() -> Message:
            nonlocal body
            given, body = body, None
            return given if given is not None else await receive()

        # In a thread: only the first call of a worker imports it, and other requests should not wait for that.
        server = await asyncio.to_thread(importlib.import_module, "src.mcp_server")
        await server.answer(held.sessions, user.id, scope, receive_again, send)


# POST only: a stateless server has no messages of its own to send (GET) and no session to end (DELETE).
ROUTE = Route("/mcp", endpoint=_Endpoint(), methods=["POST"])
