"""An OpenAI-compatible server that answers what it is told to, over real sockets."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Say:
    """An answer: some text, then some calls of tools as (name, arguments), the arguments a dict or the text itself."""

    text: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200
    # After the text: wait for the model's `go`, or for the caller to hang up.
    hang: bool = False
    # End without the last chunk, as a connection that breaks does.
    cut: bool = False
    # What the ids of the calls begin with.
    ids: str = "call"


type Script = Callable[[list[dict[str, Any]]], Say]


class FakeModel:
    """Answers with the next of `script`; the last one again and again. `asked` has every request's body."""

    def __init__(self) -> None:
        self.script: list[Say | Script] = [Say("Hello.")]
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.hung_up = threading.Event()
        self.go = threading.Event()
        self.url = ""

    def next(self, body: dict[str, Any]) -> Say:
        self.asked.append(body)
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return said if isinstance(said, Say) else said(body["messages"])


def _chunks(said: Say, number: int) -> Iterator[dict[str, Any]]:
    # In small pieces, as real ones come: an argument's name may be cut anywhere.
    for at in range(0, len(said.text), 7):
        yield {"content": said.text[at : at + 7]}
    for index, (name, arguments) in enumerate(said.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call = {"index": index, "id": f"{said.ids}_{number}_{index}", "type": "function"}
        yield {"tool_calls": [call | {"function": {"name": name, "arguments": ""}}]}
        for at in range(0, len(text), 5):
            yield {"tool_calls": [{"index": index, "function": {"arguments": text[at : at + 5]}}]}


def _handler(model: FakeModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            model.keys.add(key)
            said = model.next(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            try:
                if said.status == 200:
                    self.stream(said)
                else:
                    self.refuse(said.status, key)
            except OSError:
                model.hung_up.set()

        def refuse(self, status: int, key: str) -> None:
            # Some providers repeat the key.
            body = json.dumps({"error": {"message": f"hunter2: no, not with {key}", "type": "x", "code": "x"}}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.send_header("retry-after-ms", "10")  # the SDK's one retry, soon
            self.end_headers()
            self.wfile.write(body)

        def stream(self, said: Say) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for delta in _chunks(said, len(model.asked)):
                self.chunk({"index": 0, "delta": delta, "finish_reason": None})
            if said.hang:
                self.wait()
            if said.cut:
                self.close_connection = True
                return
            self.chunk({"index": 0, "delta": {}, "finish_reason": "tool_calls" if said.calls else "stop"})
            self.send(b"data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")

        def wait(self) -> None:
            self.connection.settimeout(0.05)
            while not model.go.is_set():
                try:
                    if self.connection.recv(1) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    continue
            self.connection.settimeout(None)

        def chunk(self, choice: dict[str, Any]) -> None:
            body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": [choice]}
            self.send(f"data: {json.dumps(body)}\n\n".encode())

        def send(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def fake_model(port: int = 0) -> Iterator[FakeModel]:
    model = FakeModel()
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(model))
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model
    finally:
        model.go.set()
        server.shutdown()
        server.server_close()
