"""What Cloudflare promises follows from its environment, and what it cannot follow is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.drill.plan import conditions_of, intervals_of
from harness.errors import InputError
from harness.measurement.phases import STEPS, answers_move
from harness.measurement.prediction import Failure, predict
from harness.measurement.prediction_interval import PreciseLaw, predict_interval
from harness.parts.steering.cloudflare.law import CloudflareLaw, law, mean_share
from harness.topology.environment import Environment
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.steering import milestones_of, phases_of

ROOT = Path(__file__).parents[2]
FAILURES: tuple[Failure, ...] = ("refused", "black-hole", "silence")
PRODUCTION, FAST = Timing(Profile.PRODUCTION), Timing(Profile.FAST)


def environment(name: str = "cloudflare") -> Environment:
    return load_environment(ROOT / "environments" / f"{name}.yaml")


def written(tmp_path: Path, steering: str, edge: str = "{ttl_s: 30}") -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "environment: mine\n"
        "places:\n"
        "  - {name: us-east-1, role: primary}\n"
        "  - {name: us-west-2, role: standby}\n"
        f"edge: {edge}\n"
        f"steering: {{kind: cloudflare{steering}}}\n"
        "objectives: {fast: {rto_s: 20}, production: {rto_s: 150}}\n"
        "subject: subject.yaml\n"
    )
    return path


@pytest.mark.parametrize("timing", [PRODUCTION, FAST])
@pytest.mark.parametrize("name", ["cloudflare", "cloudflare-proxied"])
def test_what_is_soonest_is_never_later_than_what_is_typical_nor_that_than_the_bound(name: str, timing: Timing) -> None:
    found = law(environment(name), timing)
    assert isinstance(found, PreciseLaw)
    for failure in FAILURES:
        typical, bound = (found.detect_ns(failure, typical=typical) for typical in (True, False))
        assert found.earliest_detect_ns(failure) <= typical <= bound
        assert found.earliest_answer_ns(failure) <= found.earliest_detect_ns(failure)
    assert found.earliest_accept_ns() <= found.accept_ns(typical=True) <= found.accept_ns(typical=False)


def test_the_numbers_of_the_document() -> None:
    found = law(environment(), PRODUCTION)
    assert found.detect_ns("black-hole", typical=False) / NS_PER_S == 60 + 15 + 0.1
    assert found.detect_ns("refused", typical=False) / NS_PER_S == 60 + 0.1
    assert found.detect_ns("refused", typical=True) / NS_PER_S == pytest.approx(30)
    assert found.ttl_ns / NS_PER_S == 30
    quick = law(environment(), FAST)
    assert quick.detect_ns("black-hole", typical=False) / NS_PER_S == pytest.approx(6 + 3 + 0.1), "a time-out is 1 s"
    assert quick.ttl_ns / NS_PER_S == 3


def test_nothing_of_a_proxied_name_is_cached_and_no_answer_is_waited_for() -> None:
    proxied = environment("cloudflare-proxied")
    assert law(proxied, PRODUCTION).ttl_ns == 0
    assert not answers_move(phases_of(proxied))
    assert phases_of(environment()) == STEPS
    assert [one.kind for one in milestones_of(proxied)] == ["cloudflare"]
    dns, front = (predict(conditions_of(one, PRODUCTION)) for one in (environment(), proxied))
    assert (dns.bound_ns - front.bound_ns) / NS_PER_S == 30
    assert set(front.bound_phases_ns) == {"detect", "activate", "settle"}


def test_behind_proxies_that_wait_for_the_standby_clients_may_wait_for_as_long_once_it_takes_writes() -> None:
    proxied = environment("cloudflare-proxied")
    timing = load_subject(ROOT / "reference" / "subject.yaml", proxied).timing
    waiting = conditions_of(proxied, FAST, "refused", timing)
    found = [predict_interval(c, c, NS_PER_S).phases["settle"] for c in (replace(waiting, edge_follows=False), waiting)]
    assert found[0].high_ns == waiting.client_period_ns
    assert (found[1].high_ns or 0) >= waiting.edge.accept_ns(typical=False)


def test_more_regions_change_nothing_on_average_and_an_even_number_is_sooner_lost_than_regained() -> None:
    assert mean_share(1, 1) == pytest.approx(0.5, abs=1e-3)
    assert mean_share(3, 2) == pytest.approx(0.5, abs=1e-3)
    assert mean_share(2, 1) < 0.5 < mean_share(2, 2)


def test_checks_in_a_row_take_a_whole_interval_each() -> None:
    one = CloudflareLaw(15 * NS_PER_S, 5 * NS_PER_S, 2, 1, 1, 3, 30 * NS_PER_S)
    two = CloudflareLaw(15 * NS_PER_S, 5 * NS_PER_S, 2, 2, 2, 3, 30 * NS_PER_S)
    for failure in FAILURES:
        assert two.detect_ns(failure, typical=True) - one.detect_ns(failure, typical=True) == 15 * NS_PER_S
    assert two.accept_ns(typical=False) - one.accept_ns(typical=False) == 15 * NS_PER_S


@pytest.mark.parametrize(
    ("steering", "edge", "said"),
    [
        (", interval_s: 4", "{ttl_s: 30}", "interval_s"),
        (", interval_s: 5, timeout_s: 5", "{ttl_s: 30}", "steering.timeout_s: must be shorter than interval_s"),
        (", check_regions: [WEU, WEU]", "{ttl_s: 30}", "names a region twice"),
        (", check_regions: [MARS]", "{ttl_s: 30}", "check_regions"),
        (", fallback: nobody", "{ttl_s: 30}", "fallback"),
        ("", "{ttl_s: 5}", "Cloudflare takes whole seconds from 10 to 86400, not 5"),
        (", proxied: true", "{ttl_s: 30}", "Cloudflare answers 300 s for a proxied name, not 30"),
        (", proxied: 'true'", "{ttl_s: 30}", "Cloudflare answers 300 s for a proxied name, not 30"),
        (", failover_across_pools: true", "{ttl_s: 30}", "only a proxied request goes on to another pool"),
        (", requests_per_5_minutes: 4", "{ttl_s: 30}", "requests_per_5_minutes"),
        ("}\nhealth_checks: {request_interval_s: 30", "{ttl_s: 30}", "Cloudflare's monitor is described in section"),
        (", domain: x.akadns.net, test_interval_s: 10", "{ttl_s: 30}", "steering.test_interval_s: unknown key"),
    ],
)
def test_what_cloudflare_cannot_follow_is_refused_with_its_line(
    steering: str, edge: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        load_environment(written(tmp_path, steering, edge))
    assert said in str(refused.value)
    assert "mine.yaml:" in str(refused.value)


def test_the_pool_of_last_resort_gets_clients_without_waiting_for_its_health(tmp_path: Path) -> None:
    timing = load_subject(ROOT / "reference" / "subject.yaml", environment()).timing
    assert timing is not None
    assert timing.edge_follows
    assert conditions_of(environment(), FAST, subject=timing).edge_follows
    at_once = load_environment(written(tmp_path, ", fallback: standby"))
    assert not conditions_of(at_once, FAST, subject=timing).edge_follows


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    steering = ", interval_s: 5, timeout_s: 10, check_regions: [WEU, WEU], fallback: nobody, retries: 9"
    with pytest.raises(InputError) as refused:
        load_environment(written(tmp_path, steering, "{ttl_s: 5}"))
    for word in ("timeout_s: must be shorter", "a region twice", "steering.fallback", "steering.retries"):
        assert word in str(refused.value)
    assert str(refused.value).count("mine.yaml:") == 5, "edge.ttl_s is the fifth"


@pytest.mark.parametrize("name", ["cloudflare", "cloudflare-proxied"])
@pytest.mark.parametrize("timing", [PRODUCTION, FAST])
def test_every_phase_that_is_typical_lies_within_its_bounds(name: str, timing: Timing) -> None:
    of = load_subject(ROOT / "reference" / "subject.yaml", environment()).timing
    found = intervals_of(environment(name), timing, of)
    for failure in FAILURES:
        predicted, interval = predict(conditions_of(environment(name), timing, failure, of)), found[failure]
        assert interval.total.low_ns <= predicted.typical_ns <= predicted.bound_ns <= (interval.total.high_ns or 0)
        for phase, bounds in interval.phases.items():
            assert bounds.low_ns <= (predicted.typical_phases_ns[phase] or 0) <= (bounds.high_ns or 0), (failure, phase)


def test_clients_of_a_proxy_wait_until_the_other_side_is_accepted_and_nobody_is_late_for_it() -> None:
    of = load_subject(ROOT / "reference" / "subject.yaml", environment()).timing
    bounds = intervals_of(environment("cloudflare-proxied"), FAST, of)["refused"].phases
    measured = {"detect": 1.79, "activate": 1.77, "settle": 3.30}
    assert set(bounds) == set(measured)
    for phase, seconds in measured.items():
        assert bounds[phase].low_ns <= seconds * NS_PER_S <= (bounds[phase].high_ns or 0), (phase, bounds[phase])
    assert (bounds["settle"].high_ns or 0) <= 7 * NS_PER_S, "acceptance, and one operation of a client"
