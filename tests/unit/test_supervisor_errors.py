"""What is wrong with a user's files is told in words by a standing world's supervisor, to its starter and its log."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.live.standing import supervisor

ENVIRONMENT = """\
environment: mine
places:
  - {name: nyc3, role: primary}
  - {name: sfo3, role: standby}
platfrom: {kind: processes}
objectives:
  fast: {rto_s: 20}
  production: {rto_s: 150}
"""


def asked(folder: Path) -> str:
    (folder / "mine.yaml").write_text(ENVIRONMENT)
    given = {"environment": str(folder / "mine.yaml"), "subject": None, "profile": None, "seed": 7}
    return json.dumps({"given": given, "path": str(folder / "world.json")})


@pytest.mark.parametrize("listens", [True, False])
def test_an_input_error_leaves_words_and_no_traceback(tmp_path: Path, listens: bool) -> None:
    """The starter ends the supervisor as soon as it knows, which is while that one still speaks; or it is gone."""
    with (tmp_path / "world.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.live.standing.supervisor", asked(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    with process:
        assert process.stdout is not None
        if listens:
            told = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            assert "mine.yaml:5: platfrom: " in told["error"]
        else:
            process.stdout.close()
        assert process.wait(30) in ({3, -signal.SIGTERM} if listens else {3})
    said = (tmp_path / "world.log").read_text()
    assert "Traceback" not in said
    assert "mine.yaml:5: platfrom: " in said


@pytest.mark.parametrize("interrupted_in", ["say", "_log"])
def test_an_interruption_while_the_error_is_told_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted_in: str
) -> None:
    told: list[str] = []

    def speaks(*_: object, **body: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        told.append("told")

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(supervisor, "_await_go", lambda _: None)
    monkeypatch.setattr(supervisor._Starter, "__init__", lambda _: None)
    monkeypatch.setattr(supervisor._Starter, "say", speaks if interrupted_in == "say" else lambda *_, **__: None)
    monkeypatch.setattr(supervisor, "_log", speaks if interrupted_in == "_log" else lambda _: None)
    monkeypatch.setattr(supervisor, "resolve", _refuse)
    try:
        assert supervisor.main([asked(tmp_path)]) == supervisor.EXIT_ERROR
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert told == ["told"]


def _refuse(*_: object) -> None:
    raise InputError("mine.yaml:5: platfrom: unknown key")
