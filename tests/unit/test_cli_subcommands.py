"""`drill NAME` loads what that command needs, and nothing of the others."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.cli.subcommands import TYPED


def loaded_by(*words: str) -> set[str]:
    """Modules of ours that are there once a command line has been understood, and before the command does anything."""
    code = (
        "import sys\n"
        f"sys.argv = ['drill', *{list(words)!r}]\n"
        "from typer.main import get_command\n"
        "from harness.cli import commands\n"
        "commands.load_typed()\n"
        "print(*(name for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_a_backup_that_cron_runs_does_not_wait_for_what_drills_need() -> None:
    loaded = loaded_by("backup", "run", "shop.yaml")
    assert "harness.cli.backup" in loaded
    assert not loaded & {"harness.cli.run", "harness.drill.options", "harness.world.assembly", "psutil", "pydantic"}


def test_what_was_typed_is_loaded_before_anything_can_be_interrupted() -> None:
    assert {"harness.cli.run", "harness.drill.options"} <= loaded_by("run", "region-lost-refused")


def test_help_tells_of_all_of_them_in_their_order() -> None:
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    rows = [line.strip("│ ").split(" ")[0] for line in said.splitlines() if line.startswith("│ ")]
    assert [row for row in rows if row in TYPED] == list(TYPED)


@pytest.mark.parametrize("name", TYPED)
def test_each_has_help_of_its_own_under_its_name(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert f" {name} " in done.output.partition("\n\n")[0] + done.output


def test_a_slip_of_the_pen_is_answered_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["bakcup"])
    assert done.exit_code != 0
    assert "backup" in done.output
