"""What the replicator does with each record, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from reference.replicator.apply import Delete, Poison, Put, Route, Skip, merge, plan, request
from reference.replicator.position import Position, Shard, advanced, backoff_s, dump, listed, load, trimmed
from reference.replicator.record_text import decode, encode

ROUTE = Route("items", "id", source="us-east-1", target="us-west-2")


def image(item_id: str = "a", epoch: int = 1, seq: int = 1, origin: str = "us-east-1", **more: Any) -> dict[str, Any]:
    version = {"epoch": {"N": str(epoch)}, "seq": {"N": str(seq)}, "origin": {"S": origin}}
    return {"id": {"S": item_id}, **version, **more}


def record(name: str, item: dict[str, Any]) -> dict[str, Any]:
    which = "OldImage" if name == "REMOVE" else "NewImage"
    return {"eventName": name, "dynamodb": {"Keys": {"id": item["id"]}, which: item, "SequenceNumber": "1"}}


@pytest.mark.parametrize("name", ["INSERT", "MODIFY"])
def test_a_change_is_passed_on_exactly_as_it_was_written(name: str) -> None:
    item = image(value={"B": b"\x00\xff"}, price={"N": "1E-130"})
    assert plan(record(name, item), ROUTE) == Put(item, (1, 1, "us-east-1"))


def test_what_came_from_here_is_not_sent_back() -> None:
    assert isinstance(plan(record("INSERT", image(origin="us-west-2")), ROUTE), Skip)


def test_the_first_half_of_an_upsert_is_not_an_empty_item() -> None:
    assert isinstance(plan(record("INSERT", {"id": {"S": "a"}}), ROUTE), Skip)


def test_a_removal_takes_away_only_what_is_no_newer() -> None:
    entry = plan(record("REMOVE", image(epoch=2, seq=5)), ROUTE)
    assert entry == Delete({"id": {"S": "a"}}, (2, 5, "us-east-1"))
    operation, arguments = request(entry, ROUTE)
    assert operation == "delete_item"
    assert "#origin <= :origin" in arguments["ConditionExpression"]


def test_an_item_of_somebody_else_is_tagged_and_never_replaces_a_versioned_one() -> None:
    entry = plan(record("INSERT", {"id": {"S": "a"}, "value": {"S": "x"}}), ROUTE)
    assert isinstance(entry, Put)
    assert entry.item["origin"] == {"S": "us-east-1"}
    assert request(entry, ROUTE)[1]["ConditionExpression"] == "attribute_not_exists(#epoch)"


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"eventName": "UPSERT", "dynamodb": {"Keys": {"id": {"S": "a"}}}},
        {"eventName": "INSERT", "dynamodb": {"Keys": {"id": {"S": "a"}}}},
        {"eventName": "INSERT", "dynamodb": {"Keys": {}, "NewImage": image()}},
        record("INSERT", {**image(), "epoch": {"S": "one"}}),
        record("INSERT", {**image(), "seq": {"N": "many"}}),
    ],
)
def test_a_record_that_makes_no_sense_is_set_aside(broken: dict[str, Any]) -> None:
    assert isinstance(plan(broken, ROUTE), Poison)


def test_a_batch_keeps_the_last_put_of_a_key_and_never_skips_a_removal() -> None:
    old, new = Put(image(seq=1), (1, 1, "e")), Put(image(seq=2), (1, 2, "e"))
    gone = Delete({"id": {"S": "a"}}, (1, 2, "e"))
    again = Put(image(seq=1), (1, 1, "e"))
    other = Put(image("b"), (1, 1, "e"))
    assert merge([old, other, new], ROUTE) == [[new], [other]]
    assert merge([old, new, gone, again], ROUTE) == [[new, gone, again]]


def test_a_parked_record_comes_back_with_its_binary_values() -> None:
    entry = record("INSERT", image(value={"B": b"\x00\xff"}))
    assert plan(decode(encode(entry)), ROUTE) == plan(entry, ROUTE)


def test_a_child_shard_waits_for_its_parent() -> None:
    described = [{"ShardId": "child", "ParentShardId": "parent"}, {"ShardId": "parent", "ParentShardId": "trimmed"}]
    position = listed(Position(), "arn", described)
    assert position.readable() == ("parent",)
    position = advanced(position, "parent", "9", done=True)
    assert position.readable() == ("child",)
    assert listed(position, "arn", described[:1]).readable() == ("child",)


def test_an_empty_answer_does_not_move_the_position() -> None:
    position = advanced(Position("arn", {"s": Shard(last="5")}), "s", None, done=False)
    assert position.shards["s"].last == "5"


def test_a_new_stream_means_a_copy_of_the_table() -> None:
    position = Position("old", {"s": Shard(last="5")}, copy_needed=False)
    assert listed(position, "old", [{"ShardId": "s"}]) == position
    again = listed(position, "new", [{"ShardId": "s"}])
    assert again.copy_needed
    assert again.shards["s"].last is None


def test_records_that_the_stream_has_dropped_mean_a_copy_of_the_table() -> None:
    position = trimmed(Position("arn", {"s": Shard(last="5")}, copy_needed=False), "s")
    assert (position.copy_needed, position.shards["s"].last) == (True, None)


def test_the_position_survives_a_restart() -> None:
    shards = {"a": Shard(None, "12", done=True), "b": Shard("a", None)}
    position = Position("arn", shards, copy_needed=False)
    assert load(dump(position)) == position
    assert load({}) == Position()


def test_pauses_grow_stay_below_the_cap_and_are_never_nothing() -> None:
    assert backoff_s(0, 1.0, 20.0, 0.0) == pytest.approx(0.1)
    assert backoff_s(3, 1.0, 20.0, 0.999) < 8.0
    assert backoff_s(10_000, 1.0, 20.0, 0.999) < 20.0
