"""The workflow and the template are what their servers take; tests/live/test_ci_commands.py runs what is in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ci_files import ROOT, TEMPLATE, WORKFLOW, read, script, steps, variables

from harness.drill.catalogue import select
from harness.drill.option_sources import KEYS
from harness.drill.options import resolve

CHECKER = shutil.which("check-jsonschema")
KNOWN = {
    "workflow": {"name", "on", "permissions", "concurrency", "env", "jobs"},
    "job": {"runs-on", "timeout-minutes", "steps"},
    "step": {"name", "uses", "with", "run", "if"},
    "template": {"variables", "drills"},
    "script": {
        "image", "timeout", "interruptible", "rules", "cache", "script", "artifacts",
    },
}  # fmt: skip


def commands() -> list[str]:
    return [*(step["run"] for step in steps() if "run" in step), *script()]


def test_keys_are_those_of_the_servers() -> None:
    workflow, template = read(WORKFLOW), read(TEMPLATE)
    (job,) = workflow["jobs"].values()
    found: dict[str, list[Any]] = {
        "workflow": [workflow], "job": [job], "step": job["steps"], "template": [template],
        "script": [template["drills"]],
    }  # fmt: skip
    for name, bodies in found.items():
        assert {key for body in bodies for key in body} <= KNOWN[name]
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])


@pytest.mark.skipif(CHECKER is None, reason="check-jsonschema is not on the PATH: it brings SchemaStore's schemas")
@pytest.mark.parametrize(("schema", "file"), [("vendor.github-workflows", WORKFLOW), ("vendor.gitlab-ci", TEMPLATE)])
def test_the_schemas_of_the_servers_hold(schema: str, file: Path) -> None:
    assert CHECKER is not None
    command = [CHECKER, "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_a_job_may_only_read_and_ends_by_itself() -> None:
    workflow = read(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(0 < job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())
    assert read(TEMPLATE)["drills"]["timeout"]


def test_actions_of_others_are_of_a_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@(v\d+|[0-9a-f]{40})", one) for one in used)
    checkout = next(step for step in steps() if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["persist-credentials"] is False


def test_no_input_reaches_a_shell_but_as_a_variable() -> None:
    assert [command for command in commands() if "${{" in command] == []


def test_evidence_is_kept_whatever_the_drills_came_to() -> None:
    after = steps()[[step.get("name") for step in steps()].index("Drills") + 1 :]
    assert {step["if"] for step in after} == {"${{ !cancelled() }}"}
    assert after[-1]["uses"].startswith("actions/upload-artifact@")
    assert read(TEMPLATE)["drills"]["artifacts"]["when"] == "always"


@pytest.mark.parametrize("file", [WORKFLOW, TEMPLATE], ids=["workflow", "template"])
def test_variables_are_options_of_drill_run_and_drills_exist(file: Path) -> None:
    told = variables(read(file))
    options = {name for name in told if name.startswith("DRILL_")}
    assert {name.removeprefix("DRILL_").lower() for name in options} <= set(KEYS)
    assert resolve({}, told, ROOT, 7).rerun_invalid == 1
    assert len(select(told["DRILLS"].split())) == 4


def test_the_shell_takes_every_command() -> None:
    for command in commands():
        done = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
