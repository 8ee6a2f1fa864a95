"""What `drill doctor --subject` and `drill env shell` tell of a subject's programs, and what they keep back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from test_topology_files import EMBEDDED, SUBJECT, written

from harness.cli.component_shell import quoted
from harness.cli.doctor import summary
from harness.cli.parts_diagnosis import parts
from harness.cli.trials import health, requests
from harness.cli.trials.answers import told
from harness.cli.trials.components import of_port, try_programs
from harness.cli.trials.data import put_at
from harness.cli.trials.fitting import offered
from harness.cli.trials.journeys import try_journeys
from harness.cli.trials.requests import try_absence, try_edge
from harness.drill.options import RunOptions, resolve
from harness.errors import InputError
from harness.processes.process_tree import Tree
from harness.stored import KeySpec
from harness.topology import kinds
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Instance, Subject, Table
from harness.wire.ask import NoAnswer
from harness.wire.exchange import Response
from harness.wire.placeholders import hidden
from harness.world.components.command import argv, interpreter_in_words, own_variables
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import targets_in_words
from harness.world.platform import RunningTree

PRIMARY, STANDBY = "us-east-1", "us-west-2"


def subject(folder: Path, *changes: tuple[str, str]) -> Subject:
    text = SUBJECT
    for old, new in changes:
        text = text.replace(old, new)
    return load_subject(written(folder, text, "subject.yaml"), load_environment(EMBEDDED))


def options(folder: Path, *changes: tuple[str, str]) -> RunOptions:
    subject(folder, *changes)
    return resolve({"subject": str(folder / "subject.yaml")}, {}, folder, 7)


# --- whose python ----------------------------------------------------------------------------------------------------


def test_python_is_the_harnesss_own_and_said_to_be(tmp_path: Path) -> None:
    found = subject(tmp_path)
    assert argv(found.application, found, 8080) == [sys.executable, "app.py"]
    assert "of the harness, since the subject file names no `venv:`" in str(
        interpreter_in_words(found.application, found)
    )


def test_python_is_that_of_a_virtual_environment_where_one_is_named(tmp_path: Path) -> None:
    found = subject(
        tmp_path, ("failover:", "venv: .venv\nfailover:"), ("port_env: PORT", "port_env: PORT\n    venv: mine")
    )
    assert argv(found.application, found, 8080)[0] == str(tmp_path / "mine" / "bin" / "python")
    assert argv(found.components[0], found, None)[0] == str(tmp_path / ".venv" / "bin" / "python")
    added = own_variables(found.application, found, 8080, {"PATH": "/usr/bin"}, {})
    assert added["VIRTUAL_ENV"] == str(tmp_path / "mine")
    assert added["PATH"] == f"{tmp_path / 'mine' / 'bin'}:/usr/bin"


def test_a_port_on_the_command_line_and_in_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    found = subject(
        tmp_path,
        ("[python, app.py]", "[node, app.js, '--listen=:{port}']"),
        ("port_env: PORT", "env: {LISTEN: '127.0.0.1:{port}', KEY: '${env:SHOP_KEY}'}"),
    )
    assert argv(found.application, found, 8080) == ["node", "app.js", "--listen=:8080"]
    added = own_variables(found.application, found, 8080, {}, {"SHOP_KEY": "s3cret"})
    assert added == {"LISTEN": "127.0.0.1:8080", "KEY": "s3cret"}
    assert found.variables() == {"SHOP_KEY"}


# --- programs, before anything starts --------------------------------------------------------------------------------


def test_a_module_that_is_not_there_is_found_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "monitor.py").write_text("import json\nimport beside\n")
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "app.py").write_text("import json\nimport nobody_wrote_this\n")
    found = {one.what: one for one in try_programs(options(tmp_path))}
    assert found["python of monitor"].state is State.OK
    assert found["python of app"].state is State.FAIL
    assert "has no nobody_wrote_this, which app.py imports" in found["python of app"].text


def test_a_virtual_environment_and_a_program_that_are_not_there(tmp_path: Path) -> None:
    changes = (("port_env: PORT", "port_env: PORT\n    venv: .none"), ("[python, monitor.py]", "[no-such-program]"))
    found = {one.what: one for one in try_programs(options(tmp_path, *changes))}
    assert found["command of monitor"].state is State.FAIL
    assert found["python of app"].state is State.FAIL
    assert ".none" in found["python of app"].text


def test_a_part_that_cannot_be_imported_is_a_row_and_no_abort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = kinds.load

    def load(section: kinds.Section, kind: str | None, module: str) -> ModuleType:
        if section.key == "steering" and module == "part":
            raise InputError("the part 'route53' cannot be used (its folder): No module named 'gone'")
        return real(section, kind, module)

    (tmp_path / "app.py").write_text("")
    chosen = options(tmp_path)
    monkeypatch.setattr(kinds, "load", load)
    rows = list(parts(chosen))
    assert any(row.state is State.FAIL and "No module named 'gone'" in row.text for row in rows)


def running(folder: Path, returncode: int | None) -> RunningTree:
    found = subject(folder)
    instance = Instance(component=found.application, place=PRIMARY, name=f"app.{PRIMARY}")
    return RunningTree(instance, Tree(1, 1.0), folder / "log", {}, returncode)


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        (["KeyError: 'SHOP_KEY'"], "a component gets only what `env:` names"),
        ([], "a component gets only what `env:` names"),
        (["OSError: [Errno 98] Address already in use"], "`port_env:` names the variable"),
        (["Error: listen EADDRINUSE: :::3000", "    at Server"], "`port_env:` names the variable"),
    ],
)
def test_a_program_that_has_ended_is_not_told_of_its_port(lines: list[str], hint: str, tmp_path: Path) -> None:
    row = of_port(running(tmp_path, 1), "127.0.0.1:8080/health", 8080, "", lines)
    assert row.state is State.FAIL
    assert row.text == "it ended with exit code 1" + (f": {lines[-1].strip()}" if lines else "")
    assert row.hint.startswith(hint)


@pytest.mark.parametrize(
    ("ports", "state"), [("127.0.0.1:8080", State.OK), ("0.0.0.0:80, :::8080", State.OK), ("", State.FAIL)]
)
def test_a_program_that_runs_is_told_where_it_listens(ports: str, state: State, tmp_path: Path) -> None:
    row = of_port(running(tmp_path, None), "127.0.0.1:8080/health", 8080, ports, [])
    assert row.state is state
    assert row.text == f"asked at 127.0.0.1:8080/health; it listens on {ports or 'no port'}"


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_what_variables_hold_is_shown_to_nobody() -> None:
    environ = {"LONG": "kept-from-all", "SHORT": "k1", "EMPTY": ""}
    text = hidden("403 kept-from-all! k1 is no key, k10 neither", ["LONG", "SHORT", "EMPTY", "NONE"], environ)
    assert text == "403 ***! *** is no key, k10 neither"


def test_a_redirect_says_where_to() -> None:
    assert (
        told(Response(301, {"location": "https://app.example.com/"}, b"moved", True))
        == "301 to https://app.example.com/"
    )
    assert told(Response(403, {}, b"no", True)) == "403 no"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("", "''"),
        ("it's $HOME", """'it'"'"'s $HOME'"""),
        ("${KEY}", '"${KEY}"'),
        ("Bearer ${KEY}", """'Bearer '"${KEY}\""""),
    ],
)
def test_an_environment_for_a_shell_leaves_secrets_to_the_shell(value: str, expected: str) -> None:
    assert quoted(value) == expected


# --- what answers tell -----------------------------------------------------------------------------------------------

Answers = Callable[[str, str], Response | None]


def answering(monkeypatch: pytest.MonkeyPatch, answers: Answers) -> None:
    """Every edge answers so: by method and path; None: not at all."""

    def ask(_address: object, method: str, path: str, **_how: object) -> Response:
        answer = answers(method, path)
        if answer is None:
            raise NoAnswer("refused")
        return answer

    monkeypatch.setattr(requests, "ask", ask)


def response(status: int, body: str = "", **headers: str) -> Response:
    return Response(status, headers, body.encode(), True)


def rows_of(options: RunOptions, region: str, *, well: bool = False) -> dict[str, Diagnosis]:
    tried = try_edge(options, region, ("127.0.0.1", 1), well=well)
    absent = try_absence(options, region, ("127.0.0.1", 1), reads=tried.reads)
    return {row.what.partition(" at ")[0]: row for row in (*tried.rows, *absent)}


GROUP = """failover:"""
"""Where the subject's file goes on."""
WITH_GROUP = """workload:
  group: {method: POST, path: /groups, body: "{id}={value}&{other_id}={other_value}"}
failover:"""


@pytest.mark.parametrize(
    ("kept", "state", "words"), [(2, State.OK, "both are there"), (1, State.FAIL, "-other is read as None")]
)
def test_a_group_of_two_is_written_and_read_back(
    kept: int, state: State, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items: dict[str, str] = {}

    def ask(_address: object, method: str, path: str, *, body: bytes | None = None, **_how: object) -> Response:
        key = path.rpartition("/")[2]
        if method == "POST":
            pairs = [one.split("=") for one in (body or b"").decode().split("&")]
            items.update(dict(pairs[:kept]))
        elif method == "PUT":
            items[key] = json.loads(body or b"")["value"]
        elif method == "GET":
            return response(200, json.dumps({"value": items[key]})) if key in items else response(404)
        elif method == "DELETE":
            items.pop(key, None)
        return response(200, "{}")

    monkeypatch.setattr(requests, "ask", ask)
    row = rows_of(options(tmp_path, (GROUP, WITH_GROUP)), PRIMARY)["a group of two"]
    assert row.state is state
    assert words in row.text


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("region", [PRIMARY, STANDBY])
@pytest.mark.parametrize("well", [False, True])
def test_a_wrong_key_fails_on_every_side_and_names_the_headers(
    status: int, region: str, well: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda _method, _path: response(status, '{"error": "bad api key"}'))
    rows = rows_of(options(tmp_path), region, well=well)
    for what in ("PUT", "GET", "DELETE"):
        assert rows[what].state is State.FAIL
        assert "`headers:`" in rows[what].hint
        assert "fine for a standby" not in rows[what].hint
    assert rows["an absent item"].state is State.SKIPPED
    assert "absent:" not in rows["an absent item"].hint


@pytest.mark.parametrize("status", [503, 409, 404, 500])
def test_a_side_that_is_well_at_the_edge_and_refuses_writes_is_warned_of(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda method, _path: response(status) if method == "PUT" else response(404))
    rows = rows_of(options(tmp_path), STANDBY, well=True)
    assert rows["PUT"].state is State.WARN
    assert "clients are sent to it all the same" in rows["PUT"].hint
    waiting = rows_of(options(tmp_path), STANDBY)
    assert waiting["PUT"].state is (State.WARN if status == 500 else State.OK)
    assert waiting["GET"].state is waiting["an absent item"].state is State.OK


def test_an_absent_item_is_not_asked_for_where_no_read_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda method, _path: response(200 if method == "PUT" else 503, "{}"))
    row = rows_of(options(tmp_path), PRIMARY)["an absent item"]
    assert (row.state, row.hint) == (State.SKIPPED, "")
    assert row.text == f"not tried: no GET is served at {PRIMARY}"


@pytest.mark.parametrize(
    ("body", "get", "hint"),
    [
        ("{}", "value: /text", '`pattern: "(.*)"` takes all of it'),
        ("<v>{}</v>", "value: /text", "the answer is no JSON: `pattern:` of the get"),
        ("{}", "pattern: 'v=(.*)'", "`pattern: v=(.*)` of the get finds nothing in it"),
        ('{{"note": {{"content": {{"text": "{}"}}}}}}', "value: /note/text", "`value: /note/content/text` of the get"),
        ('{{"value": "old", "new": "{}"}}', "value: value", "`value: /new` of the get"),
        ("[1]", "value: value", "`value:` of the get says where it is"),
    ],
)
def test_a_read_without_its_value_is_told_where_it_may_be(
    body: str, get: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = f"doctor-{os.getpid()}-{PRIMARY}"
    text = body.format(value)
    answering(monkeypatch, lambda method, _path: response(200, "" if method == "PUT" else text))
    workload = f"workload: {{get: {{method: GET, path: '/items/{{id}}', {get}}}}}\nfailover:"
    row = rows_of(options(tmp_path, ("failover:", workload)), PRIMARY)["GET"]
    assert row.state is State.FAIL
    assert hint in row.hint


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (response(201, '{"key": 1}'), "`id:` of the put says where"),
        (response(201, "created"), "`id: {header: NAME}`"),
        (response(201, "", location="/items/7"), "`id: {header: Location}`"),
    ],
)
def test_a_put_that_names_no_id_is_told_where_it_may_be(
    answer: Response, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda _method, _path: answer)
    workload = "workload: {put: {method: POST, path: /items, body: '{value}', id: /id}}\nfailover:"
    row = rows_of(options(tmp_path, ("failover:", workload)), PRIMARY)["PUT"]
    assert row.state is State.FAIL
    assert hint in row.hint


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(401), "the PUT at us-west-2 was answered 401"),
        (response(503), "the PUT at us-west-2 was answered 503"),
        (None, "the PUT at us-west-2 had no answer: refused"),
    ],
)
def test_what_was_not_stored_is_told_with_its_reason(
    answer: Response | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda _method, _path: answer)
    edge = requests.Edge(STANDBY, ("127.0.0.1", 1), "app.example.com", False)
    assert put_at(edge, subject(tmp_path).workload) == reason


def test_what_was_not_tried_is_not_said_to_be_well() -> None:
    rows = [Diagnosis("a", State.OK, ""), Diagnosis("b", State.SKIPPED, "not tried: …")]
    assert summary(rows) == "nothing failed, 1 not tried"
    assert summary([*rows, Diagnosis("c", State.FAIL, "")]) == "1 of 3 failed, 1 not tried"
    assert summary(rows[:1]) == "nothing failed"


# --- what would fit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "item", "offer"),
    [
        ("pk", "doc.text", {"pk": "NOTE#7", "sk": "BODY"}, 'key: {pk: "NOTE#{id}", sk: BODY}, value: doc.text'),
        ("id", "text", {"pk": "NOTE#7"}, 'key: {pk: "NOTE#{id}"}, value: {attribute: doc, at: /text}'),
        ("id", "doc.text", {"pk": "7"}, "key: pk, value: doc.text"),
        (
            {"pk": "{id}", "sk": "META"},
            "doc.text",
            {"pk": "N#7", "sk": "TEXT", "kind": "note"},
            'key: {pk: "N#{id}", sk: TEXT}, value: doc.text',
        ),
        ("pk", "doc.text", {"pk": "N#7", "by": "ann", "kind": "note"}, 'key: {pk: "N#{id}"}, value: doc.text'),
        ("pk", "doc.text", {"pk": "another"}, ""),
    ],
)
def test_a_key_that_fits_the_item_that_was_found_is_offered(
    key: KeySpec, value: str, item: dict[str, str], offer: str
) -> None:
    table = Table(name="notes", key=key, value=value)
    found = {name: {"S": text} for name, text in item.items()} | {"doc": {"M": {"text": {"S": "v1"}}}}
    assert offered(table, found, "7", "v1") == (f"`{offer}` would fit it" if offer else "")


# --- what a load balancer makes of the application --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "text", "hint"),
    [
        ({"reason": "Target.Timeout", "status": 200}, "no answer in time, wanted 200 (Target.Timeout)", "`timeout_s:`"),
        (
            {"reason": "Target.Timeout", "status": None},
            "no answer in time, wanted 200 (Target.Timeout)",
            "`timeout_s:`",
        ),
        (
            {"reason": "Target.ResponseCodeMismatch", "status": 404},
            "404, wanted 200 (Target.ResponseCodeMismatch)",
            "`health_codes:`",
        ),
        (
            {"reason": "Target.FailedHealthChecks", "status": None},
            "no answer, wanted 200 (Target.FailedHealthChecks)",
            "listen on the port",
        ),
    ],
)
def test_a_target_is_told_with_a_hint_at_what_was_wrong_with_it(
    monkeypatch: pytest.MonkeyPatch, target: Mapping[str, object], text: str, hint: str
) -> None:
    monkeypatch.setattr(health, "_targets", lambda *_: [{"id": "app", "healthy": False, **target}])
    application = SimpleNamespace(health="/healthz", health_codes=("200",))
    world: Any = SimpleNamespace(subject=SimpleNamespace(application=application))
    found = health._target(world, PRIMARY, State.FAIL)
    assert found.text == f"no healthy target: /healthz: {text}"
    assert hint in found.hint
    assert ("health_codes" in found.hint) is ("Mismatch" in text)
    (complaint,) = targets_in_words(PRIMARY, [{"id": "app", "healthy": False, **target}], "/healthz", "200")
    assert complaint.text.endswith(f"/healthz of app gives {text}")


def test_each_journey_is_tried_once_and_says_what_it_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journeys = (
        "workload:\n  journeys:\n"
        "    - {name: browse, request: {method: GET, path: /shelf}}\n"
        "    - {name: pay, request: {method: POST, path: '/orders/{id}'}, id: number}\n"
        "    - {name: track, after: pay, request: {method: GET, path: '/orders/{id}'}}\n"
    )
    asked: list[str] = []

    def edge_asked(address: object, method: str, path: str, **_: object) -> Response:
        asked.append(f"{method} {path}")
        if path == "/shelf":
            return Response(500, {}, b"broken", True)
        return Response(200, {}, b'{"number": 7}', True)

    monkeypatch.setattr(requests, "ask", edge_asked)
    found = options(tmp_path, ("failover:", f"{journeys}failover:"))
    rows = list(try_journeys(found, PRIMARY, ("127.0.0.1", 1)))
    assert [(row.what, row.state) for row in rows] == [
        (f"browse at {PRIMARY}", State.FAIL), (f"pay at {PRIMARY}", State.OK), (f"track at {PRIMARY}", State.OK),
    ]  # fmt: skip
    assert asked[2] == "GET /orders/7"
    assert "`expect:`" in rows[0].hint
