"""The subject's environment, and the user's own account, do not reach the harness's own clients."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.engines.aws.clients import RegionClients

pytestmark = [pytest.mark.live, pytest.mark.beside]


class Recorder(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.scopes: list[str] = []


class Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Recorder)
        self.server.scopes.append(self.headers["Authorization"].split("Credential=")[1].split(",")[0])
        body = json.dumps({"TableNames": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_endpoint_proxy_or_profile_in_the_environment_is_not_for_us(
    server: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaks = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "USE_SSL": "1",
        "AWS_PROFILE": "a-profile-that-does-not-exist",
    }
    for name, value in leaks.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for region in ("us-east-1", "us-west-2"):
        client = RegionClients(region, ("127.0.0.1", server.server_address[1])).client("dynamodb")
        assert client.list_tables()["TableNames"] == []
        client.close()
    assert [scope.split("/")[2:4] for scope in server.scopes] == [["us-east-1", "dynamodb"], ["us-west-2", "dynamodb"]]
    assert {name: os.environ[name] for name in leaks} == leaks
