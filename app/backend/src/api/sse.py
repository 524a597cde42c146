"""Server-sent events from an answer that is being written."""

import asyncio
import contextlib
import json

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from src.chat import Event, Writing

# Proxies close what is silent for a minute; the client sees that the connection lives.
KEEP_ALIVE_SECONDS = 15.0


class EventStream(Response):
    """Ours, because Starlette's notices a client that left only when it has something to send to it."""

    media_type = "text/event-stream"

    def __init__(self, writing: Writing) -> None:
        # no-transform and x-accel-buffering: a proxy that compresses or collects would hold the events back.
        super().__init__(headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._writing = writing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = asyncio.ensure_future(self._stream(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writing.stop()  # does nothing when it is finished
            for task in (streaming, leaving):
                task.cancel()
        with contextlib.suppress(asyncio.CancelledError, OSError):  # OSError: the client left
            await streaming

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while True:
            try:
                event = await asyncio.wait_for(self._writing.events.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                await send(_body(": keep-alive\n\n", more=True))
                continue
            if event is None:
                return await send(_body("", more=False))
            await send(_body(_text(event), more=True))


def _text(event: Event) -> str:
    return f"event: {event.name}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"


def _body(text: str, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
