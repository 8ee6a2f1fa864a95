"""What `drill doctor` finds: each of a machine's usual troubles, with what to do about it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import diagnosis
from harness.cli.main import app
from harness.drill.options import RunOptions, resolve
from harness.live.leftovers import journal
from harness.live.standing import world_file
from harness.processes import world_folder
from harness.processes.process_tree import MARKER_VARIABLE
from harness.topology.environment import Section
from harness.world.diagnosis import Diagnosis, State

WAITS = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and a temporary folder in which nobody else leaves anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that nobody else can have, and on which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]


def options(toxiproxy_port: int = 0) -> RunOptions:
    found = resolve({}, {}, Path.cwd(), 7)
    environment = found.environment.model_copy(update={"toxiproxy_port": toxiproxy_port})
    return RunOptions(**{**vars(found), "environment": environment})


def found(what: str, given: RunOptions | None = None) -> Diagnosis:
    (finding,) = [finding for finding in diagnosis.machine(given or options()) if finding.what == what]
    return finding


def test_packages_that_are_missing_or_too_old_are_named_and_those_for_elsewhere_are_not() -> None:
    required = [
        "pytest>=1",
        "pytest<1",
        "no-such-thing-anywhere>=2",
        "pytest<1; extra == 'x'",
        "pytest<1; os_name=='?'",
    ]
    version = pytest.__version__
    assert list(diagnosis.wrong_versions(required)) == [
        f"pytest {version} is not <1",
        "no-such-thing-anywhere is missing",
    ]
    assert found("packages").state is State.OK


def test_a_port_that_somebody_has_names_the_setting(taken: int) -> None:
    finding = found("toxiproxy_port", options(taken))
    assert (finding.state, finding.text) == (State.FAIL, f"127.0.0.1:{taken} is in use")
    assert "choose another toxiproxy_port" in finding.hint
    assert found("ports").state is State.OK


def test_the_port_in_the_links_section_is_named_as_that(taken: int) -> None:
    given = options()
    links = Section.model_validate({"port": taken})
    environment = given.environment.model_copy(update={"links": links})
    assert found("links.port", RunOptions(**{**vars(given), "environment": environment})).state is State.FAIL


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{}",
        "https://127.0.0.1:{}",
        "nonsense/{}",
        "http://127.0.0.1:99999",
        "http://[::1]:{}",
        "http://[:{}",
    ],
)
def test_a_toxiproxy_of_the_users_that_does_not_answer_is_told(
    url: str, deaf: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOXIPROXY_URL", url.format(deaf))
    assert found("TOXIPROXY_URL").state is State.FAIL


def test_a_state_file_that_is_none_is_told_and_stays(tmp_path: Path) -> None:
    assert found("standing world").text == "none here"
    path = world_file.path_in(tmp_path)
    path.parent.mkdir()
    path.write_text("{}")
    finding = found("standing world")
    assert (finding.state, finding.hint) == (State.WARN, f"rm {path}")
    assert path.is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing tells there who lives")
def test_a_worlds_folder_is_left_when_nobody_of_its_world_lives(tmp_path: Path) -> None:
    with world_folder.made() as folder:
        assert found("folders left").text == "none"
        (folder.path / "a.log").write_text("said")
        kept = Path(shutil.copytree(folder.path, folder.path.with_name("drill-world-left")))
    finding = found("folders left")
    assert (finding.state, finding.text) == (State.WARN, str(kept))
    assert "drill heal" in finding.hint


def test_what_a_killed_harness_left_in_the_journal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "journal"))
    assert found("broken still").text == "nothing"
    journal.write(journal.Leftover.ours("region-outage of east on mine", "platform", "external", {"is": "fault"}))
    assert found("broken still").text == "nothing", "it is ours, and we live"
    journal.write(journal.Leftover("region-outage of west on mine", "platform", "external", {}, 4_194_303, 1.0))
    (tmp_path / "journal" / "ab.journal").write_text("{")
    finding = found("broken still")
    assert finding.state is State.WARN
    assert "region-outage of west on mine, of process 4194303, which is gone" in finding.text
    assert "ab.journal, which this version cannot read" in finding.text
    assert "drill heal" in finding.hint


@pytest.mark.live
def test_a_component_is_left_when_its_fork_server_has_ended() -> None:
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE) as ended:
        ended.communicate()
    for server, left in ((ended.pid, True), (os.getpid(), False)):
        marked = {**os.environ, MARKER_VARIABLE: f"{server}-0"}
        with subprocess.Popen(WAITS, stdin=subprocess.PIPE, env=marked) as component:
            assert (component.pid in [pid for pid, _ in diagnosis.left_processes()]) is left
            component.communicate()


def test_the_exit_code_tells_whether_anything_failed_and_warnings_do_not(
    tmp_path: Path, deaf: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world_file.path_in(tmp_path).parent.mkdir()
    world_file.path_in(tmp_path).write_text("{}")
    done = CliRunner().invoke(app, ["doctor"])
    assert (done.exit_code, "rm " in done.output, "nothing failed" in done.output) == (0, True, True)
    monkeypatch.setenv("TOXIPROXY_URL", f"http://127.0.0.1:{deaf}")
    done = CliRunner().invoke(app, ["doctor"])
    assert (done.exit_code, "1 of " in done.output) == (3, True)
