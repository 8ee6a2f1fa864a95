"""What the subject's processes are given, and what of the harness's own environment they must never see."""

from __future__ import annotations

import http.server
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import EAST, WEST, environment, subject

from harness.errors import DrillInvalid, SubjectError
from harness.parts.edge.gateway.part import Gateway
from harness.processes.process_tree import MARKER_VARIABLE
from harness.topology.subject import Subject
from harness.topology.timing import Profile, Timing
from harness.world.components import subject as subject_processes
from harness.world.components.subject import SubjectProcesses
from harness.world.part import Blueprint, Net

DOCUMENTED = {
    "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "PRIMARY_REGION", "SECONDARY_REGION", "HEALTH_CHECK_TABLE", "HEALTH_CHECK_KEY", "HEALTH_CHECK_VALUE",
    "FAILOVER_THRESHOLD", "TIME_SCALE", "COMPONENT",
}  # fmt: skip


@dataclass
class Started:
    """A process that was asked for, and how it would end."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    code: int | None = None
    pid: int = 4711
    done: list[str] = field(default_factory=list)

    def poll(self) -> int | None:
        return self.code

    def log_tail(self) -> list[str]:
        return ["Traceback (most recent call last):", "KeyError: 'PORT'"]

    def kill(self) -> None:
        self.done.append("kill")

    def freeze(self) -> None:
        self.done.append("freeze")

    def thaw(self) -> None:
        self.done.append("thaw")


@dataclass
class Servers:
    """Stands where the fork server stands: remembers what was asked of it."""

    codes: dict[str, int] = field(default_factory=dict)
    started: dict[str, list[Started]] = field(default_factory=dict)

    def exec(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Started:
        process = Started(argv, env, cwd, self.codes.get(name))
        self.started.setdefault(name, []).append(process)
        return process


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(subject_processes, "stop_all", lambda processes, grace_s: found.extend(processes))
    return found


def processes(
    servers: Servers, profile: Profile = Profile.FAST, of: Subject | None = None, port: int = 9
) -> SubjectProcesses:
    blueprint = Blueprint(environment(), of or subject(), Timing(profile))
    gateway = Gateway(blueprint)
    told = {i.name: ["127.0.0.1", 7000 + n] for n, i in enumerate(blueprint.subject.instances(environment()))}
    ground: Any = SimpleNamespace(spawn=lambda *_: SimpleNamespace(ready=lambda timeout_s: {"listeners": told}))
    gateway.connect(Net(blueprint, [gateway], [], {}, {}, ground))
    found: Any = servers
    return SubjectProcesses(
        found, blueprint.subject, environment(), Timing(profile), gateway.environment_for, {EAST: port, WEST: port}
    )


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject_processes, "_answers", lambda address, path: True)


def started(servers: Servers, profile: Profile = Profile.FAST) -> dict[str, Started]:
    processes(servers, profile).start()
    return {name: runs[-1] for name, runs in servers.started.items()}


@pytest.mark.usefixtures("answering", "stopped")
def test_every_documented_variable_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, run in started(Servers()).items():
        assert set(run.env) >= DOCUMENTED
        assert ("PORT" in run.env) is name.startswith("storefront")
        assert (run.env["PRIMARY_REGION"], run.env["SECONDARY_REGION"]) == (EAST, WEST)
        assert run.env["HEALTH_CHECK_TABLE"] == "app-health-status"
        assert run.env["COMPONENT"] == name.partition(".")[0]
        assert run.cwd.name == "reference"
        assert run.argv[0] == sys.executable


@pytest.mark.usefixtures("answering", "stopped")
def test_the_documentation_lists_all_that_a_component_is_given_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inherited = subject_processes._INHERITED
    for name in inherited:
        monkeypatch.setenv(name, "/usr/bin")
    monkeypatch.setenv("EDITOR", "nothing-of-the-users")
    page = (Path(__file__).parents[2] / "docs" / "YOUR_APPLICATION.md").read_text()
    table = page.partition("### What a component is given")[2].partition("| variable | holds |")[2].partition("\n\n")[0]
    names = [row.split("|")[1] for row in table.splitlines() if row.startswith("|")]
    listed = {name for cell in names for name in re.findall(r"`([A-Z0-9_]+)`", cell)}
    given = {name for run in started(Servers()).values() for name in run.env if name != "PORT"}
    assert given | {MARKER_VARIABLE} == listed
    assert set(inherited) <= given


@pytest.mark.usefixtures("answering", "stopped")
def test_everybody_has_an_endpoint_of_its_own_and_the_region_where_it_runs() -> None:
    runs = started(Servers())
    assert len({run.env["AWS_ENDPOINT_URL"] for run in runs.values()}) == len(runs)
    for name, run in runs.items():
        region = WEST if name.endswith(WEST) else EAST  # who runs outside counts as the primary's
        assert run.env["AWS_REGION"] == run.env["AWS_DEFAULT_REGION"] == region


@pytest.mark.usefixtures("answering", "stopped")
def test_nothing_of_the_harness_or_of_a_real_account_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "real", "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real", "AWS_ENDPOINT_URL_DYNAMODB": "https://real", "AWS_CONFIG_FILE": "/real",
        "DRILL_SUBJECT": "x", "DRILL_SET": "failover=off", "TOXIPROXY_URL": "http://real", "PYTHONPATH": "/ours",
        "GITHUB_TOKEN": "real", "PYTEST_CURRENT_TEST": "x",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    for run in started(Servers()).values():
        leaked = {name for name in secrets if run.env.get(name) == secrets[name]}
        assert leaked == set()
        allowed = DOCUMENTED | {"AWS_EC2_METADATA_DISABLED"}
        assert {name for name in run.env if name.startswith(("AWS_", "DRILL_"))} <= allowed
        assert run.env["PATH"]


@pytest.mark.parametrize(("profile", "scale"), [(Profile.FAST, "0.1"), (Profile.PRODUCTION, "1")])
@pytest.mark.usefixtures("answering", "stopped")
def test_the_time_scale_is_the_profiles(profile: Profile, scale: str) -> None:
    assert {run.env["TIME_SCALE"] for run in started(Servers(), profile).values()} == {scale}


@pytest.mark.usefixtures("answering", "stopped")
def test_the_subjects_own_variables_win(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = subject().model_dump()
    changed["components"][0]["env"] = {"FAILOVER_THRESHOLD": "5", "MINE": "yes"}
    servers = Servers()
    processes(servers, of=Subject.model_validate(changed)).start()
    env = servers.started["monitor.outside"][0].env
    assert (env["FAILOVER_THRESHOLD"], env["MINE"]) == ("5", "yes")


# --- start and end --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("answering", "stopped")
def test_a_component_that_dies_before_it_is_ready_is_the_users_mistake_with_its_last_words() -> None:
    with pytest.raises(SubjectError, match="exited with code 1 before it was ready") as error:
        started(Servers(codes={"monitor.outside": 1}))
    assert "KeyError: 'PORT'" in str(error.value)


@pytest.mark.usefixtures("answering", "stopped")
def test_a_component_that_runs_once_and_is_done_may_be_done() -> None:
    servers = Servers(codes={"monitor.outside": 0})
    running = processes(servers)
    running.start()
    assert running.deaths() == ["monitor.outside ended by itself with exit code 0"]


@pytest.mark.usefixtures("stopped")
def test_an_application_that_never_answers_makes_the_drill_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject_processes, "_answers", lambda address, path: False)
    hasty = subject().model_copy(update={"start_timeout_s": 0.05})
    with pytest.raises(DrillInvalid) as error:
        processes(Servers(), of=hasty).start()
    assert str(error.value) == (
        f"no HTTP answer from storefront.{EAST}, storefront.{WEST} within 0.05 s of its start "
        "(a subject that needs longer says so: start_timeout_s in its file)"
    )


@pytest.mark.usefixtures("answering")
def test_disabled_failover_stops_only_its_components_and_that_is_no_death(stopped: list[Any]) -> None:
    servers = Servers()
    running = processes(servers)
    running.start()
    running.stop(["monitor"])
    assert stopped == servers.started["monitor.outside"]
    servers.started["monitor.outside"][0].code = -15
    servers.started["replicator.us-east-1"][0].code = 1
    assert running.deaths() == ["replicator.us-east-1 ended by itself with exit code 1"]


@pytest.mark.usefixtures("answering", "stopped")
def test_a_killed_instance_is_no_death_and_starts_again_as_it_was() -> None:
    servers = Servers()
    running = processes(servers)
    running.start()
    running.kill("replicator.us-east-1")
    first = servers.started["replicator.us-east-1"][0]
    first.code = -9
    assert first.done == ["kill"]
    assert running.deaths() == []
    running.restart("replicator.us-east-1")
    again = servers.started["replicator.us-east-1"][1]
    assert (again.argv, again.env, again.cwd) == (first.argv, first.env, first.cwd)
    again.code = 1
    assert running.deaths() == ["replicator.us-east-1 ended by itself with exit code 1"]


@pytest.mark.usefixtures("answering", "stopped")
@pytest.mark.parametrize("fate", ["lives", "ended by itself", "was killed in vain", "was started again already"])
def test_there_is_never_a_second_copy_of_an_instance(fate: str) -> None:
    servers, name = Servers(), "replicator.us-east-1"
    running = processes(servers)
    running.start()
    first = servers.started[name][0]
    if fate == "ended by itself":
        first.code = 1
        running.kill(name)  # nothing is left to be killed
    elif fate != "lives":
        running.kill(name)
        first.code = -9 if fate == "was started again already" else None
        running.restart(name)
    running.restart(name)
    last = servers.started[name][-1]
    assert [run for run in servers.started[name] if run.code is None] == ([last] if fate != "ended by itself" else [])
    last.code = 1
    assert running.deaths() == [f"{name} ended by itself with exit code 1"], "whichever it is, it is not forgotten"


@pytest.mark.usefixtures("answering", "stopped")
def test_an_instance_that_is_not_there_is_named_with_those_that_are() -> None:
    running = processes(Servers())
    running.start()
    with pytest.raises(SubjectError, match=r"no such instance; running: monitor\.outside, storefront"):
        running.freeze("judge.outside")


@pytest.mark.parametrize("status", [200, 404, 500])
def test_any_http_answer_is_an_answer(status: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert subject_processes._answers(("127.0.0.1", server.server_port), "/live")
        thread.join()


def test_nobody_there_is_no_answer() -> None:
    assert not subject_processes._answers(("127.0.0.1", 1), "/live")
