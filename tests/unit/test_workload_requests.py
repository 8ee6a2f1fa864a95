"""Any application can be described: what its requests look like on the wire, and what its answers mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from test_topology_files import EMBEDDED, SUBJECT, refused_subject, written

from harness.history.events import Completion, Invoke
from harness.history.log import pair
from harness.outcome import Outcome
from harness.rendering import Rendered, rendered
from harness.topology.load import load_environment, load_subject
from harness.wire.statuses import codes, within
from harness.witness.client import render
from harness.witness.ledger import Planned
from harness.witness.operation import Answered, Connected, Operation, step
from harness.witness.outcomes import Seen, with_answer
from harness.workload import Request, Workload

OK, FAIL, INFO = Outcome.OK, Outcome.FAIL, Outcome.INFO
ODD = 'a/b c&d="é'
"""An id that a server may make, and that every place writes otherwise."""


def sent(given: dict[str, Any], f: str = "put", key: str = "k1", value: str = "v1", **environ: str) -> Rendered:
    request = Workload.model_validate(given).request(f)  # type: ignore[arg-type]
    assert request is not None
    return rendered(request, {"id": key, "value": value, "amount": "1", "op": "op1"}, environ)


def answered(f: str, status: int, body: object = None, *, headers: dict[str, str] | None = None, **how: Any) -> Seen:
    request = Request.model_validate({"method": "GET", "path": "/{id}", **how})
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return with_answer(f, status, headers or {}, data, request)  # type: ignore[arg-type]


# --- what is sent ---


def test_headers_of_the_workload_and_of_one_request() -> None:
    put = {"method": "POST", "path": "/write", "body": "{id}{value}", "headers": {"x-tenant": "t2", "X-Op": "{op}"}}
    found = sent({"headers": {"X-Api-Key": "k1", "X-Tenant": "t1"}, "put": put})
    assert found.headers == {
        "X-Api-Key": "k1",
        "x-tenant": "t2",
        "X-Op": "op1",
        "Accept": "*/*",
        "Content-Type": "application/json",
    }


def test_an_applications_own_host_accept_and_content_type_replace_ours() -> None:
    given = {"headers": {"Host": "internal.test", "accept": "text/plain", "content-type": "text/csv"}}
    found = sent(given)
    assert found.host == "internal.test"
    assert found.headers == {"accept": "text/plain", "content-type": "text/csv"}


def test_a_secret_is_taken_from_the_environment_where_bytes_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    workload = Workload.model_validate(
        {"headers": {"Authorization": "Bearer ${env:SHOP_KEY}", "X": {"env": "SHOP_KEY"}}}
    )
    assert "s3cret" not in workload.model_dump_json()
    request = workload.request("get")
    assert request is not None
    wire = render(request, "app.test", Planned("op", 0, "get", "k", None), keepalive=False).decode()
    assert "Authorization: Bearer s3cret\r\n" in wire
    assert "X: s3cret\r\n" in wire


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", '{"v": "{value}"}', b'{"v": "a/b c&d=\\"\\u00e9"}'),
        ("application/vnd.shop+json", '{"v": "{value}"}', b'{"v": "a/b c&d=\\"\\u00e9"}'),
        ("application/x-www-form-urlencoded", "v={value}&w=1", b"v=a%2Fb+c%26d%3D%22%C3%A9&w=1"),
        ("text/xml", "<v>{value}</v>", "<v>a/b c&amp;d=&quot;é</v>".encode()),
        ("text/plain", "{value}", ODD.encode()),
    ],
)
def test_a_value_is_written_as_the_content_type_wants_it(content_type: str, body: str, expected: bytes) -> None:
    put = {"method": "PUT", "path": "/{id}", "content_type": content_type, "body": body}
    assert sent({"put": put}, value=ODD).body == expected


def test_a_mapping_is_sent_as_json_or_as_a_form() -> None:
    body = {"Item": {"Data": "{value}", "n": 3}, "by": "{amount}"}
    put: dict[str, Any] = {"method": "POST", "path": "/{id}", "body": body}
    assert json.loads(sent({"put": put}, value=ODD).body or b"") == {"Item": {"Data": ODD, "n": 3}, "by": 1}
    form = put | {"body": {"id": "{id}", "data": "{value}"}, "content_type": "application/x-www-form-urlencoded"}
    assert parse_qsl((sent({"put": form}, value=ODD).body or b"").decode()) == [("id", "k1"), ("data", ODD)]


def test_base_path_query_and_ids_in_paths_are_percent_encoded() -> None:
    get = {"method": "GET", "path": "/things/{id}?v=1", "query": {"tenant id": "a b", "again": "{id}"}}
    put = {"method": "PUT", "path": "/things/{id}", "body": "{value}"}
    path = sent({"base": "/shop/v1/", "get": get, "put": put}, "get", key=ODD).path
    parts = urlsplit(path)
    assert parts.path == "/shop/v1/things/a%2Fb%20c%26d%3D%22%C3%A9"
    assert parse_qsl(parts.query) == [("v", "1"), ("tenant id", "a b"), ("again", ODD)]


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    put = {"method": "PUT", "path": "/{id}", "body": "{id} {value}", "content_type": "text/plain"}
    assert sent({"put": put}, key="{value}", value="${env:HOME}", HOME="/root").body == b"{value} ${env:HOME}"


def test_a_post_without_a_body_has_a_length() -> None:
    request = Request(method="POST", path="/counters/{id}/add")
    wire = render(request, "app.test", Planned("op", 0, "add", "k", "1"), keepalive=False)
    assert b"Content-Length: 0\r\n" in wire


# --- operations that do not exist ---


@pytest.mark.parametrize(
    ("given", "functions"),
    [
        ({}, {"put", "get", "delete"}),
        ({"headers": {"A": "b"}}, {"put", "get", "delete"}),
        ({"delete": None}, {"put", "get"}),
        ({"put": {"method": "PUT", "path": "/"}, "get": {"method": "GET", "path": "/"}}, {"put", "get"}),
        ({"get": {"method": "GET", "path": "/"}}, {"put", "get", "delete"}),
        ({"put": None, "delete": None}, {"get"}),
        ({"add": {"method": "POST", "path": "/{id}"}}, {"put", "get", "delete", "add"}),
    ],
)
def test_which_operations_an_application_has(given: dict[str, Any], functions: set[str]) -> None:
    workload = Workload.model_validate(given)
    assert workload.functions == functions
    assert Workload.model_validate(workload.model_dump(mode="json")) == workload, "as the witness is told"


# --- what is answered ---


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (answered("put", 200), Seen(OK)),
        (answered("put", 200, ok=201), Seen(INFO)),
        (answered("put", 201, ok=[200, 201]), Seen(OK)),
        (answered("put", 303, ok=["2xx", 303]), Seen(OK)),
        (answered("put", 409, ok="200-299,409"), Seen(OK)),
        (answered("put", 301), Seen(INFO)),
        (answered("put", 409), Seen(INFO)),
        (answered("put", 409, refused=409), Seen(FAIL)),
        (answered("add", 503, refused=[409, 503]), Seen(FAIL)),
        (answered("delete", 412, refused="409-412"), Seen(FAIL)),
        (answered("put", 500, refused=409), Seen(INFO)),
        (answered("delete", 404), Seen(FAIL, error="absent")),
        (answered("delete", 404, ok=["2xx", 404]), Seen(OK)),
        (answered("delete", 405), Seen(FAIL)),
        (answered("delete", 200, {"deleted": 0}, absent={"at": "deleted", "equals": 0}), Seen(FAIL, error="absent")),
        (answered("get", 200, {"Item": {"Data": "x"}}, value="/Item/Data"), Seen(OK, v="x")),
        (answered("get", 200, {"Item": {"v": {"S": "x"}}}, value="/Item/v/S"), Seen(OK, v="x")),
        (answered("get", 200, {"Item": {}}, value="/Item/v/S"), Seen(OK)),
        (answered("get", 200, {"Item": None}, value="/Item/v/S"), Seen(OK)),
        (answered("get", 200, {"Items": [], "Count": 0}, value="/Items/0/v"), Seen(OK)),
        (answered("get", 200, {"body": '{"value": "x"}'}, value="/body/value"), Seen(OK, v="x")),
        (answered("get", 200, {"body": "no json"}, value="/body/value"), Seen(INFO, error="garbage")),
        (answered("get", 200, {"value": 12}), Seen(OK, v="12")),
        (answered("get", 200, {"value": True}), Seen(OK, v="true")),
        (answered("get", 200, {"value": ""}), Seen(OK, v="")),
        (answered("get", 200, {"value": ""}, absent={"at": "value", "equals": ""}), Seen(OK)),
        (answered("get", 200, {"found": False}, absent={"at": "/found", "equals": False}), Seen(OK)),
        (answered("get", 200, {"found": 0}, absent={"at": "/found", "equals": False}), Seen(INFO, error="garbage")),
        (answered("get", 503, {"found": False}, absent={"at": "/found", "equals": False}), Seen(INFO)),
        (answered("get", 400, {"code": "NoItem"}, absent={"status": 400, "at": "code", "equals": "NoItem"}), Seen(OK)),
        (answered("get", 400, {"code": "Other"}, absent={"status": 400, "at": "code", "equals": "NoItem"}), Seen(FAIL)),
        (answered("get", 403, absent=403), Seen(OK)),
        (answered("get", 422, absent=["403", 422]), Seen(OK)),
        (answered("get", 200, b"<v>x</v>", pattern="<v>(.*?)</v>"), Seen(OK, v="x")),
        (answered("get", 200, b"x", pattern=".+"), Seen(OK, v="x")),
        (answered("get", 200, b"<e/>", pattern="<v>(.*?)</v>"), Seen(INFO, error="garbage")),
        (answered("get", 200, b"", pattern="(.+)"), Seen(OK)),
    ],
)  # fmt: skip
def test_what_an_answer_means_to_an_application_that_says_how(seen: Seen, expected: Seen) -> None:
    assert seen == expected


@pytest.mark.parametrize(
    ("body", "headers", "place", "key"),
    [
        ({"id": "abc"}, {}, "id", "abc"),
        ({"data": {"ids": [17]}}, {}, "/data/ids/0", "17"),
        (None, {"location": "/items/abc"}, "Location", "abc"),
        (None, {"location": "https://app.test/items/a%2Fb/?x=1"}, {"header": "Location"}, "a/b"),
        (None, {"location": "/items/abc/versions/1"}, {"header": "Location", "pattern": "items/([^/]+)"}, "abc"),
        (None, {"x-item": "abc"}, {"header": "X-Item"}, "abc"),
    ],
)
def test_an_id_that_the_server_made(body: object, headers: dict[str, str], place: Any, key: str) -> None:
    assert answered("put", 201, body, headers=headers, id=place) == Seen(OK, k=key)


@pytest.mark.parametrize("body", [None, {}, {"id": None}, {"id": ""}, {"id": {"x": 1}}, {"other": 1}, b"<html>"])
def test_a_create_that_does_not_say_its_id_is_unknown(body: object) -> None:
    assert answered("put", 201, body, id="id") == Seen(INFO, error="garbage")


def test_history_and_operations_go_by_the_servers_id() -> None:
    request = Request.model_validate({"method": "POST", "path": "/items", "id": "/id"})
    state, _ = step(Operation(Planned("op1", 0, "put", "op1", "op1"), "c", "dns", request), Connected("a"), 1)
    _, (done,) = step(state, Answered(201, {}, b'{"id": 7}'), 2)
    assert (done.completion.k, done.completion.outcome) == ("7", OK)
    invoke = Invoke("op1", 0, "c", "dns", "put", "op1", "op1", 0, 0)
    (operation,) = pair([invoke, done.completion])
    assert operation.invoke.k == "7"
    (unanswered,) = pair([invoke])
    assert unanswered.invoke.k == "op1"


def test_a_delete_that_finds_nothing_is_no_outage_and_no_acknowledgement() -> None:
    done = Completion("op1", 0, "c", "dns", "delete", "k", None, FAIL, 2, status=404, error="absent")
    (operation,) = pair([Invoke("op1", 0, "c", "dns", "delete", "k", None, 0, 0), done])
    assert operation.good
    assert operation.outcome is FAIL


# --- statuses ---


def test_sets_of_statuses() -> None:
    assert codes(("200", "204-206")) == (200, 204, 205, 206)
    assert within(("2xx", "404"), 299)
    assert not within(("2xx",), 300)


def test_a_group_is_one_request_with_two_keys_and_two_values() -> None:
    body = {"items": [{"id": "{id}", "v": "{value}"}, {"id": "{other_id}", "v": "{other_value}"}]}
    workload = Workload.model_validate(
        {"base": "/v1", "headers": {"X-Key": "k"}, "group": {"method": "POST", "path": "/groups", "body": body}}
    )
    assert workload.functions == {"put", "get", "delete"}, "a group is puts"
    request = workload.group_request()
    assert request is not None
    one, other = Planned("g1", 0, "put", "g1", "g1"), Planned("g2", 0, "put", "g2", "g2")
    wire = render(request, "app.test", one, keepalive=False, other=other).decode()
    assert wire.startswith("POST /v1/groups HTTP/1.1\r\n")
    assert "X-Key: k\r\n" in wire
    assert json.loads(wire.partition("\r\n\r\n")[2]) == {"items": [{"id": "g1", "v": "g1"}, {"id": "g2", "v": "g2"}]}
    assert Workload().group_request() is None


# --- what is refused, by file and line ---


@pytest.mark.parametrize(
    ("workload", "line", "text"),
    [
        ("{headers: {X-Key: '${env:NOT_SET_HERE}'}}", 14, "the environment variable NOT_SET_HERE is not set"),
        ("{headers: {X-Key: {env: NOT_SET_HERE}}}", 14, "the environment variable NOT_SET_HERE is not set"),
        ("{headers: {X-Key: '${env:AWS_KEY}'}}", 14, "AWS_KEY is not taken"),
        ("{headers: {X-Key: '${env:TWO_LINES}'}}", 14, "the value of TWO_LINES has a character"),
        ("{headers: {Content-Length: 3}}", 14, "written by the clients themselves"),
        ("{headers: {X-Forwarded-Proto: https}}", 14, "`scheme: https`"),
        ("{put: {method: POST, path: /items, body: '{value}'}}", 14, "{id} stands nowhere"),
        ("{put: {method: PUT, path: '/items/{id}'}}", 14, "{value} stands nowhere"),
        ("{get: {method: GET, path: /items}}", 14, "{id} stands nowhere"),
        ("{get: {method: GET, path: '/{tenant}/{id}'}}", 14, "{tenant} is unknown; there are: {id}"),
        ("{put: null, get: null, delete: null}", 14, "needs one of put, get and add"),
        ("{get: {method: GET, path: '/{id}', ok: [2000]}}", 14, "'2000' is no status"),
        ("{get: {method: GET, path: '/{id}', ok: [200, 409], refused: 4xx}}", 14, "409: cannot stand in `ok` and in"),
        ("{get: {method: GET, path: '/{id}', refused: 409}}", 14, "a read has no effect in any case"),
        ("{get: {method: GET, path: '/{id}', pattern: '('}}", 14, "is no regular expression"),
        ("{group: {method: POST, path: '/{id}', body: '{value} {other_id}'}}", 14, "{other_value} stands nowhere"),
        ("{group: {method: POST, path: '/{amount}', body: ''}}", 14, "{amount} is unknown; there are: {id}"),
        ("{group: {method: POST, path: '/', body: '{id}{value}{other_id}{other_value}', id: x}}", 14, "clients name"),
        ("{put: {method: PUT, path: '/{id}{other_id}', body: '{value}'}}", 14, "{other_id} is unknown"),
        ("{content_type: text/csv, put: {method: PUT, path: '/', body: {'{id}': '{value}'}}}", 14, "is text/csv"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_workload(
    workload: str, line: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWO_LINES", "s3cret\nX: y")
    problems = refused_subject(tmp_path, SUBJECT + f"workload: {workload}\n")
    assert any(text in told for _, told in problems), problems
    assert "s3cret" not in str(problems)


def test_a_variable_in_a_command_would_be_seen_by_everybody(tmp_path: Path) -> None:
    text = SUBJECT.replace("port_env: PORT", "port_env: PORT\n    env: {KEY: '${env:HOME}'}")
    assert load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
    problems = refused_subject(tmp_path, text.replace("command: [", "command: ['${env:HOME}', ", 1))
    assert any("by everybody who lists processes" in told for _, told in problems)
