"""What GTM promises follows from its environment, and what it cannot follow is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.measurement.prediction import Failure
from harness.measurement.prediction_interval import PreciseLaw
from harness.parts.steering.akamai.law import AkamaiLaw, forgiven, law
from harness.topology.load import load_environment
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.steering import milestones_of

ROOT = Path(__file__).parents[2]
FAILURES: tuple[Failure, ...] = ("refused", "black-hole", "silence")
PRODUCTION, FAST = Timing(Profile.PRODUCTION), Timing(Profile.FAST)


def written(tmp_path: Path, steering: str = "", more: str = "edge: {ttl_s: 60}") -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\n"
        "regions:\n"
        "  - {name: us-east-1, role: primary}\n"
        "  - {name: us-west-2, role: standby}\n"
        f"{more}\n"
        f"steering: {{kind: akamai{steering}}}\n"
        "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
        "subject: subject.yaml\n"
    )
    return path


def shipped(timing: Timing) -> AkamaiLaw:
    return law(load_environment(ROOT / "environments" / "akamai.yaml"), timing)


@pytest.mark.parametrize("timing", [PRODUCTION, FAST])
def test_what_is_soonest_is_never_later_than_what_is_typical_nor_that_than_the_bound(timing: Timing) -> None:
    found = shipped(timing)
    assert isinstance(found, PreciseLaw)
    for failure in FAILURES:
        typical, bound = (found.detect_ns(failure, typical=typical) for typical in (True, False))
        assert found.earliest_detect_ns(failure) <= typical <= bound
        assert found.earliest_answer_ns(failure) <= found.earliest_detect_ns(failure)
    assert found.earliest_accept_ns() <= found.accept_ns(typical=True) <= found.accept_ns(typical=False)


def test_the_numbers_of_the_document() -> None:
    found = shipped(PRODUCTION)
    assert found.detect_ns("refused", typical=True) / NS_PER_S == 12.5
    assert found.detect_ns("refused", typical=False) / NS_PER_S == 25.1
    assert found.detect_ns("black-hole", typical=True) / NS_PER_S == 22.5
    assert found.accept_ns(typical=False) / NS_PER_S == 65.1
    assert (found.forgiven, found.forgiven_relative) == (5, 1)
    assert found.ttl_ns / NS_PER_S == 60


def test_how_many_good_tests_forgive_a_failure() -> None:
    assert [forgiven(penalty, 4, 1) for penalty in (75, 25, 8, 4, 0)] == [5, 3, 1, 1, 1]
    assert forgiven(75, 4, 2) == 9


def test_delays_count(tmp_path: Path) -> None:
    found = law(load_environment(written(tmp_path, ", failover_delay_s: 60, failback_delay_s: 120")), PRODUCTION)
    assert found.publish_ns == 60 * NS_PER_S
    assert found.accept_ns(typical=False) - shipped(PRODUCTION).accept_ns(typical=False) == 120 * NS_PER_S


def test_its_milestone_is_what_its_agents_find() -> None:
    (milestone,) = milestones_of(load_environment(ROOT / "environments" / "akamai.yaml"))
    assert (milestone.name, milestone.kind) == ("detect", "akamai")


@pytest.mark.parametrize(
    ("steering", "more", "words"),
    [
        (", test_interval_s: 9", "", "test_interval_s"),
        (", test_timeout_s: 61", "", "test_timeout_s"),
        (", domain: example.com", "", "needs a name below akadns.net"),
        (", property_type: performance", "", "property_type"),
        (", agents: 6", "", "agents: must be an odd number"),
        (", backup_ip: 192.0.2.9, backup_cname: www.example.com", "", "a backup_ip or a backup_cname, not both"),
        (", intervall: 10", "", "intervall"),
        (", backup_ip: nowhere", "", "backup_ip: must be an IPv4 address"),
        (", backup_ip: '::1'", "", "backup_ip: must be an IPv4 address"),
        (", error_penalty: 4", "", "steering.error_penalty"),
        (", timeout_penalty: 0", "", "steering.timeout_penalty"),
        (", domain: a..b.akadns.net", "", "needs a name below akadns.net"),
        (", standby_weight: 10", "", "weights are of weighted-round-robin, and not of failover"),
        (", property_type: weighted-round-robin, standby_weight: 100", "", "100 leads nobody to the primary"),
        (", handout_mode: one-ip, handout_limit: 3", "", "a limit is of the modes normal and persistent"),
        ("", "edge: {hosted_zone: example.akadns.net, record: app.example.akadns.net}", "GTM's own zone"),
        (", interval_s: 60, check_regions: [WEU], proxied: true", "", "steering.check_regions: unknown key"),
        ("", "edge: {ttl_s: 20}", "whole seconds from 30 to 3600"),
        ("", "edge: {ttl_s: 60.5}", "whole seconds from 30 to 3600"),
        ("", "edge: {record: example.com}", "a CNAME, which the zone's own name cannot have"),
        ("", "health_checks: {request_interval_s: 30}", "Akamai's liveness tests are described in section `steering`"),
    ],
)
def test_what_it_cannot_follow_is_refused_by_file_and_line(
    tmp_path: Path, steering: str, more: str, words: str
) -> None:
    path = written(tmp_path, steering, more or "edge: {ttl_s: 60}")
    with pytest.raises(InputError) as error:
        load_environment(path)
    assert words in str(error.value)
    assert f"{path}:" in str(error.value)


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, ", agents: 6, backup_ip: x, test_interval_s: 1, error_penalty: 1", "edge: {ttl_s: 20}")
    with pytest.raises(InputError) as error:
        load_environment(path)
    for word in ("agents", "backup_ip", "test_interval_s", "error_penalty", "edge.ttl_s"):
        assert word in str(error.value)
    assert str(error.value).count(f"{path}:") == 5
