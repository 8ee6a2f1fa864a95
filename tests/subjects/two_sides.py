"""What the sample applications share: two copies of the data in DynamoDB, and HTTP. Not part of the harness.

A write goes to the own region before it is answered, and to the other one at once or in its turn; an older change never
replaces a newer one.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGIONS = (os.environ["PRIMARY_REGION"], os.environ["SECONDARY_REGION"])
HERE = os.environ["AWS_REGION"]
THERE = next(region for region in REGIONS if region != HERE)
_CONFIG = Config(connect_timeout=0.3, read_timeout=0.4, retries={"total_max_attempts": 1}, max_pool_connections=40)
_SILENCE_S = 1.0
"""After a failure the other region is left alone for so long, and gets its changes in their turn."""

Item = dict[str, Any]
DB = {region: boto3.client("dynamodb", region_name=region, config=_CONFIG) for region in REGIONS}


class Store:
    """Items of one table in both regions. copies: whether the other region gets them at all."""

    def __init__(self, table: str, *, copies: bool = True) -> None:
        self._table = table
        self._copies = copies
        self._pool = ThreadPoolExecutor(16)
        self._missed: queue.Queue[tuple[Item, tuple[str, ...], bool, int]] = queue.Queue()
        self._silent_until = 0.0
        if copies:
            threading.Thread(target=self._replay, daemon=True).start()

    def get(self, key: Item) -> Item:
        """The item as this region has it; empty when it has none."""
        item: Item = DB[HERE].get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return item

    def put(self, item: Item, keys: tuple[str, ...], *, present: bool = True) -> None:
        """Write an item, or remove the one that has its keys. Returns once this region has it."""
        version = time.time_ns()
        other = None
        if self._copies and time.monotonic() > self._silent_until:
            other = self._pool.submit(self._write, THERE, item, keys, present, version)
        self._write(HERE, item, keys, present, version)
        if not self._copies:
            return
        try:
            if other is None:
                raise TimeoutError
            other.result(timeout=0.8)
        except (TimeoutError, BotoCoreError, ClientError):
            if other is not None:
                self._silent_until = time.monotonic() + _SILENCE_S
            self._missed.put((item, keys, present, version))

    def _write(self, region: str, item: Item, keys: tuple[str, ...], present: bool, version: int) -> None:
        newer = {
            "ConditionExpression": "attribute_not_exists(v) OR v < :v",
            "ExpressionAttributeValues": {":v": {"N": str(version)}},
        }
        try:
            if present:
                DB[region].put_item(TableName=self._table, Item={**item, "v": {"N": str(version)}}, **newer)
            else:  # in one call: an empty item put first would stay if this process died before it took it away
                DB[region].delete_item(TableName=self._table, Key={name: item[name] for name in keys}, **newer)
        except DB[region].exceptions.ConditionalCheckFailedException:
            pass  # something newer is there

    def _replay(self) -> None:
        while True:
            change = self._missed.get()
            while True:
                try:
                    self._write(THERE, *change)
                    break
                except (BotoCoreError, ClientError):
                    time.sleep(0.3)


class Application(BaseHTTPRequestHandler):
    """Routes go into `answer`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def reply(self, status: int, body: object = None, **headers: str) -> None:
        """Answer in JSON, or with nothing."""
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> bytes:
        """What the request carries."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self) -> None:
        """What a request comes to."""
        raise NotImplementedError

    def _any(self) -> None:
        try:
            self.answer()
        except (BotoCoreError, ClientError) as error:
            self.reply(503, {"error": type(error).__name__})

    do_GET = do_PUT = do_POST = do_DELETE = _any


def serve(application: type[Application], port: int) -> None:
    """For ever."""
    ThreadingHTTPServer.request_queue_size = 128  # callers beyond it would wait a second for the kernel's next attempt
    server = ThreadingHTTPServer(("127.0.0.1", port), application)
    server.daemon_threads = True
    server.serve_forever()
