"""An application that starts others, as some do: a daemon in a session of its own, and a quiet helper.

It keeps its items in memory. Every member of the tree must be gone when the harness is.
"""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAITS = [sys.executable, "-S", "-c", "import time; time.sleep(900)"]
items: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    """The workload's requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        value = items.get(self.path)
        known = self.path == "/health" or value is not None
        self.answer(200 if known else 404, {"value": value})

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


if os.fork() == 0:  # the parent of the daemon, which ends at once
    subprocess.Popen(WAITS, start_new_session=True)
    os._exit(0)
os.wait()
subprocess.Popen(WAITS)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
