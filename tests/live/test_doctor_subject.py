"""`drill doctor --subject` tries an application through both edges, and says which answers a drill cannot work with."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.cli.trial import try_edge
from harness.drill.options import resolve
from harness.world.diagnosis import Diagnosis, State

pytestmark = [pytest.mark.live, pytest.mark.beside]

PRIMARY, STANDBY = "us-east-1", "us-west-2"


class Application(BaseHTTPRequestHandler):
    """Answers as `mode` says: well | forgets | old-value | garbage | refuses | breaks | hangs-up."""

    mode = "well"
    items: dict[str, str]

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.items[self.path] = body["value"]
        self._answer(200, {})

    def do_GET(self) -> None:
        value = self.items.get(self.path)
        if self.mode == "old-value":
            value = "something else"
        if value is None or self.mode == "forgets":
            self._answer(404, {})
        else:
            self._answer(200, ["garbage"] if self.mode == "garbage" else {"value": value})

    def do_DELETE(self) -> None:
        self.items.pop(self.path, None)
        self._answer(200, {})

    def _answer(self, status: int, body: object) -> None:
        if self.mode == "hangs-up":
            return
        status = {"refuses": 503, "breaks": 500}.get(self.mode, status)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def application(mode: str) -> Iterator[tuple[str, int]]:
    handler = type("Handler", (Application,), {"mode": mode, "items": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield ("127.0.0.1", server.server_port)
        finally:
            server.shutdown()
            thread.join()


def tried(mode: str, region: str) -> dict[str, Diagnosis]:
    """Diagnosis by method."""
    with application(mode) as address:
        found = try_edge(resolve({}, {}, Path.cwd(), 7), region, address).rows
        return {finding.what.split()[0]: finding for finding in found}


def states(mode: str, region: str) -> list[State]:
    return [finding.state for finding in tried(mode, region).values()]


@pytest.mark.parametrize("region", [PRIMARY, STANDBY])
def test_an_application_that_works_passes_and_gives_back_what_was_put(region: str) -> None:
    found = tried("well", region)
    assert [finding.state for finding in found.values()] == [State.OK] * 3
    assert found["GET"].text == "200, what was put"


@pytest.mark.parametrize("mode", ["forgets", "old-value", "garbage"])
@pytest.mark.parametrize("region", [PRIMARY, STANDBY])
def test_a_read_that_does_not_give_back_what_was_put_fails(mode: str, region: str) -> None:
    assert states(mode, region) == [State.OK, State.FAIL, State.OK]


def test_a_standby_that_refuses_is_fine_and_a_primary_that_does_is_not() -> None:
    assert states("refuses", STANDBY) == [State.OK] * 3
    assert states("refuses", PRIMARY) == [State.FAIL] * 3


@pytest.mark.parametrize("mode", ["breaks", "hangs-up"])
def test_a_standby_that_breaks_is_a_warning_and_a_primary_that_does_fails(mode: str) -> None:
    assert states(mode, STANDBY) == [State.WARN] * 3
    assert states(mode, PRIMARY) == [State.FAIL] * 3
