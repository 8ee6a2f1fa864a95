"""The reference's DynamoDB client on connections that have gone silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reference.dynamo import CallFailed, Client

pytestmark = [pytest.mark.live, pytest.mark.beside]
CONNECTIONS = 3


class Region(ThreadingHTTPServer):
    """Answers every call with {}; after `cut`, connections from before it are silent, and new ones work."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.together = threading.Barrier(CONNECTIONS)
        self.cuts = 0
        self.over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One connection, which knows how many cuts there were when it was opened."""

    protocol_version = "HTTP/1.1"
    server: Region

    def setup(self) -> None:
        super().setup()
        self.opened_after = self.server.cuts

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.opened_after < self.server.cuts:
            self.server.over.wait(10)
            self.close_connection = True
            return
        self.server.together.wait(10)  # so that no connection is used twice
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> Iterator[Region]:
    server = Region()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


def call_together(client: Client) -> None:
    """As many calls at once as there are connections in the pool."""
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(lambda _: client.call("list_tables"), range(CONNECTIONS)))


def test_a_region_that_comes_back_costs_one_time_out_and_not_one_for_each_pooled_connection(region: Region) -> None:
    client = Client("us-east-1", timeout_s=1.0, connections=CONNECTIONS)
    call_together(client)
    region.cuts += 1
    with pytest.raises(CallFailed) as failed:
        client.call("list_tables")
    assert failed.value.code == "ReadTimeoutError"
    call_together(client)
    client.close()


def test_connections_that_were_given_up_are_not_used_again(region: Region) -> None:
    client = Client("us-east-1", timeout_s=1.0, connections=CONNECTIONS)
    call_together(client)
    region.cuts += 1
    client.forget_connections()
    call_together(client)
    client.close()
