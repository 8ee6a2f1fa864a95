"""A schedule whose file is spoilt is removed all the same, with what was installed for it, and no other one is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer.main

from harness.cli.main import app

COMMAND = typer.main.get_command(app)
CRONTAB = """#!{python}
import pathlib, sys
table = pathlib.Path({table!r})
if sys.argv[1] == "-l":
    if not table.exists():
        sys.exit("no crontab for you")
    sys.stdout.write(table.read_text())
elif sys.argv[1] == "-r":
    table.unlink()
else:
    table.write_text(sys.stdin.read())
"""
FEATURE = """Feature: mine
  Scenario: Mine
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mine.feature").write_text(FEATURE)
    program = tmp_path / "crontab"
    program.write_text(CRONTAB.format(python=sys.executable, table=str(tmp_path / "table")))
    program.chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DRILL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DRILL_CRONTAB", str(program))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def drill(*arguments: str) -> None:
    COMMAND(list(arguments), standalone_mode=False)


@pytest.mark.parametrize("keeps", ["nothing", "what was installed"])
@pytest.mark.parametrize("on", ["cron", "systemd"])
def test_what_was_installed_goes_and_another_schedule_stays(
    tmp_path: Path, on: str, keeps: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("nightly", "nightly-2"):
        drill("schedule", "add", name, "mine.feature", "--at", "@daily", "--on", on, "--yes")
    path = tmp_path / "state" / "schedules" / "nightly" / "schedule.json"
    path.write_text("{" if keeps == "nothing" else path.read_text().replace("drill-schedule/1", "drill-schedule/9"))
    capsys.readouterr()
    drill("schedule", "remove", "nightly", "--yes")
    told = capsys.readouterr().out
    assert "schedule.json" in told.replace("\n", ""), "what is wrong"
    assert "nightly is removed" in told
    assert not path.exists()
    units = tmp_path / "config" / "systemd" / "user"
    left = (
        (tmp_path / "table").read_text().splitlines() if on == "cron" else sorted(p.name for p in units.glob("*.timer"))
    )
    assert len(left) == 1
    assert "nightly-2" in left[0]
    drill("schedule", "remove", "nightly-2", "--yes")
    assert not (tmp_path / "state").exists()
    assert not [path for path in units.rglob("*") if not path.is_dir()]
