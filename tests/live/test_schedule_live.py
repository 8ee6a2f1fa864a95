"""`drill schedule` as its users have it: on a crontab, as units of systemd, in a manifest and in a workflow."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import DRILL, environment, eventually
from cron_driver import Cron, CronJob
from ruamel.yaml import YAML
from told_servers import hook

pytestmark = pytest.mark.live

OTHERS = "# my own table\nMAILTO=ops@example.com\n*/5 * * * * /usr/bin/true 100\\% # mine\n"
FEATURE = """\
Feature: Mine

  Background:
    Given the application runs in two regions

  Scenario: The fault is never applied
    Given as a control, the fault is never applied, so the drill must be INVALID
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then the control holds
"""


class Host:
    """A machine with a cron, a project, and a folder of state that is not there yet."""

    def __init__(self, folder: Path) -> None:
        self.cron, self.project, self.state = Cron(folder), folder / "my project 100%", folder / "state"
        self.project.mkdir()
        (self.project / "mine.feature").write_text(FEATURE)
        self.environment = {
            **environment(), "DRILL_CRONTAB": str(self.cron.program), "DRILL_STATE": str(self.state),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }  # fmt: skip

    def drill(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [*DRILL, *arguments],
            cwd=self.project, env=self.environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def must(self, *arguments: str) -> str:
        code, printed = self.drill(*arguments)
        assert code == 0, printed
        return printed

    def job(self) -> CronJob:
        (found,) = [job for job in self.cron.jobs() if "schedule" in job.command]
        return found

    def entries(self) -> list[dict[str, Any]]:
        path = self.state / "schedules" / "nightly" / "history.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    yield Host(tmp_path)
    told = [(one, " ".join(one.info["cmdline"] or ())) for one in psutil.process_iter(["cmdline"])]
    assert [one for one, command in told if str(tmp_path) in command] == []


def put_back(path: Path, **fields: str) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_scheduled_drill_runs_is_missed_is_told_and_goes_without_a_trace(host: Host) -> None:
    host.cron.table.write_text(OTHERS)
    with hook() as slack, hook() as other:
        printed = host.must(
            "schedule", "add", "nightly", "mine.feature::the-fault-is-never-applied", "--at", "0 3 * * *", "--yes",
            "--slack", slack.url, "--webhook", other.url, "--keep-runs", "3",
        )  # fmt: skip
        assert "s3cret-key" not in printed + host.must("schedule", "list") + host.must("schedule", "show", "nightly")
        assert host.cron.table.read_text().startswith(OTHERS)
        assert host.job().times == "0 3 * * *"
        file = host.state / "schedules" / "nightly" / "schedule.json"
        assert file.stat().st_mode & 0o077 == 0
        put_back(file, created="2026-01-01T00:00:00+00:00")  # and the machine was off ever since
        assert "planned runs were missed: 2026-01-01T03:00:00+00:00" in host.must("schedule", "list")

        code, mail = host.cron.run(host.job(), timeout_s=200)
        assert code == 0, mail
        assert "were missed" in mail
        (body,) = other.bodies
        assert (body["reason"], body["verdict"], body["drills"][0]["name"]) == (
            "first",
            "MET",
            "the-fault-is-never-applied",
        )
        assert body["missed"]["count"] > 300
        report = Path(body["report"])
        assert report.is_file()
        assert report.is_relative_to(host.project / "reports")
        assert json.loads((report.parent / "scheduled.json").read_text())["schedule"] == "nightly"
        host.must("verify", body["run_id"])

        (host.project / "mine.feature").unlink()
        for _ in range(2):
            code, mail = host.cron.run(host.job())
            assert code == 3
            assert "mine.feature" in mail
        assert [(one["reason"], one["previous"], one["verdict"]) for one in other.bodies[1:]] == [
            ("changed", "MET", "ERROR")
        ]
        assert [one["text"].splitlines()[0] for one in slack.bodies] == [
            "*drill schedule nightly: MET*", "*drill schedule nightly: ERROR (was MET)*",
        ]  # fmt: skip
    assert "ERROR" in host.must("schedule", "list")
    host.must("schedule", "remove", "nightly", "--yes")
    assert host.cron.table.read_text() == OTHERS
    assert not host.state.exists()
    assert report.is_file()
    assert {path.name for path in host.cron.home.iterdir()} <= {".cache", ".config"}  # of libraries, as by any program


def test_a_run_that_goes_on_is_not_joined_and_ends_when_it_is_told_to(host: Host) -> None:
    host.must("schedule", "add", "nightly", "--at", "@daily", "--window", "1h", "--yes")
    job = host.job()
    with host.cron.start(job) as first:
        eventually(host.entries, 60)
        code, mail = host.cron.run(job)
        assert code == 75
        assert "overlap: a run of nightly that began at" in mail
        code, printed = host.drill("schedule", "remove", "nightly", "--yes")
        assert (code, "a run of nightly goes on" in printed) == (3, True)
        (python,) = psutil.Process(first.pid).children() or [psutil.Process(first.pid)]
        python.send_signal(signal.SIGTERM)
        assert first.wait(60) == 130
    assert [entry["event"] for entry in host.entries()] == ["began", "overlap", "ended"]
    assert host.entries()[-1]["verdict"] == "INTERRUPTED"
    with host.cron.start(job) as killed:
        eventually(lambda: len(host.entries()) == 4, 60)
        os.killpg(killed.pid, signal.SIGKILL)
    assert "was cut short" in host.must("schedule", "list")
    host.must("schedule", "remove", "nightly", "--yes")
    assert not host.cron.table.exists()
    assert not host.state.exists()


@pytest.mark.slow
def test_a_drill_ends_with_the_job_that_started_it(host: Host) -> None:
    host.must("schedule", "add", "nightly", "mine.feature", "--at", "@daily", "--yes")
    with host.cron.start(host.job()) as process:
        output = host.state / "schedules" / "nightly" / "output.log"
        drills: list[psutil.Process] = []

        def running() -> bool:
            told = f"--reports={host.project / 'reports'}"
            drills[:] = [one for one in psutil.process_iter(["cmdline"]) if told in (one.info["cmdline"] or ())]
            return bool(drills) and any(child.children() for child in drills)

        eventually(running, 60)
        os.killpg(process.pid, signal.SIGKILL)
        family = [*drills, *(child for one in drills for child in one.children(recursive=True))]
        _, alive = psutil.wait_procs(family, 30)
        assert alive == []
    assert output.exists()
    assert "cut short" in host.must("schedule", "list")


def test_nothing_is_installed_without_a_word(host: Host) -> None:
    host.cron.table.write_text(OTHERS)
    code, printed = host.drill("schedule", "add", "nightly", "mine.feature", "--at", "0 3 * * *")
    assert code == 3
    assert "nothing was done: --yes says that you want to install this" in printed
    assert "schedule run nightly" in printed  # the line was shown
    assert host.cron.table.read_text() == OTHERS
    assert not host.state.exists()
    code, printed = typed(host, "no", "schedule", "add", "nightly", "mine.feature", "--at", "0 3 * * *")
    assert code == 3
    assert host.cron.table.read_text() == OTHERS
    code, printed = typed(host, "nightly", "schedule", "add", "nightly", "mine.feature", "--at", "0 3 * * *")
    assert code == 0, printed
    assert len(host.cron.jobs()) == 2
    code, printed = host.drill("schedule", "add", "nightly", "mine.feature", "--at", "0 4 * * *", "--yes")
    assert (code, "there is a schedule nightly already" in printed) == (3, True)
    code, printed = host.drill("schedule", "remove", "nightly")
    assert (code, len(host.cron.jobs())) == (3, 2)
    del host.environment["DRILL_CRONTAB"]  # the table is known by what it was reached by when the line was put in
    host.must("schedule", "remove", "nightly", "--yes")
    assert host.cron.table.read_text() == OTHERS


def typed(host: Host, answer: str, *arguments: str) -> tuple[int, str]:
    """The command at a terminal, on which somebody types an answer."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*DRILL, *arguments],
        cwd=host.project, env=host.environment, stdin=theirs, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        printed, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, printed


def test_units_of_systemd_start_the_run_and_go_again(host: Host, tmp_path: Path) -> None:
    with hook() as other:
        host.must("schedule", "add", "nightly", "mine.feature", "--at", "0 3 * * mon-fri", "--on", "systemd",
                  "--webhook", other.url, "--yes")  # fmt: skip
        folder = tmp_path / "config" / "systemd" / "user"
        assert (folder / "timers.target.wants" / "drill-schedule-nightly.timer").resolve().is_file()
        (command,) = [
            line.removeprefix("ExecStart=")
            for line in (folder / "drill-schedule-nightly.service").read_text().splitlines()
            if line.startswith("ExecStart=")
        ]
        (host.project / "mine.feature").unlink()  # so that it ends at once
        done = subprocess.run(
            shlex.split(command.replace("%%", "%").replace("$$", "$")),
            cwd="/", env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3
        assert [body["verdict"] for body in other.bodies] == ["ERROR"]
    host.must("schedule", "remove", "nightly", "--yes")
    assert not (tmp_path / "config").exists()
    assert not host.state.exists()


def loaded(path: Path) -> list[Any]:
    with path.open() as file:
        return list(YAML(typ="safe", pure=True).load_all(file))


def test_a_cronjob_has_the_schedule_in_it_and_its_command_runs(host: Host, tmp_path: Path) -> None:
    with hook() as other:
        host.must(
            "schedule", "add", "nightly", "no-such-drill", "--at", "0 3 * * *", "--on", "kubernetes",
            "--image", "drill:1", "--timezone", "Europe/Berlin", "--webhook", "env:HOOK", "--secret", "hooks",
            "--claim", "drill", "--yes",
        )  # fmt: skip
        path = host.project / "drill-nightly.cronjob.yaml"
        settings, job = loaded(path)
        assert (settings["kind"], job["kind"], job["apiVersion"]) == ("ConfigMap", "CronJob", "batch/v1")
        spec = job["spec"]
        assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
            "0 3 * * *",
            "Europe/Berlin",
            "Forbid",
        )
        pod = spec["jobTemplate"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == "drill:1"
        assert {"name": "HOOK", "valueFrom": {"secretKeyRef": {"name": "hooks", "key": "HOOK"}}} in container["env"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert [volume["name"] for volume in pod["volumes"]] == list(mounts) == ["schedule", "state"]
        places = {place: tmp_path / "pod" / name for name, place in mounts.items()}
        for place in places.values():
            place.mkdir(parents=True)
        file = settings["data"]["schedule.json"].replace("/var/lib/drill", str(places["/var/lib/drill"]))
        (places["/etc/drill-schedule"] / "schedule.json").write_text(file)
        command = [*container["command"], *container["args"]]
        for place, stand_in in places.items():
            command = [part.replace(place, str(stand_in)) for part in command]
        assert command[0] == "drill"
        done = subprocess.run(
            [*DRILL, *command[1:]],
            cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOOK": other.url},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3
        assert "no-such-drill" in done.stdout + done.stderr
        assert [body["verdict"] for body in other.bodies] == ["ERROR"]
    host.must("schedule", "remove", "nightly", "--yes")
    assert not path.exists()
    assert path.parent.is_dir()


def test_a_workflow_has_steps_that_run(host: Host, tmp_path: Path) -> None:
    with hook() as other:
        host.must(
            "schedule", "add", "nightly", "mine.feature", "--at", "17 3 * * *", "--on", "github",
            "--webhook", "env:HOOK", "--setup", "pip install .", "--yes",
        )  # fmt: skip
        (workflow,) = loaded(host.project / ".github" / "workflows" / "drill-nightly.yml")
        assert workflow["on"]["schedule"] == [{"cron": "17 3 * * *"}]
        steps = workflow["jobs"]["drill"]["steps"]
        assert next(step["run"] for step in steps if "run" in step) == "pip install ."
        (step,) = [step for step in steps if step.get("name") == "Run the drill"]
        assert step["env"] == {"HOOK": "${{ secrets.HOOK }}"}
        (host.project / "mine.feature").unlink()
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "drill").write_text(f'#!/bin/sh\nexec {shlex.join(DRILL)} "$@"\n')
        (programs / "drill").chmod(0o755)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=host.project,
            env={"PATH": f"{programs}:{os.environ['PATH']}", "HOOK": other.url, "HOME": str(tmp_path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3, done.stderr
        assert [body["verdict"] for body in other.bodies] == ["ERROR"]
        assert (host.project / ".drill-schedule" / "schedules" / "nightly" / "history.jsonl").is_file()
    changed = host.project / ".github" / "workflows" / "drill-nightly.yml"
    changed.write_text(changed.read_text() + "# mine\n")
    assert "has been changed since, and stays" in host.must("schedule", "remove", "nightly", "--yes")
    assert not (host.project / ".github" / "drill").exists()
    assert changed.exists()


def test_a_crontab_that_cannot_be_had_is_told(host: Host, tmp_path: Path) -> None:
    host.environment["DRILL_CRONTAB"] = str(tmp_path / "no-crontab")
    code, printed = host.drill("schedule", "add", "nightly", "mine.feature", "--at", "@daily", "--yes")
    assert (code, "there is no program" in printed, "--on systemd" in printed) == (3, True, True)
    assert not host.state.exists()
    table = tmp_path / "a table"
    host.must("schedule", "add", "nightly", "mine.feature", "--at", "@daily", "--crontab", str(table), "--yes")
    table.write_text("")
    assert f"its line in {table} is gone" in host.must("schedule", "list")
    host.must("schedule", "remove", "nightly", "--yes")
    assert not table.exists() or table.read_text() == ""


def test_python_runs_no_package_of_the_folder_that_cron_starts_in(host: Host) -> None:
    (host.cron.home / "harness").mkdir()
    (host.cron.home / "harness" / "__init__.py").write_text("raise SystemExit('not ours')")
    host.must("schedule", "add", "nightly", "mine.feature", "--at", "@daily", "--yes")
    (host.project / "mine.feature").unlink()
    code, mail = host.cron.run(host.job())
    assert code == 3
    assert "not ours" not in mail
    assert sys.executable in host.job().command
