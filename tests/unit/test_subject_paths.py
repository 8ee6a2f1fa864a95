"""Paths of a subject file in any script: they are asked for as they are meant, or refused by file and line."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from test_topology_files import EMBEDDED, SUBJECT, refused_subject, written

from harness.engines.dns.zone import parse_health_check
from harness.engines.health_checks.checker import Limits
from harness.engines.health_checks.route53 import request_for
from harness.parts.edge.load_balancer.config import Target
from harness.parts.edge.load_balancer.health import ask
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Subject
from harness.witness.canaries import http_request
from harness.witness.client import render
from harness.witness.ledger import Planned
from harness.witness.models import HttpCanary, Workload
from harness.world.components.subject import _answers

OPERATIONS = ("put", "get", "delete")
PLACES = {
    "health": ("components.1.health", 12),
    "edge_health": ("components.1.edge_health", 12),
    "ready": ("components.1.ready", 12),
    "put": ("workload.put.path", 17),
    "get": ("workload.get.path", 17),
    "delete": ("workload.delete.path", 17),
}
PATHS = ["/gesund-prüfung", "/健康/チェック?鍵=値", "/здоровье", "/😀", "/caf\u0065\u0301", "/\u0080\u009f", "/ü%C3%BC"]


def written_as(text: str) -> str:
    """Quoted for YAML, which takes JSON's escapes, save those of a character beyond the first 65,536."""
    return json.dumps(text, ensure_ascii=max(map(ord, text)) < 0x10000)


def text_with(place: str, path: str) -> str:
    quoted = written_as(path)
    if place in OPERATIONS:
        return SUBJECT + f"workload:\n  {place}:\n    method: PUT\n    path: {quoted}\n    body: '{{id}}{{value}}'\n"
    return SUBJECT.replace("    port_env: PORT\n", f"    port_env: PORT\n    {place}: {quoted}\n")


def loaded(folder: Path, place: str, path: str) -> Subject:
    return load_subject(written(folder, text_with(place, path), "subject.yaml"), load_environment(EMBEDDED))


class Server:
    """An HTTP server that notes what it is asked for."""

    def __init__(self) -> None:
        asked: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.asked = asked
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address: tuple[str, int] = ("127.0.0.1", self.http.server_address[1])


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def request_path(request: bytes) -> str:
    method, path, version = request.split(b"\r\n")[0].decode("ascii").split(" ")
    assert (method, version) == ("PUT", "HTTP/1.1")
    return path


@pytest.mark.parametrize("path", PATHS)
def test_every_health_check_asks_for_the_path_that_was_written(tmp_path: Path, server: Server, path: str) -> None:
    meant = unquote(path)

    subject = loaded(tmp_path, "ready", path)
    assert _answers(server.address, subject.application.ready_path)
    assert unquote(server.asked.pop()) == meant

    subject = loaded(tmp_path, "health", path)
    assert asyncio.run(ask(Target(id="app", address=server.address, health_path=subject.application.health))) == 200
    assert unquote(server.asked.pop()) == meant

    subject = loaded(tmp_path, "edge_health", path)
    config = {"Type": "HTTP", "IPAddress": "127.0.0.1", "ResourcePath": subject.application.edge_health_path}
    check = parse_health_check({"Id": "c", "HealthCheckConfig": config})
    payload = request_for(check, server.address, Limits(10**9, 10**9, 10**9)).payload
    assert unquote(payload.split(b" ")[1].decode("ascii")) == meant

    canary = HttpCanary(
        link="canary->a:http", address=server.address, kind="http", path=subject.application.edge_health_path
    )
    assert unquote(http_request(canary).split(b" ")[1].decode("ascii")) == meant


@pytest.mark.parametrize("place", OPERATIONS)
@pytest.mark.parametrize("path", PATHS)
def test_the_witness_asks_for_the_path_that_was_written(tmp_path: Path, place: str, path: str) -> None:
    template = path + ("&" if "?" in path else "?") + "schlüssel={id}&wert={value}"
    mapping = loaded(tmp_path, place, template).workload.model_dump(exclude_none=True)
    request = getattr(Workload.model_validate(mapping), place)
    planned = Planned("op", 0, "put", "key-1", "value-1")
    sent = request_path(render(request, "app.example.com", planned, keepalive=False))
    assert unquote(sent) == unquote(template).replace("{id}", "key-1").replace("{value}", "value-1")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("path", ["/health", "/a%20b/%C3%BC?x=1&y=2", "/{id}/{value}", "/a;b=c@d:e!$&'()*+~[0]|<>"])
def test_a_path_of_ascii_stays_as_it_is(tmp_path: Path, place: str, path: str) -> None:
    subject = loaded(tmp_path, place, path)
    found = getattr(subject.workload, place).path if place in OPERATIONS else getattr(subject.application, place)
    assert found == path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/a\x00b", "control character, which no request can carry; if it is meant: %00"),
        ("/a\x1bb", "control character, which no request can carry; if it is meant: %1B"),
        ("/a\x7f", "control character, which no request can carry; if it is meant: %7F"),
        ("/a b", "begins with /, and has no white space"),
        ("/a\r\nHost: b", "begins with /, and has no white space"),
        ("/a\u00a0b", "begins with /, and has no white space"),
        ("/a\ud800", "half of a surrogate pair"),
        ("ü", "begins with /, and has no white space"),
    ],
)  # fmt: skip
def test_a_path_that_cannot_be_sent_is_refused_by_file_and_line(
    tmp_path: Path, place: str, path: str, why: str
) -> None:
    where, line = PLACES[place]
    ((found_line, text),) = refused_subject(tmp_path, text_with(place, path))
    assert found_line == line
    assert text.startswith(f"{where}: ")
    assert why in text


def test_a_path_that_was_loaded_is_loaded_again_unchanged(tmp_path: Path) -> None:
    subject = loaded(tmp_path, "health", "/gesund-ü%C3%BC")
    assert Subject.model_validate_json(subject.model_dump_json()) == subject.model_copy(update={"folder": Path()})


@pytest.mark.parametrize("body", ['{"wert": "{value}", "größe": "😀"}', "{value}"])
def test_a_body_in_any_script_is_sent_as_utf8(tmp_path: Path, body: str) -> None:
    text = SUBJECT + f"workload:\n  put: {{method: PUT, path: '/x/{{id}}', body: {written_as(body)}}}\n"
    subject = load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
    workload = Workload.model_validate(subject.workload.model_dump(exclude_none=True))
    sent = render(workload.put, "app", Planned("op", 0, "put", "k", "v"), keepalive=False)
    expected = body.replace("{value}", "v").encode()
    assert sent.endswith(b"\r\n\r\n" + expected)
    assert f"Content-Length: {len(expected)}".encode() in sent
