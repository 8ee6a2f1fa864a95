"""What Cloudflare documents of load balancing, line by line, where no other test says it already."""

from __future__ import annotations

from functools import partial

import pytest
from cloudflare_account import APP, OWN, ZONE, Account

from harness.engines.dns.lookup import drawing
from harness.engines.health_checks.checker import Checker, Due, Finished, Probe, step
from harness.parts.steering.cloudflare.checking import CloudflareCheckers, checks_of
from harness.parts.steering.cloudflare.health import REGIONS, status_of
from harness.parts.steering.cloudflare.model import Checked
from harness.units import NS_PER_S

EAST, WEST, NORTH = "127.0.1.10", "127.0.2.10", "127.0.3.10"
LATE, REFUSED, GOOD = Finished(False, "late", "timeout"), Finished(False, "refused", "connection"), Finished(True, "ok")


def checker(**monitor: int) -> Checker:
    account = Account()
    account.pool("east", EAST, monitor=account.monitor(**monitor))
    (check,) = checks_of(account.state.account).values()
    return CloudflareCheckers().fresh(check)


def probes(state: Checker, *outcomes: Finished) -> tuple[Checker, int]:
    """How many requests one check sends, each with its outcome."""
    state, effects = step(state, Due(), 0)
    sent = sum(isinstance(effect, Probe) for effect in effects)
    for outcome in outcomes:
        state, effects = step(state, outcome, 1)
        sent += sum(isinstance(effect, Probe) for effect in effects)
    return state, sent


def test_a_check_that_times_out_is_sent_twice_more_at_once_and_one_that_is_refused_is_not() -> None:
    fresh = checker()
    assert (fresh.interval_ns, fresh.retries, fresh.threshold, fresh.up_threshold) == (60 * NS_PER_S, 2, 1, 1)
    well = probes(fresh, GOOD)[0]
    assert well.healthy
    assert [probes(well, *[LATE] * count)[1] for count in (1, 2, 3)] == [2, 3, 3]
    assert probes(well, LATE, LATE)[0].healthy, "not failed before its last retry"
    assert not probes(well, LATE, LATE, LATE)[0].healthy
    assert probes(well, REFUSED)[1] == 1
    assert not probes(well, REFUSED)[0].healthy


def test_a_data_centre_changes_its_mind_after_so_many_checks_in_a_row() -> None:
    state = probes(probes(checker(consecutive_up=2, consecutive_down=3), GOOD)[0], GOOD)[0]
    assert state.healthy
    assert not probes(checker(consecutive_up=2), GOOD)[0].healthy
    for outcome, healthy in ((REFUSED, True), (REFUSED, True), (GOOD, True), (REFUSED, True), (REFUSED, True)):
        state = probes(state, outcome)[0]
        assert state.healthy is healthy
    assert not probes(state, REFUSED)[0].healthy


def test_every_region_has_three_data_centres_and_null_stands_for_all_of_them() -> None:
    assert {len(set(centres)) for centres in REGIONS.values()} == {3}
    account = Account()
    account.pool("east", EAST, monitor=account.monitor())
    (check,) = checks_of(account.state.account).values()
    assert len(CloudflareCheckers().places(check)) == 3 * 13


def test_two_of_four_regions_are_no_majority() -> None:
    account = Account()
    monitor = account.monitor()
    regions = ["WEU", "EEU", "ENAM", "WNAM"]
    east = account.pool("east", EAST, monitor=monitor, check_regions=regions)
    account.balancer(east, account.pool("west", WEST, monitor=monitor, check_regions=regions))
    account.sees(east=8)
    assert account.addresses() == (EAST,), "two regions whole, and two of three of the third"
    account.sees(east=7)
    assert account.addresses() == (WEST,)


def test_a_pool_is_healthy_degraded_critical_or_unknown() -> None:
    account = Account()
    monitor = account.monitor()
    pool = account.pool("both", EAST, "127.0.1.11", monitor=monitor, check_regions=["WEU"])

    def status() -> str:
        return status_of(account.state.account.pools[pool], account.state.health)

    assert status() == "unknown"
    account.sees()
    assert status() == "healthy"
    seen = dict(account.state.health.seen)
    seen[f"{pool}/o0"] = tuple(probes(checker(), REFUSED)[0] for _ in range(3))
    account.happened(Checked(seen))
    assert status() == "degraded"
    account.done("PATCH", f"{OWN}/pools/{pool}", {"minimum_origins": 2})
    assert status() == "critical"
    account.done("PATCH", f"{OWN}/pools/{pool}", {"monitor": ""})
    assert status() == "unknown", "without a monitor nothing is known"


def test_pools_are_left_in_their_order_and_a_healthy_one_before_is_gone_back_to() -> None:
    account = Account()
    monitor = account.monitor()
    east, west, north = (
        account.pool(name, address, monitor=monitor, check_regions=["WEU"])
        for name, address in (("east", EAST), ("west", WEST), ("north", NORTH))
    )
    account.balancer(east, west, north)
    gone: tuple[tuple[dict[str, int], str], ...]
    gone = ({}, EAST), ({"east": 0}, WEST), ({"east": 0, "west": 0}, NORTH), ({"east": 0}, WEST), ({}, EAST)
    for seen, address in gone:
        account.sees(**seen)
        assert account.addresses() == (address,)


@pytest.mark.parametrize(("weights", "shares"), [((1, 0), {EAST}), ((0.01, 0.99), {EAST, "127.0.1.11"})])
def test_an_origin_of_no_weight_gets_no_traffic(weights: tuple[float, float], shares: set[str]) -> None:
    account = Account()
    origins = [
        {"name": f"o{n}", "address": address, "weight": weight}
        for n, (address, weight) in enumerate(zip((EAST, "127.0.1.11"), weights, strict=True))
    ]
    pool = account.done("POST", f"{OWN}/pools", {"name": "p", "origins": origins})["id"]
    account.balancer(pool)
    marks = (0.0, 0.005, 0.5, 0.99)
    drawn = {account.state.answer(APP, "A", drawing(partial(float, mark))).values("A")[0] for mark in marks}
    assert drawn == shares


def test_a_pool_whose_origins_all_have_no_weight_is_passed_over() -> None:
    account = Account()
    nobody = account.done(
        "POST", f"{OWN}/pools", {"name": "p", "origins": [{"name": "o", "address": EAST, "weight": 0}]}
    )["id"]
    account.balancer(nobody, account.pool("west", WEST))
    assert account.addresses() == (WEST,)


def test_more_origins_than_there_are_can_be_asked_for_and_then_the_pool_never_serves() -> None:
    account = Account()
    monitor = account.monitor()
    east = account.pool("east", EAST, monitor=monitor, check_regions=["WEU"], minimum_origins=2)
    account.balancer(east, account.pool("west", WEST, monitor=monitor, check_regions=["WEU"]))
    account.sees()
    assert account.addresses() == (WEST,)
    assert status_of(account.state.account.pools[east], account.state.health) == "critical"


def test_a_tcp_monitor_only_wants_a_connection() -> None:
    account = Account()
    told = account.done("POST", f"{OWN}/monitors", {"type": "tcp", "port": 5432})
    assert told["method"] == "connection_established"
    assert "expected_codes" not in told
    account.pool("east", EAST, monitor=told["id"])
    (check,) = checks_of(account.state.account).values()
    assert (check.port, check.payload) == (5432, b"")
    assert account.refused("POST", f"{OWN}/monitors", {"type": "tcp", "port": 1, "method": "HEAD"})[0] == 400


def test_a_proxied_balancer_has_no_ttl_and_gets_its_own_back_when_it_is_dns_only() -> None:
    account = Account()
    balancer = account.balancer(account.pool("east", EAST), ttl=60)
    told = account.done("PATCH", f"{ZONE}/{balancer}", {"proxied": True})
    assert "ttl" not in told
    assert account.refused("PATCH", f"{ZONE}/{balancer}", {"ttl": 60})[1][0] == 1002
    assert account.done("PATCH", f"{ZONE}/{balancer}", {"proxied": False})["ttl"] == 30
