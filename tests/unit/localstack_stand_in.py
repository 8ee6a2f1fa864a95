"""A LocalStack to look at: its health page as a test wants it, and the few calls that are made before it is used."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AMAZONS = "Cannot do operations on a non-existent table"
OTHERS = "Requested resource not found"
RUNNING = {"dynamodb": "running", "dynamodbstreams": "running"}


class StandIn:
    """health: answers of the health page in order, the last one for ever: states of services, a status, or None for a
    connection that ends without an answer."""

    def __init__(self, health: Sequence[Any] = (RUNNING,), missing: str = OTHERS, in_docker: bool = False) -> None:
        self.health = list(health)
        self.missing = missing
        self.in_docker = in_docker
        self.asked: list[str] = []

    def next_health(self) -> Any:
        return self.health.pop(0) if len(self.health) > 1 else self.health[0]


@contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[int]:
    """Its port, while it serves."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stand_in.asked.append(self.path)
            if self.path == "/_localstack/info":
                self.tell(200, {"version": "4.14.0", "is_docker": stand_in.in_docker})
                return
            state = stand_in.next_health() if self.path == "/_localstack/health" else 404
            if state is None:
                self.close_connection = True
            elif isinstance(state, int):
                self.tell(state, {})
            else:
                self.tell(200, {"services": state, "edition": "community", "version": "4.14.0"})

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            stand_in.asked.append(operation)
            self.rfile.read(int(self.headers["Content-Length"]))
            if operation == "ListTables":
                self.tell(200, {"TableNames": []})
            else:
                self.tell(400, {"__type": "ResourceNotFoundException", "message": stand_in.missing})

        def tell(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
