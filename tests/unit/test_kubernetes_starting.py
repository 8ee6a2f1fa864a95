"""How long a container may take to start is said before it is started, and what became of it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.parts.platform.kubernetes.machines.start import Start, decisive
from harness.parts.platform.kubernetes.manifests import service_rules
from harness.parts.platform.kubernetes.manifests.gathering import Gathered
from harness.parts.platform.kubernetes.starting import Observed, budgets, doubts, judged, observed
from harness.parts.platform.kubernetes.starts import unready
from harness.reporting.wording import one_line
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.diagnosis import State
from tests.unit.kubernetes_manifests import GOOD, manifests_of

FAST, PRODUCTION = Timing(Profile.FAST), Timing(Profile.PRODUCTION)
ORDINARY = GOOD.replace(
    "            periodSeconds: 10\n", "            initialDelaySeconds: 2\n            periodSeconds: 5\n"
)
KEY = ("app", "app")


def gathered(folder: Path, text: str) -> dict[str, Gathered]:
    manifests, problems = manifests_of(folder, text)
    assert problems == []
    entrance = service_rules.entrance(manifests, "app")
    assert entrance is not None
    return {"nyc3": Gathered(manifests, entrance)}


def test_a_liveness_probe_of_ordinary_length_is_doubted_in_the_fast_profile_alone(tmp_path: Path) -> None:
    (doubt,) = doubts(gathered(tmp_path, ORDINARY), FAST)
    assert doubt.at.line == 38
    assert doubt.text == (
        "app must answer soon: its liveness probe gives it 12 s, 1.2 s in the fast profile "
        "(initialDelaySeconds 2, periodSeconds 5, failureThreshold 3), and programs start no faster there"
    )
    assert "a startupProbe with periodSeconds 1 and failureThreshold 60 gives it 60 s, 6 s here" in doubt.hint
    assert "--profile production" in doubt.hint
    assert list(doubts(gathered(tmp_path, ORDINARY), PRODUCTION)) == []


def test_a_startup_probe_takes_the_liveness_probes_place(tmp_path: Path) -> None:
    startup = "          startupProbe: {tcpSocket: {port: http}, periodSeconds: 1, failureThreshold: 61}\n"
    text = ORDINARY.replace("          livenessProbe:\n", startup + "          livenessProbe:\n")
    assert list(doubts(gathered(tmp_path, text), FAST)) == []
    short = gathered(tmp_path, text.replace("failureThreshold: 61", "failureThreshold: 5"))
    (doubt,) = doubts(short, FAST)
    assert "its startup probe gives it 4 s, 0.4 s in the fast profile" in doubt.text


def test_what_has_no_such_probe_is_waited_for(tmp_path: Path) -> None:
    start = GOOD.index("          livenessProbe:")
    text = GOOD[:start] + GOOD[GOOD.index("          readinessProbe:") :]
    assert budgets(gathered(tmp_path, text), FAST) == {}
    assert [decisive(None, None), decisive(None, 1), decisive(1, 1)] == [None, "liveness", "startup"]


def test_the_longest_start_and_every_run_that_never_answered_are_kept() -> None:
    second = NS_PER_S
    start = Start().began(0).ended_by_probe().began(5 * second).answered(7 * second).answered(9 * second)
    assert start == Start(None, 2 * second, 1)
    assert start.ended_by_probe() == start  # that is no matter of its start
    assert start.began(10 * second).answered(11 * second).took_ns == 2 * second


def told(text: str, seen: Observed, alone: Observed | None, timing: Timing, folder: Path) -> tuple[State, str, str]:
    whole = None if alone is None else {KEY: alone}
    (found,) = judged(budgets(gathered(folder, text), timing), {KEY: seen}, whole, timing)
    assert found.what == "start of app"
    return found.state, found.text, found.hint


def test_a_crash_loop_is_told_with_what_it_needs(tmp_path: Path) -> None:
    state, text, hint = told(ORDINARY, Observed(None, 8), Observed(3.61, 0), FAST, tmp_path)
    assert state is State.FAIL
    assert text == (
        "app is ended by its liveness probe before it answers (8 times), which takes 3.6 s when left alone; "
        "it has 12 s, 1.2 s in the fast profile"
    )
    assert hint.startswith("a startupProbe with periodSeconds 1 and failureThreshold 80 gives it 80 s, 8 s here; or")
    assert hint.endswith("`--profile production`")
    state, text, hint = told(ORDINARY, Observed(None, 1), Observed(30.0, 0), PRODUCTION, tmp_path)
    assert "(once)" in text
    assert text.endswith("it has 12 s")
    assert "profile" not in hint


def test_what_never_answers_is_not_told_to_take_longer(tmp_path: Path) -> None:
    _, text, hint = told(ORDINARY, Observed(None, 8), Observed(None, 0), FAST, tmp_path)
    assert "nor does it when left alone" in text
    assert "what the liveness probe asks does not succeed, however long it is waited for" in hint


@pytest.mark.parametrize(("took_s", "state"), [(0.4, State.OK), (0.9, State.WARN)])
def test_a_start_that_went_well_is_told_with_what_it_may_take(tmp_path: Path, took_s: float, state: State) -> None:
    found, text, hint = told(ORDINARY, Observed(took_s, 0), None, FAST, tmp_path)
    assert (found, bool(hint)) == (state, state is State.WARN)
    assert text.startswith(
        f"app answered after {took_s} s; its liveness probe gives it 12 s, 1.2 s in the fast profile"
    )


def pod(took_s: float | None, unanswered: int, **more: Any) -> dict[str, Any]:
    starts = {"app": {"took_s": took_s, "unanswered": unanswered}}
    return {"instance": "app-1.nyc3", "workload": "app", "starts": starts, "ready": False, "phase": "CrashLoopBackOff",
            "last_failure": "", "log": "", **more}  # fmt: skip


def test_all_pods_count() -> None:
    assert observed([pod(1.0, 0), pod(2.5, 1), pod(None, 3)]) == {KEY: Observed(2.5, 4)}


def test_a_drill_that_ends_for_a_crash_loop_says_so_and_what_to_do(tmp_path: Path) -> None:
    found = budgets(gathered(tmp_path, ORDINARY), FAST)
    starts = tuple(judged(found, {KEY: Observed(None, 8)}, {KEY: Observed(2.0, 0)}, FAST))
    ended = str(unready([pod(None, 8)], 22.0, starts))
    assert ended.startswith("not every pod was ready within 22 s: app is ended by its liveness probe before it answers")
    shown = one_line(ended, 400)  # as the terminal has it
    assert "failureThreshold 60 gives it 60 s, 6 s here; or use `--profile production`" in shown
    assert "start_timeout_s" not in ended
    assert "start_timeout_s" in str(unready([pod(None, 0)], 22.0, ()))
