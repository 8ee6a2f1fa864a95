"""What the steering of DigitalOcean promises follows from its environment, and what it cannot follow is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.plan import Law, conditions_of, law_of, window_s
from harness.errors import InputError
from harness.measurement.prediction import Failure, predict
from harness.measurement.prediction_interval import PreciseLaw
from harness.parts.steering.digitalocean.law import law
from harness.topology.environment import Environment
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Subject
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.intermediary import WatchingLaw
from harness.world.steering import milestones_of

ROOT = Path(__file__).parents[2]
FAILURES: tuple[Failure, ...] = ("refused", "black-hole", "silence")
PRODUCTION, FAST = Timing(Profile.PRODUCTION), Timing(Profile.FAST)


def environment() -> Environment:
    return load_environment(ROOT / "environments" / "digitalocean.yaml")


def written(tmp_path: Path, steering: str, edge: str = "{ttl_s: 60}") -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\n"
        "places:\n"
        "  - {name: nyc3, role: primary, database: us-east-1}\n"
        "  - {name: sfo3, role: standby, database: us-west-2}\n"
        f"edge: {edge}\n"
        f"steering: {{kind: digitalocean{steering}}}\n"
        "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
        "subject: subject.yaml\n"
    )
    return path


@pytest.mark.parametrize("timing", [PRODUCTION, FAST])
def test_what_is_soonest_is_never_later_than_what_is_typical_nor_that_than_the_bound(timing: Timing) -> None:
    found = law(environment(), timing)
    assert isinstance(found, PreciseLaw)
    for failure in FAILURES:
        typical, bound = (found.detect_ns(failure, typical=typical) for typical in (True, False))
        assert found.earliest_detect_ns(failure) <= typical <= bound
        assert found.earliest_answer_ns(failure) <= found.earliest_detect_ns(failure)
    assert found.earliest_accept_ns() <= found.accept_ns(typical=True) <= found.accept_ns(typical=False)


def test_the_numbers_of_the_document() -> None:
    found = law(environment(), PRODUCTION)
    assert found.detect_ns("black-hole", typical=False) / NS_PER_S == 5 + 2 * 5 + 2
    assert found.detect_ns("refused", typical=False) / NS_PER_S == 15
    assert found.ttl_ns / NS_PER_S == 60


def test_the_shipped_objectives_leave_room_for_what_is_predicted() -> None:
    subject = load_subject(ROOT / "reference" / "digitalocean.yaml", environment())
    for timing in (PRODUCTION, FAST):
        predicted = law_of(environment(), timing, subject.timing)
        promised_s = environment().objectives_of(timing.profile).rto_s
        assert predicted.intervals["black-hole"].total.high_ns is not None
        assert predicted.intervals["black-hole"].total.high_ns / NS_PER_S <= promised_s
        assert predicted.flips == ("intermediary",)
        assert window_s(environment(), timing) > 0
        assert conditions_of(environment(), timing).edge.ttl_ns == law(environment(), timing).ttl_ns
    assert [milestone.name for milestone in milestones_of(environment())] == ["detect"]


@pytest.mark.parametrize("timing", [PRODUCTION, FAST])
def test_the_prediction_names_the_intermediarys_phases_with_its_constants(timing: Timing) -> None:
    """What the subject documents nothing of, as one that need not wait for any monitor, bounds no decision."""
    edge = law(environment(), timing)
    for name, bounded in (
        ("digitalocean-local.yaml", ["detect", "decide", "api", "activate", "dns_ttl", "settle"]),
        ("digitalocean.yaml", ["detect", "api", "dns_ttl", "settle"]),
    ):
        subject = load_subject(ROOT / "reference" / name, environment())
        found = law_of(environment(), timing, subject.timing)
        assert found.steps == ("detect", "decide", "api", "activate", "dns_ttl")
        _predicted(found, edge, subject, timing, bounded)


def _predicted(found: Law, edge: WatchingLaw, subject: Subject, timing: Timing, bounded: list[str]) -> None:
    for failure in FAILURES:
        bounds = found.intervals[failure].phases
        assert list(bounds) == bounded
        assert bounds["detect"].high_ns == edge.detect_ns(failure, typical=False)
        assert (bounds["api"].low_ns, bounds["api"].high_ns) == (0, edge.api_ns)
        predicted = predict(conditions_of(environment(), timing, failure, subject.timing))
        for phases, total_ns in (
            (predicted.typical_phases_ns, predicted.typical_ns),
            (predicted.bound_phases_ns, predicted.bound_ns),
        ):
            assert [*phases] == ["detect", "decide", "api", "dns_ttl", "settle"]
            assert sum(part or 0 for part in phases.values()) == total_ns


@pytest.mark.parametrize(
    ("steering", "edge", "told"),
    [
        ("", "{ttl_s: 20}", "edge.ttl_s: DigitalOcean takes whole seconds from 30 on for a record, not 20"),
        ("", "{ttl_s: 45.5}", "edge.ttl_s: DigitalOcean takes whole seconds from 30 on for a record, not 45.5"),
        (", agree: 1", "{}", "agree must be more than half of the vantage points, and no more than all"),
        (", agree: 4", "{}", "agree must be more than half of the vantage points, and no more than all"),
        (", vantage_points: [a, a]", "{}", "two vantage points have the same name"),
        (", look_every_s: 0", "{}", "steering.look_every_s: must be at least 0.1 (got 0)"),
        (", look_evry_s: 1", "{}", "look_evry_s"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_line(tmp_path: Path, steering: str, edge: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        load_environment(written(tmp_path, steering, edge))
    assert "mine.yaml:" in str(caught.value)
    assert told in str(caught.value)
