"""Works, and prints about ten megabytes a second to both streams."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

items: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    """Keeps the items in memory: enough for a process that is not tested for its data."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        value = items.get(self.path)
        if self.path == "/health":
            self.answer(200, {})
        elif value is None:
            self.answer(404, {})
        else:
            self.answer(200, {"value": value})

    def do_PUT(self) -> None:
        items[self.path] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["value"]
        self.answer(200, {})

    def do_DELETE(self) -> None:
        items.pop(self.path, None)
        self.answer(200, {})

    def answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


def flood() -> None:
    line = "all is well, " * 80 + "\n"
    while True:
        for _ in range(1000):
            sys.stdout.write(line)
            sys.stderr.write(line)
        time.sleep(0.2)


threading.Thread(target=flood, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
