"""What must hold for any group of records in any state of health."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from harness.engines.dns.lookup import drawing, everyone, lookup
from harness.engines.dns.selection import MULTIVALUE_LIMIT, Health, choose, eligible, is_healthy
from harness.engines.dns.zone import AliasTarget, Configuration, HealthCheck, RecordSet, Zone
from harness.engines.health_checks.checker import Checker, Due, Finished, Sleep, step
from harness.parts.steering.route53.model import Checked, Configured, Plane, start

APP = "app.example.com"
CHECKS = ("h0", "h1", "h2", "h3")
seeds = st.integers(0, 2**32)
health = st.fixed_dictionaries({check: st.booleans() for check in CHECKS}).map(lambda checks: Health(checks=checks))
check_ids = st.sampled_from((None, *CHECKS))


@st.composite
def groups(draw: st.DrawFn, name: str = APP, targets: tuple[str, ...] = ()) -> list[RecordSet]:
    """A group of one policy; members answer by themselves, or alias one of `targets`."""
    policy = draw(st.sampled_from(("simple", "failover", "weighted", "multivalue")))
    size = {"simple": 1, "failover": draw(st.integers(1, 2))}.get(policy, draw(st.integers(1, 12)))
    records = []
    for i in range(size):
        target = draw(st.sampled_from((None, *targets)))
        records.append(
            RecordSet(
                name,
                "A",
                ttl_s=None if target else 60,
                values=() if target else (f"192.0.2.{i}",),
                alias=AliasTarget("Z", target, draw(st.booleans())) if target and policy != "multivalue" else None,
                set_identifier=f"{name}/{i}",
                failover=("PRIMARY", "SECONDARY")[i] if policy == "failover" else None,
                weight=draw(st.integers(0, 255)) if policy == "weighted" else None,
                multivalue=policy == "multivalue",
                health_check_id=draw(check_ids),
            )
        )
    return [
        r if r.alias or r.values else RecordSet(**{**vars(r), "values": ("192.0.2.99",), "ttl_s": 1}) for r in records
    ]


@st.composite
def trees(draw: st.DrawFn) -> Zone:
    leaves = [record for i in range(2) for record in draw(groups(f"leaf{i}.example.com"))]
    middle = draw(groups("middle.example.com", ("leaf0.example.com", "leaf1.example.com")))
    top = draw(groups(APP, ("middle.example.com", "leaf1.example.com")))
    return Zone.of("Z", "example.com", [*leaves, *middle, *top])


@given(trees(), health, seeds)
def test_a_name_with_records_never_has_an_empty_answer(zone: Zone, state: Health, seed: int) -> None:
    answer = lookup(Configuration((zone,)), state, APP, "A", drawing(random.Random(seed).random))
    assert answer.rcode == "NOERROR"
    assert answer.values("A")


@given(trees(), health, seeds)
def test_what_a_client_gets_is_among_what_may_be_given(zone: Zone, state: Health, seed: int) -> None:
    config = Configuration((zone,))
    given_now = lookup(config, state, APP, "A", drawing(random.Random(seed).random)).values("A")
    assert set(given_now) <= set(lookup(config, state, APP, "A", everyone).values("A"))


@given(groups(), health)
def test_only_healthy_records_are_answered_while_any_is_healthy(group: list[RecordSet], state: Health) -> None:
    zone = Zone.of("Z", "example.com", group)
    healthy = [r for r in group if is_healthy(r, zone, state)]
    for record in eligible(tuple(group), zone, state):
        assert record in (healthy or group)


@given(groups(), seeds)
def test_when_nothing_is_healthy_the_answer_is_as_if_everything_were(group: list[RecordSet], seed: int) -> None:
    checked = tuple(RecordSet(**{**vars(r), "health_check_id": "h0"}) for r in group)
    zone = Zone.of("Z", "example.com", checked)
    down, up = (eligible(checked, zone, Health(checks={"h0": healthy})) for healthy in (False, True))
    assert down == up
    picks = [choose(candidates, random.Random(seed).random) for candidates in (down, up)]
    assert picks[0] == picks[1]
    assert 1 <= len(picks[0]) <= MULTIVALUE_LIMIT


@given(trees(), health, st.sampled_from(CHECKS))
def test_losing_one_more_check_never_makes_an_unhealthy_record_healthy(zone: Zone, state: Health, lost: str) -> None:
    worse = Health(checks={**state.checks, lost: False})
    for group in zone.groups.values():
        for record in group:
            assert is_healthy(record, zone, state) or not is_healthy(record, zone, worse)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 10))
def test_a_vote_always_equals_the_last_full_run_of_results(results: list[bool], threshold: int) -> None:
    state, vote, run = Checker(10, threshold), True, 0
    for turn, ok in enumerate(results):
        state, _ = step(state, Due(), 100 * turn)
        state, effects = step(state, Finished(ok, ""), 100 * turn + 50)
        run = run + 1 if turn and results[turn - 1] == ok else 1
        if run >= threshold:
            vote = ok
        assert state.healthy is vote
        assert Sleep(100 * turn + 60) in effects


@given(st.text(max_size=20), st.sampled_from(("A", "TXT", "SOA")))
def test_no_name_makes_a_lookup_fail(name: str, record_type: str) -> None:
    zone = Zone.of("Z", "example.com", [RecordSet("*.example.com", "A", 1, ("192.0.2.1",))])
    assert lookup(Configuration((zone,)), Health(), f"{name}.example.com", record_type, everyone).rcode in (
        "NOERROR",
        "NXDOMAIN",
    )


def _voting(votes: dict[str, int]) -> dict[str, tuple[Checker, ...]]:
    return {check: tuple(Checker(1, 3, healthy=i < count) for i in range(16)) for check, count in votes.items()}


@given(st.lists(st.tuples(st.sampled_from(CHECKS), st.integers(0, 16)), max_size=30), st.sets(st.sampled_from(CHECKS)))
def test_looking_at_the_check_that_was_voted_on_alone_is_enough(
    votes: list[tuple[str, int]], inverted: set[str]
) -> None:
    checks = {name: HealthCheck(name, "HTTP", inverted=name in inverted) for name in CHECKS}
    checks["both"] = HealthCheck("both", "CALCULATED", health_threshold=2, children=CHECKS[:2])
    plane, held = Plane((APP,)), dict.fromkeys(CHECKS, 16)
    leaf = RecordSet(APP, "A", ttl_s=60, values=("192.0.2.1",), failover="PRIMARY", health_check_id="both")
    other = RecordSet(APP, "A", ttl_s=60, values=("192.0.2.2",), failover="SECONDARY", set_identifier="b")
    config = Configuration((Zone.of("Z", "example.com", [leaf, other]),), checks)
    state, _ = plane.step(start({}), Configured(config, _voting(held)), 0)
    for check, count in votes:
        held[check] = count
        looked, told = plane.step(state, Checked(_voting(held), check), 0)
        everything, all_told = plane.step(state, Checked(_voting(held)), 0)
        assert (looked, told) == (everything, all_told)
        state = looked
