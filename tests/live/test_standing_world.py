"""A world that stays up: watched while somebody breaks it, healed, and never two of them in one folder."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import drill, eventually, left_running, read_until, started

from harness.clock import monotonic_ns
from harness.history import codec
from harness.history.events import Completion, Invoke
from harness.live.standing.supervisor import WATCH_LOCK, world_file
from harness.live.standing.world_file import StandingWorld
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.units import to_s
from harness.wire.admin_client import AdminClient

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SUBJECT = ROOT / "tests" / "subjects" / "foreign" / "subject.yaml"
LINK = "clients->us-east-1:http"
STEADY = 120
"""Operations before something is broken: enough to take the padding of the brackets from."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which a world runs: another environment and subject than a command line without options means."""
    folder = tmp_path_factory.mktemp("standing")
    text = (ROOT / "environments" / "embedded.yaml").read_text().replace("environment: embedded", "environment: mine")
    (folder / "mine.yaml").write_text(text.replace("../reference", str(ROOT / "reference")))
    code, output = drill(folder, "env", "up", "-e", "mine.yaml", "-s", str(SUBJECT), "--seed", "5")
    try:
        assert code == 0, output
        yield folder
    finally:
        code, output = drill(folder, "env", "down")
    assert code == 0, output
    eventually(lambda: left_running(folder) == [])
    assert not world_file.path_in(folder).exists()


@pytest.fixture
def world(folder: Path) -> StandingWorld:
    found = world_file.running(world_file.path_in(folder))
    assert found is not None
    return found


def evidence(folder: Path) -> tuple[dict[str, Any], Path]:
    """run.json of the latest run, and its folder."""
    run = (folder / "reports" / "latest").resolve()
    found: dict[str, Any] = json.loads((run / "run.json").read_text())
    return found, run


def judged(world: StandingWorld) -> dict[str, int]:
    """What clients that follow DNS have done since the recording began: sent, ok, fail, info."""
    status = AdminClient("witness", world.witness).get("/status")
    found: dict[str, int] = status["cohorts"].get("dns", dict.fromkeys(("sent", "ok", "fail", "info"), 0))
    return found if status["running"] else dict.fromkeys(found, 0)


@contextmanager
def recording(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`drill watch`, when its clients are at work."""
    with started(folder, "watch") as watching:
        assert "recording" in (output := read_until(watching, "recording")), output
        yield watching


def test_a_second_world_is_refused_by_one_message_and_the_first_one_is_shown(
    folder: Path, world: StandingWorld
) -> None:
    code, output = drill(folder, "env", "up")
    said = " ".join(output.split())  # how it is broken into lines hangs on the folder's name
    assert (code, said.count("A world is running here already")) == (0, 1)
    assert f"A world is running here already (pid {world.pid}, foreign, by drill env up)" in said
    code, output = drill(folder, "env", "status")
    assert (code, "mine (fast) with foreign" in output) == (0, True)
    assert "curl --resolve app.example.com:" in output
    code, output = drill(folder, "doctor")
    assert f"pid {world.pid} (drill env up)" in output


def test_a_world_that_starts_keeps_others_out_before_they_start_anything(tmp_path: Path) -> None:
    with world_file.claimed(
        world_file.path_in(tmp_path)
    ):  # as `drill env up` does, long before the state file is there
        code, output = drill(tmp_path, "env", "up")
        assert (code, output) == (3, f"drill: {world_file.TAKEN}\n")
        code, output = drill(tmp_path, "env", "up", "--foreground")
        assert (code, output) == (3, f"drill: {world_file.TAKEN}\n")
    assert left_running(tmp_path) == []


def test_a_cut_by_hand_is_a_bracket_that_holds_it_and_ctrl_c_loses_nothing(folder: Path, world: StandingWorld) -> None:
    client = ToxiproxyClient(world.links["url"])
    with recording(folder) as watching:
        eventually(lambda: judged(world)["ok"] >= STEADY, 60)
        before_ns = monotonic_ns()
        client.disable(LINK)
        cut_ns = monotonic_ns()
        eventually(lambda: judged(world)["fail"] >= 20, 60)
        healing_ns = monotonic_ns()
        assert drill(folder, "heal") == (0, f"{LINK}: enabled\nhealed\n")
        healed_ns = monotonic_ns()
        served = judged(world)["ok"]
        eventually(lambda: judged(world)["ok"] >= served + 40, 60)
        sent = judged(world)["sent"]
        watching.send_signal(signal.SIGINT)
        output = watching.communicate()[0]
    assert watching.returncode == 1, output
    run, place = evidence(folder)
    environment, found = run["environment"], run["drills"][0]
    assert (environment["name"], environment["subject"], run["seed"]) == ("mine", "foreign", 5)
    assert found["rto"]["low_s"] <= to_s(healed_ns - before_ns)
    assert found["rto"]["high_s"] >= to_s(healing_ns - cut_ns)
    events = list(codec.read(place / found["history"]))
    invoked = {event.op for event in events if isinstance(event, Invoke)}
    assert invoked == {event.op for event in events if isinstance(event, Completion)}
    assert sum(isinstance(event, Invoke) and event.cohort == "dns" for event in events) >= sent
    assert f"drill watch --environment mine.yaml --subject {SUBJECT}" in (place / "report.html").read_text()
    assert judged(world)["sent"] == 0  # the clients are idle again


def test_one_watches_at_a_time_and_the_world_as_it_is(folder: Path) -> None:
    # The supervisor holds the lock for a moment, again and again, to see whether a recording was left behind.
    with world_file.locked(world_file.path_in(folder).with_name(WATCH_LOCK), 2.0) as ours:
        assert ours
        code, output = drill(folder, "watch", "--for", "1s")
        assert (code, output.splitlines()[-1]) == (3, "drill: somebody watches this world already")
    code, output = drill(folder, "watch", "--seed", "3")
    assert (code, "--seed: a world runs here already (foreign, fast)" in output) == (3, True)
    assert list((folder / "reports").glob("*/watch/witness.events.jsonl")) == []


def test_the_clients_of_a_watch_that_was_killed_are_stopped_and_the_next_one_has_them(
    folder: Path, world: StandingWorld
) -> None:
    with recording(folder) as watching:
        eventually(lambda: judged(world)["ok"] > 0, 60)
        watching.kill()
        watching.communicate()
    eventually(lambda: judged(world)["sent"] == 0, 60)
    eventually(lambda: not world_file.path_in(folder).with_name(WATCH_LOCK).exists())
    code, output = drill(folder, "watch", "--for", "2s")
    assert (code in (0, 1), "Report: reports/" in output) == (True, True), output


def test_a_browser_is_served_through_the_worlds_proxy(world: StandingWorld) -> None:
    connection = http.client.HTTPConnection(*world.browser_proxy, timeout=10)
    try:
        connection.request("GET", f"http://{world.environment.edge.record}/items/absent")
        assert connection.getresponse().status == 404
    finally:
        connection.close()


def test_a_world_that_ends_while_it_is_watched_leaves_its_evidence(folder: Path, world: StandingWorld) -> None:
    with recording(folder) as watching:
        eventually(lambda: judged(world)["ok"] >= 20, 60)
        code, output = drill(folder, "env", "down")
        assert (code, output.startswith("down after")) == (0, True)
        output = watching.communicate()[0]
    assert watching.returncode in (0, 1), output
    run, _ = evidence(folder)
    assert "the world that was watched has ended" in [f["text"] for f in run["drills"][0]["findings"]]
