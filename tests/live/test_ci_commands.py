"""What the workflow and the template run, run here: the same commands, in a checkout, with one quick drill."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from ci_files import ROOT, TEMPLATE, WORKFLOW, read, script, steps, variables

from harness.live import allure_program
from harness.world import installed

QUICK = "control-fault-never-applied"
PROVES_NOTHING = """Feature: mine
  Scenario: Nothing is ever broken
    Given the application runs in two regions
    And steady state in the primary region
    When 0.1 seconds pass
"""
pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Job:
    """What the workflow's job did. ran: the names of its steps."""

    checkout: Path
    ran: Sequence[str]
    summary: str


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of this project's files."""
    return checked_out(tmp_path)


def checked_out(tmp_path: Path) -> Path:
    """This project without its reports; `make` finds the virtual environment that there is."""
    ready = ROOT / ".venv" / ".ready"
    if not ready.exists() or Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("these tests do not run in the project's own .venv (`make setup`)")
    if any((ROOT / name).stat().st_mtime > ready.stat().st_mtime for name in ("pyproject.toml", "uv.lock")):
        pytest.skip(".venv is older than the files that it is made from, and would be made anew (`make setup`)")
    if shutil.which("make") is None:
        pytest.skip("no make along the PATH")
    folder = tmp_path / "checkout"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in ("reports", ".git"):
            (folder / path.name).symlink_to(path)
    return folder


def shell(command: str, folder: Path, environment: Mapping[str, str], ends_with: int = 0) -> str:
    """As GitHub and GitLab do: bash, which stops at the first command that fails."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", command],
        cwd=folder, env=dict(environment), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == ends_with, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def environment(told: Mapping[str, str], **more: str) -> dict[str, str]:
    """What the file sets, over the machine's own; drills are chosen as a user would."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DRILL_", "PYTEST_", "GITHUB_"))}
    kept = {name: os.environ[name] for name in (installed.VARIABLE,) if name in os.environ}
    path = os.pathsep.join(part for part in own["PATH"].split(os.pathsep) if part != str(ROOT / ".venv" / "bin"))
    return {**own, "PATH": path, **kept, **told, "DRILLS": QUICK, **more}


def has_allure() -> bool:
    return installed.installed(allure_program.RECIPE) is not None and shutil.which("node") is not None


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Every step of the workflow that is a command, run."""
    tmp_path = tmp_path_factory.mktemp("job")
    checkout, path, summary = checked_out(tmp_path), tmp_path / "path", tmp_path / "summary.md"
    path.touch()
    files = {"GITHUB_PATH": str(path), "GITHUB_STEP_SUMMARY": str(summary), "CI": "true"}
    told = environment(variables(read(WORKFLOW)), **files)
    ran = []
    for step in steps():
        if "run" not in step or (step["name"] == "Allure" and not has_allure()):
            continue
        added = path.read_text().split()
        shell(step["run"], checkout, {**told, "PATH": os.pathsep.join([*added, told["PATH"]])})
        ran.append(step["name"])
    return Job(checkout, ran, summary.read_text())


def test_the_workflow_runs(job: Job) -> None:
    assert job.ran[:3] == ["Install", "Drills", "Judge the evidence again"]
    assert f"### ✓ {QUICK}".replace("-", "\\-") in job.summary
    run = next((job.checkout / "reports").glob("2*"))
    assert {"run.json", "report.html", "junit.xml"} <= {file.name for file in run.iterdir()}
    if not has_allure():
        pytest.skip("the other steps ran; Allure's did not: `drill install allure`")
    assert (run / "allure-report" / "index.html").is_file()
    assert (job.checkout / "reports" / "allure-history.jsonl").is_file()


def test_the_template_runs(job: Job) -> None:
    """But for its drill, which was the workflow's: what it leaves is there, and it ended well."""
    ours = job.checkout / ".venv"
    ours.unlink()
    (ours / "bin").mkdir(parents=True)
    for path in (*(ROOT / ".venv").iterdir(), *(ROOT / ".venv" / "bin").iterdir()):
        if path.name not in ("bin", "drill"):
            (ours / path.relative_to(ROOT / ".venv")).symlink_to(path)
    (ours / "bin" / "drill").write_text(f'#!/bin/sh\n[ "$1" = run ] || exec {ROOT}/.venv/bin/drill "$@"\n')
    (ours / "bin" / "drill").chmod(0o755)
    told = environment(variables(read(TEMPLATE)))
    lines = [line for line in script() if "allure" not in line or has_allure()]
    shell("\n".join(lines), job.checkout, told)
    assert (job.checkout / "reports" / "summary.md").read_text().startswith("## ✓ MET")
    assert len(list((job.checkout / "reports").glob("2*/junit.xml"))) == 1


def test_a_drill_that_proves_nothing_ends_the_job_with_its_code_after_the_evidence_was_judged(checkout: Path) -> None:
    (checkout / "mine.feature").write_text(PROVES_NOTHING)
    told = environment(variables(read(TEMPLATE)), DRILLS="mine.feature", DRILL_SET="fault=none")
    lines = [line for line in script() if "allure" not in line]
    printed = shell("\n".join(lines), checkout, told, ends_with=2)
    assert "1 drill judged again, everything is as it was filed" in printed
    assert (checkout / "reports" / "summary.md").read_text().startswith("## ! INVALID")
