"""What `drill doctor --subject` and `drill env shell` tell of a subject's programs, and what they keep back."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from test_topology_files import EMBEDDED, SUBJECT, written

from harness.cli.component_shell import quoted
from harness.cli.parts_diagnosis import parts
from harness.cli.trials.components import try_programs
from harness.cli.trials.requests import told
from harness.drill.options import RunOptions, resolve
from harness.errors import InputError
from harness.parts.platform.processes.command import argv, interpreter_in_words, own_variables
from harness.topology import kinds
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Subject
from harness.wire.exchange import Response
from harness.wire.placeholders import hidden
from harness.world.diagnosis import State


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
