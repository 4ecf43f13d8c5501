"""An OpenAI-compatible server on loopback that misbehaves as it is told to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What goes over the wire; a `length` beyond the body is a connection that is cut."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    wait: float = 0.0


def said(text: str | None, finish: str = "stop", tokens: int | None = 5, **more: Any) -> Answer:
    """A chat completion as servers write it."""
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "tiny-2026-11-01",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish,
            }
        ],
        **more,
    }
    if tokens is not None:
        completion["usage"] = {"prompt_tokens": 40, "completion_tokens": tokens}
    return Answer(json.dumps(completion).encode())


def refused(status: int, message: str, **more: Any) -> Answer:
    """An error as servers write it."""
    return Answer(json.dumps({"error": {"message": message, **more}}).encode(), status)


Behaviour = Callable[[int, dict[str, Any]], Answer]


@dataclass
class ChatServer:
    """A running server: what it does with its n-th request, and what it was sent."""

    behave: Behaviour
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def chat_server(behave: Behaviour | None = None) -> Iterator[ChatServer]:
    state = ChatServer(behave or (lambda number, body: said("hello")))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                number = len(state.bodies)
                state.bodies.append(body)
                state.headers.append({n.lower(): v for n, v in self.headers.items()})
                state.at_once += 1
                state.most_at_once = max(state.most_at_once, state.at_once)
            answer = state.behave(number, body)
            time.sleep(answer.wait)
            with state.lock:
                state.at_once -= 1
            self.send_response(answer.status)
            for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                self.send_header(name, value)
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except ConnectionError:  # the client had enough
                self.close_connection = True
            if length > len(answer.body):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()
