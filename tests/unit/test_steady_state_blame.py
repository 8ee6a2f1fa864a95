"""Who is to blame for a steady state that is not reached: what the subject broke is missed, the rest proves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, Fate, SimulatedBackend, Story, plan
from test_topology_files import EMBEDDED, SUBJECT, refused_subject, written

from harness.checkers.steady_state import Seen, of_subject, unsteady
from harness.drill.backend import SteadyEvidence
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.errors import DrillInvalid, DrillMissed, VerdictReached
from harness.history.events import Commit, Completion
from harness.live.clients import _unserved
from harness.live.replication import Replicated, ReplicationWatch
from harness.measurement.availability import Share
from harness.outcome import Outcome, Verdict
from harness.parts.steering.route53.readiness import _why
from harness.topology.load import load_environment, load_subject
from harness.units import to_ns
from harness.world.load_balancer import targets_in_words

SICK = "the load balancer of us-east-1 finds no healthy target: /health of app.us-east-1 gives 404"


class Told(SimulatedBackend):
    """A world whose parts find something wrong."""

    def __init__(self, evidence: SteadyEvidence, *, overloaded: bool = False) -> None:
        super().__init__(Story(overloaded=overloaded))
        self._told = evidence

    def steady_evidence(self) -> SteadyEvidence:
        return self._told


def drilled(folder: Path, evidence: SteadyEvidence, *, overloaded: bool = False) -> DrillResult:
    drill = Drill(Told(evidence, overloaded=overloaded), plan(), folder)
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


def test_what_the_subject_breaks_on_a_machine_that_is_overloaded_proves_nothing(tmp_path: Path) -> None:
    result = drilled(tmp_path, SteadyEvidence((), {EAST: (SICK,)}), overloaded=True)
    assert result.verdict is Verdict.INVALID
    told = " ".join(result.reasons)
    assert "which no fault touched: this machine is overloaded, or the load too high" in told
    assert "no fault was injected" not in told, "nobody had come to that"
    assert SICK in told


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
            ["the load balancer of us-east-1 finds no healthy target: /health of app gives no answer in time, wanted "
             "200 (Target.Timeout)"],
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
    assert any(
        "only one, the application behind the load balancers" in told
        or "one component that runs in every place" in told
        for _, told in problems
    )


def test_a_port_on_the_command_line_makes_an_application(tmp_path: Path) -> None:
    text = SUBJECT.replace("[python, app.py]", "[node, app.js, '--port={port}']").replace("    port_env: PORT\n", "")
    subject = load_subject(written(tmp_path, text, "subject.yaml"), load_environment(EMBEDDED))
    assert subject.application.has_port


# --- a description that does not fit ---------------------------------------------------------------------------------


def burst(ok: int, failed: int, **misfits: int) -> dict[str, Any]:
    return {"ok": ok, "failed": failed, "misfits": misfits, "refused": {"HTTP 201 for writes": failed}}


@pytest.mark.parametrize(
    ("seen", "kind", "hint"),
    [
        (burst(0, 1, put=1), DrillInvalid, "`id:` of the put says where the answer has it"),
        (burst(5, 4, get=4), DrillInvalid, "`value:` of the get says where it is"),
        (burst(0, 3, put=2), DrillMissed, "see the subject's logs"),
        (burst(0, 3), DrillMissed, "see the subject's logs"),
    ],
)
def test_accepted_answers_that_only_the_file_does_not_fit_are_no_miss(
    seen: dict[str, Any], kind: type[VerdictReached], hint: str
) -> None:
    told = _unserved(seen, 29)
    assert type(told) is kind
    assert hint in str(told)
    assert "garbage" not in str(told)


class Odd(SimulatedBackend):
    """Every read is answered 200, by something that nobody understands; or every other one only."""

    every = 1

    def _fate(self, region: str, *, is_write: bool) -> Fate:
        fate = super()._fate(region, is_write=is_write)
        odd = not is_write and fate.outcome is Outcome.OK and not next(self._strays) % self.every
        return replace(fate, outcome=Outcome.INFO, error="garbage") if odd else fate

    def _complete(self, *told: Any) -> None:
        super()._complete(*told)
        last = self._new[-1]
        if isinstance(last, Completion) and last.error == "garbage":
            self._new[-1] = replace(last, status=200)


class Sometimes(Odd):
    """See Odd."""

    every = 2


@pytest.mark.parametrize(("world", "verdict"), [(Odd, Verdict.INVALID), (Sometimes, Verdict.MISSED)])
def test_a_steady_state_of_answers_that_nobody_understands_proves_nothing(
    tmp_path: Path, world: type[Odd], verdict: Verdict
) -> None:
    drill = Drill(world(Story()), plan(), tmp_path)
    drill.open()
    with pytest.raises(VerdictReached) as reached:
        drill.reach_steady_state(EAST)
    result = drill.finish(reached.value)
    assert result.verdict is verdict, result.reasons
    assert "the subject file does not fit: no value in it" in result.reasons[0]
    assert ("`value:` of the get says where it is" in result.reasons[0]) is (verdict is Verdict.INVALID)


@pytest.mark.parametrize(
    ("failed", "blamed"),
    [
        ({}, False),
        ({"HTTP 503 for reads": 1}, False),
        ({"HTTP 503 for writes": 1}, True),
        ({"no answer in time for deletes": 1}, True),
    ],
)  # fmt: skip
def test_too_few_writes_after_a_fault_are_the_subjects_only_where_some_failed(
    failed: dict[str, int], blamed: bool
) -> None:
    seen = Seen(
        Share(100, 100), 49, {("127.0.1.10",)}, True, {"127.0.1.10"}, EAST, failed=failed, after_fault=True,
    )  # fmt: skip
    assert any("49 writes acknowledged" in reason for reason in unsteady(seen))
    assert any("49 writes acknowledged" in reason for reason in of_subject(seen)) is blamed
