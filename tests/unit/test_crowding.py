"""A machine that is shared: each world has its part of it, and no red that the machine may be to blame for."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import SimulatedBackend, Story, run_drill
from test_drill_verdicts import lost, lost_and_healed

from harness.drill.crowding import crowded, too_little
from harness.errors import DrillInvalid
from harness.live import clients as live_clients
from harness.live.clients import Clients
from harness.live.sharing import Sharing, Spent, spent
from harness.outcome import Verdict
from harness.topology.load import load_environment

ROOT = Path(__file__).parents[2]
Calibrated = Callable[[Mapping[str, float]], None]


@pytest.fixture
def calibrated(monkeypatch: pytest.MonkeyPatch) -> Calibrated:
    """What a simulated world tells of the machine."""
    usual = SimulatedBackend.calibration

    def tell(more: Mapping[str, float]) -> None:
        monkeypatch.setattr(SimulatedBackend, "calibration", lambda self: {**usual(self), **more})

    return tell


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"worlds": 2.0, "busy": 0.97}, Verdict.INVALID),
        ({"worlds": 2.0, "busy": 0.60}, Verdict.MISSED),
        ({"busy": 0.97, "others": 0.3}, Verdict.MISSED),  # it is the drill itself that keeps the machine busy
        ({"busy": 0.97, "others": 0.6}, Verdict.INVALID),
        ({"busy": 0.70, "others": 0.6}, Verdict.MISSED),
    ],
)
def test_a_miss_on_a_crowded_machine_proves_nothing(
    tmp_path: Path, calibrated: Calibrated, told: Mapping[str, float], verdict: Verdict
) -> None:
    calibrated(told)
    result = run_drill(tmp_path, lost, Story(takeover_s=None))
    assert result.verdict is verdict
    whose = (
        "2 worlds kept this machine busy for 97 % of the time"
        if "worlds" in told
        else ("97 % of this machine was busy, 60 % of it with other programs than this drill's, so")
    )
    assert (whose in result.reasons[0]) is (verdict is Verdict.INVALID)
    assert "never recovered" in " ".join(result.reasons), "what was seen is told all the same"


def test_what_is_green_on_a_crowded_machine_is_green(tmp_path: Path, calibrated: Calibrated) -> None:
    calibrated({"worlds": 2.0, "busy": 0.97})
    result = run_drill(tmp_path, lost_and_healed)
    assert result.verdict is Verdict.MET, result.reasons


def test_a_world_that_is_alone_is_never_crowded_and_takes_what_it_finds() -> None:
    assert crowded({"busy": 1.0}) is None
    assert too_little(capacity_per_s=1.0, worlds=1, wanted_per_s=40.0) is None


def options(sharing: int) -> Any:
    environment = load_environment(ROOT / "environments" / "embedded.yaml")
    subject = SimpleNamespace(workload=SimpleNamespace(journeys=()))
    return SimpleNamespace(environment=environment, subject=subject, sharing=sharing)


def witness(monkeypatch: pytest.MonkeyPatch, capacity_per_s: float, sharing: int) -> tuple[Clients, list[Any]]:
    told: list[Any] = []

    def post(_: Any, path: str, body: Any = None) -> Any:
        told.append((path, body))
        return {"ops_per_s": capacity_per_s}

    monkeypatch.setattr(live_clients, "witness_config", lambda *_: {})
    monkeypatch.setattr(live_clients, "link_canaries", lambda _: [])
    monkeypatch.setattr(live_clients, "terms_of", lambda _: None)
    monkeypatch.setattr(live_clients.AdminClient, "post", post)
    process = SimpleNamespace(ready=lambda _: {"admin": ("127.0.0.1", 1)}, poll=lambda: None, error=None)
    net: Any = SimpleNamespace(ground=SimpleNamespace(spawn=lambda *_: process, on_close=lambda _: None))
    return Clients(options(sharing), net, ("127.0.0.1", 53)), told


@pytest.mark.parametrize("worlds", [1, 2, 3])
def test_worlds_take_half_of_the_machine_between_them(monkeypatch: pytest.MonkeyPatch, worlds: int) -> None:
    one, _ = witness(monkeypatch, 100.0, worlds)
    wanted = one._options.environment.workload.rate_per_s
    one.calibrate()
    assert worlds * one.calibration["rate_per_s"] <= 50.0
    assert one.calibration["rate_per_s"] < wanted
    assert one.calibration["capacity_per_s"] == 100.0


def test_a_share_that_is_too_small_is_no_verdict_on_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    one, told = witness(monkeypatch, 20.0, 4)
    with pytest.raises(
        DrillInvalid, match=r"carries 20 operations a second; half of that, shared by 4 worlds, is 2 of"
    ):
        one.calibrate()
    assert [path for path, _ in told] == ["/calibrate"]
    assert one.calibration == {"capacity_per_s": 20.0}, "what the machine carries is told all the same"


def test_a_machine_that_carries_nothing_is_no_verdict_on_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = witness(monkeypatch, 0.0, 1)
    with pytest.raises(DrillInvalid, match="carried no operation"):
        one.calibrate()


def test_how_busy_the_machine_was_is_told_of_the_time_in_which_clients_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([Spent(100.0, 10.0, 10.0, 4.0), Spent(110.0, 19.0, 18.0, 7.0)])
    monkeypatch.setattr("harness.live.sharing.spent", lambda: next(times))
    sharing = Sharing(2)
    assert sharing.told() == {"worlds": 2.0}
    sharing.begin()
    sharing.end()
    sharing.end()
    assert sharing.told() == {"worlds": 2.0, "busy": pytest.approx(0.9), "others": pytest.approx(0.5)}
    assert Sharing(1).told() == {}


@pytest.mark.parametrize(("by_session", "gave_way_s"), [("0\n", 3.0), ("1\n", 0.0), (None, 3.0)])
def test_a_lower_priority_gives_way_where_the_processors_are_not_shared_by_session(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by_session: str | None, gave_way_s: float
) -> None:
    switch = tmp_path / "sched_autogroup_enabled"
    if by_session is not None:
        switch.write_text(by_session, encoding="ascii")
    monkeypatch.setattr("harness.live.sharing._BY_SESSION", switch)
    times = namedtuple("times", ("user", "nice", "system", "idle"))
    monkeypatch.setattr("harness.live.sharing.psutil.cpu_times", lambda: times(5.0, 3.0, 2.0, 10.0))
    now = spent()
    assert (now.all_s, now.busy_s, now.busy_s - now.pressing_s) == (20.0, 10.0, gave_way_s)


def test_what_this_process_and_its_children_take_is_not_taken_by_others() -> None:
    before = spent()
    loop = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", loop], check=True)
    now = spent()
    assert now.ours_s - before.ours_s >= 0.25
    assert now.busy_s - before.busy_s >= 0.25, "the clock of the processors ticks in hundredths"
