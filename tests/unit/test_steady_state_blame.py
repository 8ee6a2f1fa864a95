"""Who is to blame for a steady state that is not reached: what the subject broke is missed, the rest proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan
from test_topology_files import EMBEDDED, SUBJECT, refused_subject, written

from harness.checkers.steady_state import Seen, of_subject, unsteady
from harness.drill.backend import SteadyEvidence
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.errors import VerdictReached
from harness.history.events import Commit
from harness.live.replication import Replicated, ReplicationWatch
from harness.measurement.availability import Share
from harness.outcome import Verdict
from harness.parts.steering.route53.part import _why
from harness.topology.load import load_environment, load_subject
from harness.units import to_ns
from harness.world.load_balancer import targets_in_words

SICK = "the load balancer of us-east-1 finds no healthy target: /health of app.us-east-1 gives 404"


class Told(SimulatedBackend):
    """A world whose parts find something wrong."""

    def __init__(self, evidence: SteadyEvidence) -> None:
        super().__init__(Story())
        self._told = evidence

    def steady_evidence(self) -> SteadyEvidence:
        return self._told


def drilled(folder: Path, evidence: SteadyEvidence) -> DrillResult:
    drill = Drill(Told(evidence), plan(), folder)
    try:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region="the primary region", mode="refuse")
        drill.require_recovery(WEST)
    except VerdictReached as ended:
        return drill.finish(ended)
    return drill.finish(None)


def test_what_the_subject_broke_is_missed_and_said(tmp_path: Path) -> None:
    result = drilled(tmp_path, SteadyEvidence((), {EAST: (SICK,)}))
    assert result.verdict is Verdict.MISSED
    assert result.reasons == (f"no steady state within 40 s: {SICK}",)


def test_replication_that_is_promised_and_dead_is_missed(tmp_path: Path) -> None:
    result = drilled(tmp_path, SteadyEvidence((), unreplicated=("no write has been replicated lately",)))
    assert result.verdict is Verdict.MISSED
    assert "no write has been replicated lately" in result.reasons[0]


def test_what_the_harness_could_not_do_is_invalid_whatever_else_is_wrong(tmp_path: Path) -> None:
    result = drilled(tmp_path, SteadyEvidence(("3 of 16 checkers of us-west-2 have data",), {EAST: (SICK,)}))
    assert result.verdict is Verdict.INVALID
    assert "3 of 16 checkers of us-west-2 have data" in result.reasons[0]


class ToldAfterwards(Told):
    """The same, once something has been broken and healed."""

    over = False

    def steady_evidence(self) -> SteadyEvidence:
        return self._told if self.over else SteadyEvidence(())


def drilled_and_healed(folder: Path, backend: ToldAfterwards) -> DrillResult:
    drill = Drill(backend, plan(), folder)
    try:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region="the primary region", mode="refuse")
        drill.require_recovery(WEST)
        drill.heal()
        backend.over = True
        drill.reach_steady_state(drill.active_region)
    except VerdictReached as ended:
        return drill.finish(ended)
    return drill.finish(None)


def test_after_a_fault_too_the_worlds_own_troubles_prove_nothing(tmp_path: Path) -> None:
    told = SteadyEvidence(("3 of 16 checkers of us-west-2 have data",))
    result = drilled_and_healed(tmp_path, ToldAfterwards(told))
    assert result.verdict is Verdict.INVALID
    assert "3 of 16 checkers of us-west-2 have data" in result.reasons[0]


def test_after_a_fault_what_the_subject_does_not_recover_from_is_missed(tmp_path: Path) -> None:
    broken = {place: (f"the load balancer of {place} finds no healthy target",) for place in (EAST, WEST)}
    result = drilled_and_healed(tmp_path, ToldAfterwards(SteadyEvidence((), broken)))
    assert result.verdict is Verdict.MISSED
    assert "finds no healthy target" in result.reasons[0]


def test_what_is_amiss_elsewhere_is_told_and_keeps_nobody_from_starting(tmp_path: Path) -> None:
    broken = {WEST: ("us-west-2 is not well", "us-west-2 waits for its turn")}
    by_design = frozenset({"us-west-2 waits for its turn"})
    evidence = SteadyEvidence((), broken, notes=("nothing is replicated",), by_design=by_design)
    result = drilled(tmp_path, evidence)
    assert result.verdict is Verdict.MET
    told = [(f.severity, f.text) for f in result.findings if f.id == "at-rest"]
    assert told == [("warning", "nothing is replicated"), ("warning", "us-west-2 is not well")]


def test_what_the_subjects_file_announces_of_the_other_side_is_nothing_amiss(tmp_path: Path) -> None:
    """A standby whose edge health follows the writes is unhealthy there for as long as it is a standby."""
    waiting = "Route 53's health check of us-west-2 is unhealthy"
    evidence = SteadyEvidence((), {WEST: (waiting, "no target is healthy")}, by_design=frozenset({waiting}))
    result = drilled(tmp_path, evidence)
    assert [finding.text for finding in result.findings if finding.id == "at-rest"] == ["no target is healthy"]


def test_failing_clients_are_told_with_what_they_saw() -> None:
    seen = Seen(
        Share(60, 100),
        60,
        {("a",)},
        True,
        {"a"},
        EAST,
        failed={"HTTP 403 for writes": 30, "no answer in time for reads": 10},
    )
    assert list(of_subject(seen)) == [
        "only 60.0% of the clients' requests succeed (HTTP 403 for writes: 30 times, "
        "no answer in time for reads: 10 times)"
    ]
    led_elsewhere = Seen(Share(60, 100), 60, {("b",)}, True, {"a"}, EAST)
    assert list(of_subject(led_elsewhere)) == []
    assert len(list(unsteady(led_elsewhere))) == 2


# --- what the parts see of a subject -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([], []),
        ([{"id": "app", "healthy": True, "state": "healthy"}], []),
        ([{"id": "app", "healthy": False, "state": "initial"}], []),
        (
            [{"id": "app", "state": "unhealthy", "status": 204, "reason": "Target.ResponseCodeMismatch"}],
            ["the load balancer of us-east-1 finds no healthy target: /health of app gives 204, wanted 200 "
             "(Target.ResponseCodeMismatch)"],
        ),
        (
            [{"id": "app", "healthy": False, "state": "unhealthy", "status": None, "reason": "Target.Timeout"}],
            ["the load balancer of us-east-1 finds no healthy target: /health of app gives no answer, wanted 200 "
             "(Target.Timeout)"],
        ),
    ],
)  # fmt: skip
def test_a_load_balancer_without_a_healthy_target_says_why(
    targets: list[dict[str, object]], expected: list[str]
) -> None:
    assert [one.text for one in targets_in_words(EAST, targets, "/health", "200")] == expected


def test_a_health_check_is_told_with_what_most_checkers_saw() -> None:
    seen = [("Failure: HTTP Status Code 404", False)] * 3 + [("Failure: timeout", False), ("Success", True)]
    assert _why({"observations": [{"status": s, "healthy": h} for s, h in seen]}) == "Failure: HTTP Status Code 404"


# --- replication -----------------------------------------------------------------------------------------------------


def commit(region: str, value: str, at_s: float) -> Commit:
    return Commit(region, "items", value, value, 0, to_ns(at_s))


def test_replication_that_never_was_is_waited_for_and_then_told() -> None:
    watch = ReplicationWatch((EAST, WEST), to_ns(15))
    watch.take([commit(EAST, "a", 1)])
    assert watch.state(to_ns(15)).missing
    late = watch.state(to_ns(16.1))
    assert not late.missing
    assert "nothing is replicated: no write came to every database within 15 s" in late.notes[0]
    watch.take([commit(WEST, "a", 17)])
    watch.take([commit(EAST, "b", 17.1), commit(WEST, "b", 17.2)])
    assert watch.state(to_ns(18)) == Replicated()


def test_replication_that_worked_must_go_on_working() -> None:
    watch = ReplicationWatch((EAST, WEST), to_ns(15))
    watch.take([commit(EAST, "a", 1), commit(WEST, "a", 1.1)])
    assert watch.state(to_ns(2)) == Replicated()
    watch.take([commit(EAST, "b", 40)])
    assert watch.state(to_ns(60)).missing == ("no write has been replicated lately",)


def test_replication_that_is_promised_is_waited_for_until_the_drill_gives_up() -> None:
    watch = ReplicationWatch((EAST, WEST))
    watch.take([commit(EAST, "a", 1)])
    assert watch.state(to_ns(1000)).missing


# --- one side only ---------------------------------------------------------------------------------------------------


def test_an_application_may_run_on_one_side_alone(tmp_path: Path) -> None:
    text = SUBJECT.replace("region: each", "region: us-east-1")
    subject = load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
    assert subject.application.name == "app"
    two = text + "  - {name: other, command: [x], region: us-west-2, port_env: PORT}\n"
    problems = refused_subject(tmp_path, two.replace("failover:\n  components: [monitor]\n", ""))
    assert any("got 2" in told for _, told in problems)


def test_a_port_on_the_command_line_makes_an_application(tmp_path: Path) -> None:
    text = SUBJECT.replace("[python, app.py]", "[node, app.js, '--port={port}']").replace("    port_env: PORT\n", "")
    subject = load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
    assert subject.application.has_port
