"""What clients wrote to a stack that is not ours is read back through each place's own address."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import subject

from harness.parts.regions.external import part as regions
from harness.parts.regions.external.part import External
from harness.parts.regions.external.spec import External as Spec
from harness.topology.environment import Environment
from harness.topology.timing import Profile, Timing
from harness.world.part import Blueprint
from harness.world.regions import scanned

PLACES = {"us-east-1": "127.0.1.11", "us-west-2": "127.0.2.11"}


class Holding(BaseHTTPRequestHandler):
    """A place's application. items: what it holds; status: what it answers to every read instead."""

    items: dict[str, str]
    status: int | None
    asked: list[str]

    def do_GET(self) -> None:
        key = self.path.rpartition("/")[2]
        self.asked.append(key)
        body = json.dumps({"value": self.items.get(key)}).encode()
        self.send_response(self.status or (200 if key in self.items else 404))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving(host: str, port: int, items: dict[str, str], status: int | None = None) -> Iterator[Any]:
    handler = type("Here", (Holding,), {"items": items, "status": status, "asked": []})
    server = ThreadingHTTPServer((host, port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield SimpleNamespace(handler=handler, port=server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class World:
    """Two places that hold something, and their two databases as the harness has them."""

    def __init__(self, stack: ExitStack, folder: Path, held: dict[str, dict[str, str]], status: int | None = None):
        primary = stack.enter_context(serving(PLACES["us-east-1"], 0, held["us-east-1"]))
        standby = stack.enter_context(serving(PLACES["us-west-2"], primary.port, held["us-west-2"], status))
        self.handlers = {"us-east-1": primary.handler, "us-west-2": standby.handler}
        environment = Environment.model_validate(
            {
                "environment": "staging",
                "places": [{"name": "us-east-1", "role": "primary"}, {"name": "us-west-2", "role": "standby"}],
                "edge": {"port": primary.port},
                "platform": {"kind": "external", "hosts": list(PLACES.values()), "rate_max_per_s": 2_000},
                "load_balancer": {"kind": "external", "addresses": PLACES},
                "objectives": {"fast": {"rto_s": 20}, "production": {"rto_s": 150}},
            }
        )
        keys = folder / "noted.keys"
        keys.write_text("drill-1\ndrill-2\n")
        self.subject = subject()
        self.regions = regions.build(Blueprint(environment, self.subject, Timing(Profile.FAST)), Spec())
        net: Any = SimpleNamespace(of=lambda _: [SimpleNamespace(written=keys)])
        for region in self.regions:
            region.connect(net)

    def read(self) -> dict[str, Any]:
        return {region.region: scanned(region, self.subject.tables) for region in self.regions}

    def asked(self, place: str) -> list[str]:
        return list(self.handlers[place].asked)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


BOTH = {"drill-1": "a", "drill-2": "b"}


def test_each_place_is_asked_for_every_key_that_was_noted(stack: ExitStack, tmp_path: Path) -> None:
    world = World(stack, tmp_path, {"us-east-1": {**BOTH, "customer-7": "x"}, "us-west-2": {"drill-1": "a"}})
    table = world.subject.written_table
    assert world.read() == {
        "us-east-1": {table: {"drill-1": "a", "drill-2": "b"}},
        "us-west-2": {table: {"drill-1": "a", "drill-2": None}},
    }


def test_what_both_have_alike_is_asked_for_once(stack: ExitStack, tmp_path: Path) -> None:
    world = World(stack, tmp_path, {"us-east-1": dict(BOTH), "us-west-2": {"drill-1": "a"}})
    world.read()
    world.handlers["us-west-2"].items["drill-2"] = "b"  # it was late
    assert world.read()["us-west-2"] == {world.subject.written_table: dict(BOTH)}
    world.read()
    assert world.asked("us-west-2") == ["drill-1", "drill-2", "drill-2"]


def test_a_place_that_does_not_say_is_not_taken_for_empty(stack: ExitStack, tmp_path: Path) -> None:
    world = World(stack, tmp_path, {"us-east-1": dict(BOTH), "us-west-2": dict(BOTH)}, status=503)
    found = world.read()
    assert found["us-east-1"] == {world.subject.written_table: dict(BOTH)}
    assert found["us-west-2"] == {}
    world.read()
    assert world.asked("us-east-1") == ["drill-1", "drill-2"]  # there is nothing to become alike


def test_a_further_table_is_not_told(stack: ExitStack, tmp_path: Path) -> None:
    world = World(stack, tmp_path, {"us-east-1": dict(BOTH), "us-west-2": dict(BOTH)})
    other = world.subject.tables[0].model_copy(update={"name": "journal"})
    assert isinstance(world.regions[0], External)
    assert world.regions[0].scan(other) is None
