"""Works for EXIT_AFTER_SECONDS (8), then dies with exit code 7 in the middle of whatever it does."""

import json
import os
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


def die() -> None:
    time.sleep(float(os.environ.get("EXIT_AFTER_SECONDS", "8")))
    print("out of memory, says the log", flush=True)
    os._exit(7)


threading.Thread(target=die, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
