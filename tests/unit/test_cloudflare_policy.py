"""Which pool Cloudflare leads to: majorities, order, minimum origins, the pool of last resort, and names of nobody."""

from __future__ import annotations

from cloudflare_account import APP, OWN, ZONE, Account

from harness.engines.dns.answering import AnswerChanged, Freeze, Thaw
from harness.engines.dns.lookup import drawing
from harness.engines.health_checks.checker import Finished, Limits
from harness.parts.steering.cloudflare.checking import CloudflareCheckers, Expecting, checks_of, expects
from harness.parts.steering.cloudflare.health import majority, status_of
from harness.parts.steering.cloudflare.model import EndpointChanged
from harness.units import NS_PER_S

EAST, WEST = "127.0.1.10", "127.0.2.10"


def shop(**balancer: object) -> Account:
    account = Account()
    monitor = account.monitor()
    regions = ["WEU", "ENAM", "WNAM"]
    east = account.pool("east", EAST, monitor=monitor, check_regions=regions)
    account.balancer(east, account.pool("west", WEST, monitor=monitor, check_regions=regions), **balancer)
    return account


def test_nothing_is_healthy_before_it_was_seen_so_the_last_resort_is_answered() -> None:
    account = shop()
    assert account.addresses() == (WEST,), "the last pool of the list, whatever its health"
    account.sees()
    assert account.addresses() == (EAST,)


def test_a_region_follows_most_of_its_data_centres_and_an_endpoint_most_of_the_regions() -> None:
    account = shop()
    account.sees(east=5)
    assert account.addresses() == (EAST,), "all of WEU, two of ENAM"
    account.sees(east=4)
    assert account.addresses() == (WEST,), "all of WEU, one of ENAM"
    assert [majority(votes) for votes in ([True, False], [True], [])] == [False, True, False]


def test_a_change_is_told_with_how_many_data_centres_hold_what() -> None:
    account = shop()
    account.sees()
    assert account.sees(east=4) == (EndpointChanged(EAST, False, 4, 9), AnswerChanged(APP, (WEST,), 30, before=(EAST,)))


def test_when_no_pool_is_healthy_the_last_resort_gets_all_of_it() -> None:
    account = shop()
    account.sees(east=0, west=0)
    assert account.addresses() == (WEST,)
    assert account.state.chosen(APP).fallback
    answer = account.state.answer(APP, "A")
    assert answer.answers[0].ttl_s == 30


def test_a_last_resort_that_is_disabled_leaves_the_zones_soa() -> None:
    account = shop()
    nobody = account.pool("nobody", "192.0.2.1", enabled=False)
    found = account.done("GET", ZONE)[0]
    account.done("PATCH", f"{ZONE}/{found['id']}", {"fallback_pool": nobody})
    account.sees(east=0, west=0)
    answer = account.state.answer(APP, "A")
    assert (answer.rcode, answer.answers, answer.authority[0].type) == ("NOERROR", (), "SOA")


def test_a_pool_needs_its_minimum_of_healthy_origins() -> None:
    account = Account()
    monitor = account.monitor()
    both = account.pool("both", EAST, "127.0.1.11", monitor=monitor, minimum_origins=2, check_regions=["WEU"])
    account.balancer(both, account.pool("west", WEST, monitor=monitor, check_regions=["WEU"]))
    account.sees()
    assert set(account.addresses()) == {EAST, "127.0.1.11"}
    drawn = account.state.answer(APP, "A", drawing(lambda: 0.9)).values("A")
    assert drawn == ("127.0.1.11",), "each client gets one"
    pool = account.state.account.pools[both]
    assert status_of(pool, account.state.health) == "healthy"
    account.done(
        "PATCH", f"{OWN}/pools/{both}", {"origins": [{**pool["origins"][0], "enabled": False}, pool["origins"][1]]}
    )
    assert account.addresses() == (WEST,)
    assert status_of(account.state.account.pools[both], account.state.health) == "critical"
    account.done("PATCH", f"{OWN}/pools/{both}", {"minimum_origins": 1})
    assert account.addresses() == ("127.0.1.11",)


def test_without_a_monitor_health_does_not_count() -> None:
    account = Account()
    account.balancer(account.pool("east", EAST), account.pool("west", WEST))
    assert account.addresses() == (EAST,)
    assert checks_of(account.state.account) == {}


def test_a_disabled_pool_is_passed_over_and_not_looked_at() -> None:
    account = shop()
    account.sees()
    (east,) = (pool["id"] for pool in account.state.account.pools.values() if pool["name"] == "east")
    account.done("PATCH", f"{OWN}/pools/{east}", {"enabled": False})
    assert account.addresses() == (WEST,)
    assert {check.address for check in checks_of(account.state.account).values()} == {WEST}


def test_a_frozen_name_stays_until_it_is_thawed() -> None:
    account = shop()
    account.sees()
    account.happened(Freeze(APP))
    account.sees(east=0)
    assert account.addresses() == (EAST,)
    account.happened(Thaw())
    assert account.addresses() == (WEST,)


def test_a_proxied_name_is_answered_with_addresses_that_never_change() -> None:
    account = Account(anycast=("127.0.9.10", "127.0.9.11"))
    monitor = account.monitor()
    east = account.pool("east", EAST, monitor=monitor)
    account.balancer(east, account.pool("west", WEST, monitor=monitor), proxied=True)
    account.sees()
    before = account.state.answer(APP, "A")
    assert (before.values("A"), before.answers[0].ttl_s) == (("127.0.9.10", "127.0.9.11"), 300)
    assert account.state.chosen(APP).endpoints[0].address == EAST
    account.sees(east=0)
    assert account.state.answer(APP, "A") == before
    assert account.state.chosen(APP).endpoints[0].address == WEST


def test_a_disabled_balancer_is_no_name_at_all() -> None:
    account = shop(enabled=False)
    assert account.state.answer(APP, "A").rcode == "NXDOMAIN"


def test_data_centres_ask_for_what_the_monitor_says() -> None:
    account = Account()
    monitor = account.monitor(
        interval=10, timeout=2, retries=1, consecutive_down=2, consecutive_up=3, expected_body="Alive",
        header={"Host": ["www.example.com"], "X-Probe": ["1"], "User-Agent": ["mine"]},
    )  # fmt: skip
    account.pool("east", EAST, monitor=monitor, check_regions=["WEU"])
    (check,) = checks_of(account.state.account).values()
    policy = CloudflareCheckers(0.1)
    fresh = policy.fresh(check)
    assert (fresh.interval_ns, fresh.threshold, fresh.up_threshold, fresh.retries) == (NS_PER_S, 2, 3, 1)
    assert (fresh.healthy, fresh.paced) == (False, True)
    assert policy.limits(check) == Limits.together(NS_PER_S), "a time-out stays a second at least"
    request = policy.request(check, ("127.0.0.1", 9), policy.limits(check))
    assert request.payload.startswith(b"GET /health HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0")
    assert b"\r\nX-Probe: 1\r\n" in request.payload
    assert b"mine" not in request.payload
    assert [place.region for place in policy.places(check)] == ["WEU/Amsterdam, NL", "WEU/London, GB", "WEU/Paris, FR"]


def test_expected_codes_and_bodies() -> None:
    assert [expects("2xx", s) for s in (200, 299, 301)] == [True, True, False]
    assert [expects("200,301-303", s) for s in (200, 201, 302, 304)] == [True, False, True, False]
    judge = Expecting("200", "Alive")
    assert judge.status(200, "OK").ok
    assert judge.status(503, "").text == "Response code mismatch error"
    assert judge.body(b"I AM ALIVE").ok, "whatever the case"
    assert not judge.body(b"x" * 10_240 + b"alive").ok, "only the first 10 KB"
    assert judge.unanswered(Finished(False, "refused", "connection")).text == "TCP connection failed"
    assert judge.unanswered(Finished(False, "late", "timeout")).text == "HTTP timeout occurred"
