"""The bounds of a recovery from documented constants alone, and what lies outside of them."""

from __future__ import annotations

import pytest
from measurement_timeline import s
from simulated_backend import environment, subject

from harness.checkers.phases import phase_findings
from harness.drill.plan import FAILURES, conditions_of, intervals_of
from harness.measurement.prediction import predict
from harness.outcome import Bracket
from harness.topology.timing import Profile, Timing

PREDICTED = {
    "detect": Bracket(s(4.9), s(9.1)),
    "redirect": Bracket(0, s(2.7)),
    "activate": Bracket(0, s(0.5)),
    "dns_ttl": Bracket(s(4.1), s(6.2)),
    "settle": Bracket(0, s(0.2)),
}


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("documented", [True, False])
def test_what_is_typical_and_what_is_the_bound_lie_within_the_interval(profile: Profile, documented: bool) -> None:
    timing, of = Timing(profile), subject().timing if documented else None
    for failure, interval in intervals_of(environment(), timing, of).items():
        if failure not in FAILURES:
            continue
        predicted = predict(conditions_of(environment(), timing, failure, of))
        assert interval.total.low_ns <= predicted.typical_ns <= predicted.bound_ns
        assert predicted.bound_ns <= (interval.total.high_ns or 0)
        for name, bounds in interval.phases.items():
            length_ns = predicted.typical_phases_ns[name]
            assert length_ns is not None
            assert bounds.low_ns <= length_ns <= (bounds.high_ns or 0), (failure, name)


def test_the_bounds_of_the_documented_constants() -> None:
    """Route 53's standard health check, every 10 s, 3 failures; the black hole times out after 4 s, with answer 2 s."""
    found = intervals_of(environment(), Timing(Profile.PRODUCTION), subject().timing)
    assert found["black-hole"].phases["detect"] == Bracket(s(1.9 + 2 * 14), s(10.1 + 2 * 16 + 6))
    assert found["refused"].phases["detect"] == Bracket(s(20), s(10.1 + 20))
    assert found["silence"].phases["detect"] == Bracket(s(1.9 + 2 * 12), s(10.1 + 2 * 12 + 2))
    # A health path of a place whose database is lost says so at once, or lets the check time out.
    assert found["database"].phases["detect"] == Bracket(s(20), s(10.1 + 2 * 12 + 2))


def test_an_answer_that_follows_target_health_may_change_before_the_health_checks_notice() -> None:
    """Unless it waits for the other side to be healthy, as the reference's does."""
    shipped = environment()
    checks = shipped.health_checks.model_copy(update={"evaluate_target_health": False})
    without = shipped.model_copy(update={"health_checks": checks})
    documented = subject().timing
    assert documented is not None
    alone = documented.model_copy(update={"edge_follows": False})
    timing = Timing(Profile.PRODUCTION)
    for its, of, low_s in ((shipped, alone, 0), (without, alone, 29.9), (shipped, documented, 29.9)):
        assert intervals_of(its, timing, of)["black-hole"].phases["detect"].low_ns == s(low_s)


def test_what_a_subject_does_not_document_is_not_bounded() -> None:
    found = intervals_of(environment(), Timing(Profile.FAST), None)["black-hole"]
    assert list(found.phases) == ["detect", "dns_ttl", "settle"]


def told(**phases_s: float | None) -> list[tuple[str, str]]:
    phases_ns = {name: None if value is None else s(value) for name, value in phases_s.items()}
    findings = phase_findings(phases_ns, PREDICTED, blur_ns=s(0.25), lost="us-east-1", survivor="us-west-2")
    return [(finding.severity, finding.text) for finding in findings]


def test_phases_within_their_bounds_are_no_finding() -> None:
    assert told(detect=5.6, redirect=0.0, activate=0.0, dns_ttl=5.4, settle=0.1) == []
    assert told(detect=9.3, redirect=2.9, activate=0.7, dns_ttl=6.4, settle=0.4) == []  # within the blur


def test_a_phase_outside_its_bounds_is_told_with_its_cause() -> None:
    assert told(detect=12.0, redirect=0.0) == [
        ("warning", "detection by the edge's health checks took 12.00 s, longer than the documented constants explain "
         "(4.90 \u2013 9.10 s): us-east-1 went on passing its health checks, or they took longer than documented"),
    ]  # fmt: skip
    [(severity, text)] = told(detect=5.5, dns_ttl=1.0)
    assert severity == "info"
    assert text.endswith("clients asked again before their answer had run out")


def test_a_phase_whose_beginning_nobody_saw_may_have_the_time_of_the_one_before_in_it() -> None:
    assert told(detect=None, redirect=8.0) == []
    assert told(detect=5.5, redirect=None, activate=4.0, dns_ttl=5.0) == []
