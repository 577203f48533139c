"""The server itself: which address is whose, and how an answer goes out, at once or piece by piece."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.providers import anthropic_format, openai_format
from tests.providers.replies import Failure, Reply

_ROUTES = {
    "/v1/chat/completions": openai_format.chat,
    "/v1/responses": openai_format.responses,
    "/v1/embeddings": openai_format.embeddings,
    "/v1/messages": anthropic_format.messages,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        asked = json.loads(body)
        self.server.requests.append((path, asked))
        reply = _ROUTES[path](asked) if path in _ROUTES else Failure(404, {"error": {"message": "no such address"}})
        if isinstance(reply, Failure):
            self._send(reply.status, json.dumps(reply.body).encode())
        elif asked.get("stream"):
            self._stream(reply)
        else:
            self._send(200, json.dumps(reply.whole).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for name, piece in reply.pieces:
            text = piece if isinstance(piece, str) else json.dumps(piece)
            event = f"event: {name}\n" if name else ""
            content = f"{event}data: {text}\n\n".encode()
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: the clients under test say what goes wrong."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, Any]]] = []


@dataclass(frozen=True)
class ProviderServer:
    """The running server: where it listens, and what it was asked."""

    url: str
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def openai_url(self) -> str:
        """What OpenAI's clients want as base URL."""
        return f"{self.url}/v1"


@contextmanager
def run_provider() -> Iterator[ProviderServer]:
    """Serve on a free port until the end of the block."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield ProviderServer(f"http://127.0.0.1:{server.server_address[1]}", server.requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
