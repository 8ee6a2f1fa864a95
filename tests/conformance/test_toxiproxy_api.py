"""The HTTP API as toxiproxy-python and plain HTTP see it, on our server and on a real one: they must agree."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import toxiproxy
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

pytestmark = [pytest.mark.live, pytest.mark.beside]

UPSTREAM = "127.0.0.1:9"
NAME = "storefront.us-east-1->us-west-2:dynamodb"


@pytest.fixture(scope="module")
def embedded() -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "harness.parts.links.toxiproxy", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            host, port = json.loads(process.stdout.readline())["api"]
            yield host, port
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.fixture(params=["embedded", "real"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    if request.param == "embedded":
        host, port = request.getfixturevalue("embedded")
    else:
        parts = urlsplit(request.getfixturevalue("real_toxiproxy"))
        host, port = parts.hostname, parts.port
    yield host, port
    for name in call((host, port), "GET", "/proxies")[1]:
        call((host, port), "DELETE", f"/proxies/{name}")


@pytest.fixture
def library(server: tuple[str, int]) -> Iterator[toxiproxy.Toxiproxy]:
    usual = APIConsumer.host, APIConsumer.port
    client = toxiproxy.Toxiproxy()
    client.update_api_consumer(*server)
    yield client
    client.update_api_consumer(*usual)


def call(server: tuple[str, int], method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Status and decoded answer. The path goes onto the wire as it is given. body: JSON, or text as it is."""
    connection = http.client.HTTPConnection(*server, timeout=5)
    try:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        connection.request(method, path, text)
        answer = connection.getresponse()
        content = answer.read().decode()
        return answer.status, json.loads(content) if content.startswith(("{", "[")) else content
    finally:
        connection.close()


def test_library_creates_lists_and_destroys_a_proxy(library: toxiproxy.Toxiproxy) -> None:
    proxy = library.create(name=NAME, upstream=UPSTREAM)
    assert proxy.enabled
    assert proxy.listen.startswith("127.0.0.1:")
    assert not proxy.listen.endswith(":0")
    assert set(library.proxies()) == {NAME}
    assert library.get_proxy(NAME).upstream == UPSTREAM
    assert library.destroy(proxy)
    assert library.proxies() == {}


def test_library_is_refused_a_name_that_is_taken(library: toxiproxy.Toxiproxy) -> None:
    library.create(name="twice", upstream=UPSTREAM)
    with pytest.raises(ProxyExists):
        library.create(name="twice", upstream=UPSTREAM)
    with pytest.raises(ProxyExists, match="proxy already exists"):
        APIConsumer.post("/proxies", json={"name": "twice", "upstream": UPSTREAM})


def test_library_adds_and_removes_every_toxic(library: toxiproxy.Toxiproxy) -> None:
    proxy = library.create(name=NAME, upstream=UPSTREAM)
    attributes = {
        "latency": {"latency": 100, "jitter": 5},
        "bandwidth": {"rate": 64},
        "slow_close": {"delay": 10},
        "timeout": {"timeout": 0},
        "reset_peer": {"timeout": 20},
        "slicer": {"average_size": 10, "size_variation": 2, "delay": 5},
        "limit_data": {"bytes": 1000},
    }
    for kind, given in attributes.items():
        proxy.add_toxic(type=kind, stream="upstream", attributes=given, toxicity=0.5)
    toxics = proxy.toxics()
    assert {toxic.type: toxic.attributes for toxic in toxics.values()} == attributes
    assert {toxic.toxicity for toxic in toxics.values()} == {0.5}
    assert proxy.get_toxic("latency_upstream").stream == "upstream"
    for name in toxics:
        assert proxy.destroy_toxic(name)
    assert proxy.toxics() == {}


def test_library_takes_a_proxy_down_and_brings_it_back(library: toxiproxy.Toxiproxy) -> None:
    proxy = library.create(name=NAME, upstream=UPSTREAM)
    with proxy.down():
        assert not library.get_proxy(NAME).enabled
    assert library.get_proxy(NAME).enabled
    assert library.get_proxy(NAME).listen == proxy.listen


def test_library_resets(library: toxiproxy.Toxiproxy) -> None:
    proxy = library.create(name=NAME, upstream=UPSTREAM)
    proxy.add_toxic(type="latency", attributes={"latency": 10})
    proxy.disable()
    assert library.reset()
    assert library.get_proxy(NAME).enabled
    assert proxy.toxics() == {}


def test_library_learns_of_errors(library: toxiproxy.Toxiproxy) -> None:
    proxy = library.create(name=NAME, upstream=UPSTREAM)
    with pytest.raises(InvalidToxic, match="invalid toxic type"):
        proxy.add_toxic(type="imaginary")
    with pytest.raises(NotFound, match="toxic not found"):
        proxy.destroy_toxic("imaginary")
    assert library.running()
    assert b"version" in library.version()


def test_library_populates(library: toxiproxy.Toxiproxy) -> None:
    wanted = [{"name": "a", "upstream": UPSTREAM, "listen": "127.0.0.1:0"}]
    assert [proxy.name for proxy in library.populate(wanted)] == ["a"]


STEPS: list[tuple[str, str, object, int, object]] = [
    ("POST", "/proxies", "", 400, "bad request body: EOF"),
    ("POST", "/proxies", {}, 400, "missing required field: name"),
    ("POST", "/proxies", {"name": "p"}, 400, "missing required field: upstream"),
    ("POST", "/proxies", {"name": "p", "upstream": "x:1", "listen": "nonsense"}, 500, "missing port in address"),
    ("GET", "/proxies/none", None, 404, "proxy not found"),
    ("PATCH", "/proxies/none", {}, 404, "proxy not found"),
    ("DELETE", "/proxies/none", None, 404, "proxy not found"),
    ("GET", "/proxies/none/toxics", None, 404, "proxy not found"),
    ("POST", "/proxies/none/toxics", {"type": "latency"}, 404, "proxy not found"),
    ("GET", "/nowhere", None, 404, "404 page not found"),
    ("PUT", "/proxies", None, 405, ""),
    ("POST", "/populate", "", 400, "bad request body: EOF"),
    ("POST", "/populate", [{"name": "p"}], 400, "missing required field: upstream at proxy 1"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "text"), STEPS)
def test_errors_are_worded_as_toxiproxys(
    server: tuple[str, int], method: str, path: str, body: object, status: int, text: str
) -> None:
    got, answer = call(server, method, path, body)
    assert got == status
    if isinstance(answer, dict):
        assert answer["status"] == status
        answer = answer["error"]
    assert text in answer


def test_toxic_errors_are_worded_as_toxiproxys(server: tuple[str, int]) -> None:
    call(server, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    toxics = "/proxies/p/toxics"
    assert call(server, "POST", toxics, {"type": "latency", "stream": "sideways"}) == (
        400,
        {"error": "stream was invalid, can be either upstream or downstream", "status": 400},
    )
    assert call(server, "POST", toxics, {"type": "latency", "attributes": {"latency": 1.5}})[0] == 400
    assert call(server, "POST", toxics, {"type": "latency"})[1] == {
        "attributes": {"latency": 0, "jitter": 0},
        "name": "latency_downstream",
        "type": "latency",
        "stream": "downstream",
        "toxicity": 1,
    }
    assert call(server, "POST", toxics, {"type": "latency"})[1] == {"error": "toxic already exists", "status": 409}
    assert call(server, "GET", f"{toxics}/none")[1] == {"error": "toxic not found", "status": 404}
    changed = call(server, "PATCH", f"{toxics}/latency_downstream", {"attributes": {"jitter": 3}, "toxicity": 0.25})
    assert changed[1]["attributes"] == {"latency": 0, "jitter": 3}
    assert changed[1]["toxicity"] == 0.25
    assert call(server, "POST", f"{toxics}/latency_downstream", {"attributes": {"latency": 7}})[1]["toxicity"] == 0.25
    assert call(server, "DELETE", f"{toxics}/latency_downstream") == (204, "")


def test_a_busy_port_is_told_and_nothing_is_created(server: tuple[str, int]) -> None:
    status, first = call(server, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    assert status == 201
    status, error = call(server, "POST", "/proxies", {"name": "q", "upstream": UPSTREAM, "listen": first["listen"]})
    assert status == 500
    assert "address already in use" in error["error"]
    assert set(call(server, "GET", "/proxies")[1]) == {"p"}


def test_update_moves_a_proxy_and_keeps_what_is_not_mentioned(server: tuple[str, int]) -> None:
    _, before = call(server, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    _, after = call(server, "PATCH", "/proxies/p", {"upstream": "127.0.0.1:10"})
    assert after["listen"] == before["listen"]
    assert after["upstream"] == "127.0.0.1:10"
    assert after["enabled"] is True
    assert call(server, "POST", "/proxies/p", {"enabled": False})[1]["enabled"] is False


def test_populate_keeps_what_is_alike_and_replaces_what_differs(server: tuple[str, int]) -> None:
    _, proxy = call(server, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    call(server, "POST", "/proxies/p/toxics", {"type": "latency"})
    same = {"name": "p", "upstream": UPSTREAM, "listen": proxy["listen"], "enabled": False}
    status, answer = call(server, "POST", "/populate", [same])
    assert status == 201
    assert [toxic["type"] for toxic in answer["proxies"][0]["toxics"]] == ["latency"]
    assert answer["proxies"][0]["enabled"] is True
    _, answer = call(server, "POST", "/populate", [{**same, "upstream": "127.0.0.1:10"}])
    assert answer["proxies"][0]["toxics"] == []
    assert answer["proxies"][0]["enabled"] is False


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_cannot_carry_are_refused(server: tuple[str, int], number: str) -> None:
    call(server, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    toxic = f'{{"type": "latency", "toxicity": {number}}}'
    populate = f'[{{"name": "q", "upstream": "{UPSTREAM}", "enabled": {number}}}]'
    for path, body in (("/proxies/p/toxics", toxic), ("/populate", populate)):
        status, answer = call(server, "POST", path, body)
        assert (status, answer["error"].startswith("bad request body: ")) == (400, True)
    assert call(server, "GET", "/proxies/p/toxics")[1] == []


ODD_NAMES = [
    "{region}", "{}", "a}b", "{a:[0-9]+}", ".", "..", "a/b", "a%2Fb", "%41", "a b", "?", "#", ";", "&", "+", "\\", '"',
    "<>", "|", "^", "é", "\N{SNOWMAN}", "a\nb", "a\tb", "\x7f", "[x]", "@=*()!$,",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_whatever_a_name_has_it_can_be_reached_again(embedded: tuple[str, int], name: str) -> None:
    quoted = quote(name, safe="").replace(".", "%2E")
    made = call(embedded, "POST", "/proxies", {"name": name, "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    assert (made[0], made[1]["name"]) == (201, name)
    assert call(embedded, "GET", f"/proxies/{quoted}")[1]["name"] == name
    assert call(embedded, "POST", f"/proxies/{quoted}/toxics", {"type": "latency", "name": name})[0] == 200
    assert call(embedded, "PATCH", f"/proxies/{quoted}/toxics/{quoted}", {"toxicity": 0.5})[1]["toxicity"] == 0.5
    assert call(embedded, "DELETE", f"/proxies/{quoted}/toxics/{quoted}")[0] == 204
    assert call(embedded, "DELETE", f"/proxies/{quoted}")[0] == 204
    assert call(embedded, "GET", f"/proxies/{quoted}")[0] == 404


@pytest.mark.parametrize(
    "path",
    [NAME, NAME.replace(">", "%3E"), NAME.replace(">", "%3E").replace(":", "%3A").replace(".", "%2E")],
    ids=["as it is", "quoted", "quoted more than needed"],
)
def test_names_of_links_work_in_paths(server: tuple[str, int], path: str) -> None:
    call(server, "POST", "/proxies", {"name": NAME, "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    assert call(server, "GET", f"/proxies/{path}")[1]["name"] == NAME
    toxic = {"type": "latency", "name": "a->b:c.d"}
    assert call(server, "POST", f"/proxies/{path}/toxics", toxic)[0] == 200
    assert call(server, "GET", f"/proxies/{path}/toxics/a-%3Eb:c.d")[1]["name"] == "a->b:c.d"
    assert call(server, "DELETE", f"/proxies/{path}/toxics/a->b%3Ac.d")[0] == 204
    assert call(server, "DELETE", f"/proxies/{path}")[0] == 204


def test_only_loopback_is_listened_on(embedded: tuple[str, int]) -> None:
    status, answer = call(embedded, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "0.0.0.0:0"})
    assert status == 500
    assert "loopback" in answer["error"]


def test_version_is_the_release_whose_api_this_is(embedded: tuple[str, int]) -> None:
    assert call(embedded, "GET", "/version") == (200, {"version": "2.12.0"})


def test_bulk_actions_report_each_for_itself(embedded: tuple[str, int]) -> None:
    call(embedded, "POST", "/proxies", {"name": "p", "upstream": UPSTREAM, "listen": "127.0.0.1:0"})
    actions = [
        {"do": "add_toxic", "proxy": "p", "toxic": {"type": "latency"}},
        {"do": "disable", "proxy": "absent"},
        {"do": "explode", "proxy": "p"},
        {"do": "disable", "proxy": "p"},
    ]
    status, answer = call(embedded, "POST", "/drill/apply", {"actions": actions})
    assert status == 200
    assert [result.get("status") for result in answer["results"]] == [None, 404, 400, None]
    times = [answer["start_ns"]]
    for result in answer["results"]:
        times += [result["start_ns"], result["until_ns"]]
    assert times == sorted(times)
    assert call(embedded, "GET", "/proxies/p")[1]["enabled"] is False
    call(embedded, "DELETE", "/proxies/p")
