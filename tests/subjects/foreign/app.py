"""An application that accepts writes in any region at any time.

Mistakes on purpose: no lease and no version, so both regions write at once; /health says 200 without asking the
database; SDK time-outs and retries are the defaults, so a call into a black hole holds its client for minutes.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

table = boto3.resource("dynamodb", region_name=os.environ["AWS_REGION"]).Table("items")


class Handler(BaseHTTPRequestHandler):
    """One request at a time for each connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer(200, {"status": os.environ["HEALTH_CHECK_VALUE"]})
        item = table.get_item(Key={"id": self.item_id()}).get("Item")
        return self.answer(200, {"value": item["value"]}) if item else self.answer(404, {})

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        table.put_item(Item={"id": self.item_id(), "value": body["value"]})
        self.answer(200, {})

    def do_DELETE(self) -> None:
        table.delete_item(Key={"id": self.item_id()})
        self.answer(200, {})

    def item_id(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    def answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Region", os.environ["AWS_REGION"])
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
