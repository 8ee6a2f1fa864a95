"""The reference over a global table: what the watch takes for replicated, and who may write where both regions do."""

from __future__ import annotations

from typing import Any

import pytest

from reference.heartbeat import Heartbeat
from reference.lease import LeaseTerms, Nonce
from reference.replica_watch import arrival
from reference.replicator.apply import Route
from reference.settings import SettingsError, load
from reference.storefront.everywhere import EPOCH, Everywhere
from reference.storefront.following import Happened, Held
from reference.storefront.permission import BeatAnswered

EAST, WEST = "us-east-1", "us-west-2"
ROUTE = Route("items", "id", EAST, WEST)
S = 1_000_000_000


def item(key: str, epoch: int, seq: int, origin: str = EAST) -> dict[str, Any]:
    return {"id": {"S": key}, "epoch": {"N": str(epoch)}, "seq": {"N": str(seq)}, "origin": {"S": origin}}


def put(image: dict[str, Any]) -> dict[str, Any]:
    return {"eventName": "MODIFY", "dynamodb": {"Keys": {"id": image["id"]}, "NewImage": image}}


def removed(image: dict[str, Any]) -> dict[str, Any]:
    return {"eventName": "REMOVE", "dynamodb": {"Keys": {"id": image["id"]}, "OldImage": image}}


def missing(records: list[Any], shown: list[Any]) -> list[str]:
    left = arrival.missing(arrival.wanted(records, ROUTE), shown, ROUTE)
    return [str((one.item if hasattr(one, "item") else one.key)["id"]["S"]) for one in left]


def test_a_record_is_there_when_the_replica_shows_its_version_or_a_later_one() -> None:
    records = [put(item("a", 1, 5)), put(item("b", 1, 5)), put(item("c", 1, 5)), put(item("d", 1, 5))]
    shown = [item("a", 1, 5), item("b", 1, 4), item("c", 2, 6, WEST)]
    assert missing(records, shown) == ["b", "d"]


def test_of_each_item_only_the_latest_is_waited_for_and_nothing_that_came_from_here() -> None:
    records = [put(item("a", 1, 4)), put(item("a", 1, 5)), put(item("b", 2, 1, WEST))]
    assert len(arrival.wanted(records, ROUTE)) == 1
    assert missing(records, [item("a", 1, 4)]) == ["a"]
    assert missing(records, [item("a", 1, 5)]) == []


def test_a_removed_item_is_gone_or_was_written_again() -> None:
    records = [removed(item("a", 1, 5))]
    assert missing(records, []) == []
    assert missing(records, [item("a", 1, 5)]) == ["a"]
    assert missing(records, [item("a", 2, 6)]) == []


def test_what_something_else_wrote_has_no_order_and_is_not_waited_for() -> None:
    assert missing([put(item("a", 1, 5))], [{"id": {"S": "a"}}]) == []
    assert missing([put({"id": {"S": "a"}, "epoch": {"N": "x"}, "seq": {"N": "1"}, "origin": {"S": EAST}})], []) == []


def test_with_writes_everywhere_the_near_database_alone_decides() -> None:
    machine = Everywhere(7 * S, 13 * S, 49 * S)
    state = machine.start("one", LeaseTerms(30 * S, 3 * S), {WEST: "boot"})
    assert machine.holds(state, 0) == Held(WEST, EPOCH)
    assert machine.reads_from(state, 0) == (WEST, "")
    assert machine.acknowledges(state, Held(WEST, EPOCH), 0)
    assert not machine.handing_over(state, 0)
    assert machine.edge_verdict(state, 0)[0] is False
    state, _ = machine.step(state, Happened(WEST, BeatAnswered(Nonce("boot", 1), Heartbeat())), S)
    assert machine.edge_verdict(state, 8 * S) == (True, {"reason": "serves"})
    assert machine.edge_verdict(state, 9 * S)[0] is False


def test_where_writes_go_is_said_by_a_variable_that_is_checked() -> None:
    assert load({"WRITES": "everywhere"}).writes_everywhere
    assert not load({}).writes_everywhere
    with pytest.raises(SettingsError, match="leased or everywhere"):
        load({"WRITES": "both"})
    with pytest.raises(SettingsError, match="DATABASE=local"):
        load({"WRITES": "everywhere", "DATABASE": "active"})
