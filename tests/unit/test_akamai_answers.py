"""What GTM hands out: by type of property, by who is down, by handout mode; and not before a change is activated."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from akamai_account import APP, BAD, DOMAIN, GOOD, HOST, ONE, TWO, Account, liveness_test, prop

from harness.engines.dns.answering import Freeze, Thaw
from harness.engines.dns.lookup import everyone, lookup
from harness.parts.steering.akamai import model
from harness.parts.steering.akamai.zones import Alias, configuration, picking

THREE = "192.0.2.3"


def answered(account: Account, times: int, name: str = HOST, seed: int = 1) -> Counter[tuple[str, ...]]:
    pick = picking(account.state.now.properties, random.Random(seed).random)
    return Counter(account.state.answer(name, "A", pick).values("A") for _ in range(times))


def targets(*more: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    first, second = prop()["trafficTargets"]
    return [{**first, **fields}, second, *more]


def test_name_servers_answer_by_the_old_configuration_until_a_change_is_complete() -> None:
    account = Account(activation_s=300)
    account.published()
    account.put(trafficTargets=[{"datacenterId": 3132, "enabled": True, "weight": 1, "servers": [TWO]}])
    account.wait(299)
    assert account.addresses() == (ONE,)
    account.wait(2)
    assert account.addresses() == (TWO,)


def test_a_change_during_a_change_waits_as_long_again() -> None:
    account = Account(activation_s=300)
    account.published()
    account.put(dynamicTTL=30)
    account.wait(200)
    account.put(dynamicTTL=40)
    account.wait(200)
    assert account.state.answer(HOST, "A", everyone).answers[0].ttl_s == 60
    account.wait(101)
    assert account.state.answer(HOST, "A", everyone).answers[0].ttl_s == 40


def test_the_applications_name_is_a_cname_to_the_property() -> None:
    account = Account()
    account.published(dynamicTTL=30)
    cname, address = account.state.answer(APP, "A", everyone).answers
    assert (cname.type, cname.values, cname.ttl_s) == ("CNAME", (f"{HOST}.",), 300)
    assert (address.name, address.values, address.ttl_s) == (HOST, (ONE,), 30)


def test_failover_answers_with_the_backup_only_while_the_primary_is_down() -> None:
    account = Account()
    account.published()
    account.rounds(2)
    assert account.addresses() == (ONE,)
    account.rounds(2, one=BAD)
    assert account.addresses() == (TWO,)
    account.rounds(8)
    assert account.addresses() == (ONE,)
    assert account.stood() == [(ONE, False), (ONE, True)]


def test_ranked_failover_goes_by_precedence() -> None:
    account = Account()
    account.domain("a", "b", "c")
    ranked = [
        {"datacenterId": 3131 + number, "servers": [server], "precedence": precedence}
        for number, (server, precedence) in enumerate([(ONE, 20), (TWO, 0), (THREE, 10)])
    ]
    account.put(type="ranked-failover", trafficTargets=ranked)
    account.happened(model.Activate())
    account.rounds(2)
    account.tests(THREE, GOOD)
    assert account.addresses() == (TWO,)
    account.rounds(2, two=BAD)
    account.tests(THREE, GOOD)
    account.wait(20)
    assert account.addresses() == (THREE,)


def test_weights_say_how_often_each_data_center_answers() -> None:
    account = Account()
    account.domain("a", "b", "c")
    weights = [(ONE, 60), (TWO, 40), (THREE, 0)]
    account.put(
        type="weighted-round-robin",
        trafficTargets=[
            {"datacenterId": 3131 + number, "servers": [server], "weight": weight}
            for number, (server, weight) in enumerate(weights)
        ],
    )
    account.happened(model.Activate())
    found = answered(account, 2000)
    assert found[(ONE,)] / 2000 == pytest.approx(0.6, abs=0.03)
    assert (THREE,) not in found
    account.rounds(2, one=BAD)
    assert set(answered(account, 50)) == {(TWO,)}


def test_when_all_are_down_the_backup_is_handed_out_and_without_one_all_count_as_up() -> None:
    for fields, expected in (({"backupIp": "192.0.2.99"}, ("192.0.2.99",)), ({}, (ONE,))):
        account = Account()
        account.published(**fields)
        account.rounds(3, one=BAD, two=BAD)
        assert account.addresses() == expected


def test_a_backup_name_is_handed_out_as_a_cname() -> None:
    account = Account()
    account.published(backupCName="sorry.example.com")
    account.rounds(3, one=BAD, two=BAD)
    (found,) = account.state.answer(HOST, "A", everyone).answers
    assert (found.type, found.values) == ("CNAME", ("sorry.example.com.",))


@pytest.mark.parametrize(
    ("fields", "sizes", "distinct"),
    [
        ({"handoutMode": "normal"}, {8}, 20),
        ({"handoutMode": "normal", "handoutLimit": 3}, {3}, 20),
        ({"handoutMode": "persistent", "handoutLimit": 3}, {3}, 1),
        ({"handoutMode": "one-ip"}, {1}, 10),
        ({"handoutMode": "one-ip-hashed"}, {1}, 1),
        ({"handoutMode": "all-live-ips"}, {10}, 1),
    ],
)
def test_handout_modes(fields: dict[str, Any], sizes: set[int], distinct: int) -> None:
    account = Account()
    servers = [f"192.0.2.{number}" for number in range(10, 20)]
    account.published(trafficTargets=targets(servers=servers), **fields)
    found = answered(account, 300)
    assert {len(answer) for answer in found} == sizes
    assert len(found) >= distinct if distinct > 1 else len(found) == 1


def test_a_data_center_is_down_when_too_few_of_its_servers_are_up() -> None:
    account = Account()
    account.published(trafficTargets=targets(servers=[ONE, THREE]), minLiveFraction=0.6)
    account.rounds(2)
    account.tests(THREE, GOOD)
    account.wait(20)
    assert account.addresses() == (ONE, THREE)
    account.rounds(2, one=BAD)
    assert account.addresses() == (TWO,)


def test_static_records_and_names_that_are_not_there() -> None:
    account = Account()
    account.published(staticRRSets=[{"type": "TXT", "ttl": 120, "rdata": ["hello"]}])
    (found,) = account.state.answer(HOST, "TXT", everyone).answers
    assert (found.values, found.ttl_s) == (("hello",), 120)
    nobody = account.state.answer(f"nobody.{DOMAIN}", "A", everyone)
    assert nobody.rcode == "NXDOMAIN"
    assert nobody.authority[0].type == "SOA"
    assert account.state.answer("www.elsewhere.test", "A", everyone).rcode == "REFUSED"


def test_what_is_absent_beside_the_customers_own_name_is_denied_by_the_customers_zone() -> None:
    """Of the name itself, whose CNAME leads into GTM's domain, a question for SOA is answered with that domain's."""
    account = Account()
    account.published()
    found = account.state.answer(f"nobody.{APP}", "SOA", everyone)
    assert (found.rcode, found.authority[0].name, found.authority[0].ttl_s) == ("NXDOMAIN", "example.com", 60)


def test_how_long_others_remember_that_a_name_does_not_exist_is_up_to_the_customers_zone() -> None:
    aliases = (Alias(APP, "example.com", HOST, 300, negative_ttl_s=900),)
    zones = configuration({DOMAIN: ()}, aliases, lambda _property, _server: True)
    denied = {name: lookup(zones, {}, f"nobody.{name}", "A", everyone) for name in ("example.com", DOMAIN)}
    remembered = {name: answer.authority[0].ttl_s for name, answer in denied.items()}
    assert remembered == {"example.com": 900, DOMAIN: 60}


def test_a_frozen_name_stays_and_follows_again() -> None:
    account = Account()
    account.published()
    account.rounds(2)
    account.happened(Freeze(APP))
    account.rounds(2, one=BAD)
    assert account.addresses() == (ONE,)
    assert account.addresses(HOST) == (TWO,)
    account.happened(Thaw())
    assert account.addresses() == (TWO,)


def test_agents_that_reach_nothing_find_everybody_as_bad_so_that_nothing_moves() -> None:
    account = Account()
    account.published()
    account.rounds(2)
    account.rounds(5, one=BAD, two=BAD)
    assert account.addresses() == (ONE,)
    account.rounds(8)
    assert account.addresses() == (ONE,)
    assert account.stood() == []


def test_a_reset_forgets_the_account_and_what_was_seen() -> None:
    account = Account()
    account.published()
    account.rounds(2, one=BAD)
    account.happened(model.Reset())
    assert account.addresses() == ()
    account.published()
    assert account.addresses() == (ONE,)


def test_a_test_that_is_changed_starts_anew() -> None:
    account = Account()
    account.published()
    account.rounds(2, one=BAD)
    account.put(livenessTests=[liveness_test(testObject="/other")])
    account.happened(model.Activate())
    assert account.addresses() == (ONE,)
