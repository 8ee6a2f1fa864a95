"""Replication converges whatever the order and however often: the real plans, on tables kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reference.replicator.apply import Delete, Put, Route, Version, merge, news, plan, version_of

EAST, WEST = "us-east-1", "us-west-2"
KEYS = ("a", "b", "c")


@dataclass
class Table:
    """A region's table with its stream; records what became of each item's version."""

    region: str
    items: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    stream: list[Mapping[str, Any]] = field(default_factory=list)
    versions: dict[str, list[Version]] = field(default_factory=dict)

    def write(self, key: str, epoch: int, value: str | None) -> bool:
        """What a storefront's UpdateItem does, condition included."""
        held = self.items.get(key, {})
        if held and int(held["epoch"]["N"]) > epoch:
            return False
        seq = int(held["seq"]["N"]) + 1 if held else 1
        item: dict[str, Any] = {
            "id": {"S": key},
            "epoch": {"N": str(epoch)},
            "seq": {"N": str(seq)},
            "origin": {"S": self.region},
        }
        if value is not None:
            item["value"] = {"S": value}
        self.put(key, item)
        return True

    def put(self, key: str, item: Mapping[str, Any]) -> None:
        name = "MODIFY" if key in self.items else "INSERT"
        self.items[key] = item
        self.stream.append({"eventName": name, "dynamodb": {"Keys": {"id": {"S": key}}, "NewImage": item}})
        version = version_of(item)
        assert version is not None
        self.versions.setdefault(key, []).append(version)

    def delete(self, key: str) -> None:
        if key in self.items:
            image = self.items.pop(key)
            self.stream.append({"eventName": "REMOVE", "dynamodb": {"Keys": {"id": {"S": key}}, "OldImage": image}})


@dataclass
class Replicator:
    """Pulls a stream in batches; `position` is what it wrote down, and where it starts again."""

    source: Table
    target: Table
    position: int = 0

    def pull(self, count: int, *, crash: bool = False) -> bool:
        """Apply up to `count` records; with `crash`, forget that it did. False when there was nothing."""
        records = self.source.stream[self.position : self.position + count]
        self.apply(records)
        if not crash:
            self.position += len(records)
        return bool(records)

    def apply(self, records: list[Mapping[str, Any]]) -> None:
        route = Route("items", "id", self.source.region, self.target.region)
        plans = [entry for entry in (plan(record, route) for record in records) if isinstance(entry, Put | Delete)]
        for group in merge(plans, route):
            for entry in group:
                key = entry.item["id"]["S"] if isinstance(entry, Put) else entry.key["id"]["S"]
                held = self.target.items.get(key)
                if not news(version_of(held) if held else None, entry):
                    continue
                if isinstance(entry, Put):
                    self.target.put(key, entry.item)
                else:
                    self.target.delete(key)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(KEYS)),
        st.tuples(st.just("delete"), st.sampled_from(KEYS)),
        st.tuples(st.just("move"), st.just("")),
        st.tuples(st.sampled_from(["pull-east", "pull-west", "crash-east", "crash-west"]), st.integers(1, 5)),
        st.tuples(st.just("replay"), st.integers(0, 30)),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(actions=ACTIONS)
def test_both_tables_end_up_the_same_after_failovers_repeats_and_reordering(
    actions: list[tuple[str, Any]],
) -> None:
    tables = {EAST: Table(EAST), WEST: Table(WEST)}
    into = {
        "east": Replicator(tables[WEST], tables[EAST]),
        "west": Replicator(tables[EAST], tables[WEST]),
    }
    active, epoch = EAST, 1
    latest: dict[str, tuple[Version, str | None]] = {}
    for number, (action, argument) in enumerate(actions):
        match action:
            case "write" | "delete":
                value = f"v{number}" if action == "write" else None
                assert tables[active].write(argument, epoch, value)
                version = version_of(tables[active].items[argument])
                assert version is not None
                if argument in latest:
                    assert version > latest[argument][0]  # also across a failover that lost something
                latest[argument] = (version, value)
            case "move":  # unreplicated writes stay behind
                active, epoch = (WEST if active == EAST else EAST), epoch + 1
            case "replay":  # a second replicator, or an old record out of turn
                for replicator in into.values():
                    replicator.apply(replicator.source.stream[argument : argument + 3])
            case _:
                kind, _, region = action.partition("-")
                into[region].pull(argument, crash=kind == "crash")
    for _ in range(20):
        moved = [replicator.pull(100) for replicator in into.values()]
        if not any(moved):
            break
    else:
        raise AssertionError("the two replicators keep sending each other records")
    assert tables[EAST].items == tables[WEST].items
    for key, (version, value) in latest.items():
        held = tables[EAST].items[key]
        assert (version_of(held), held.get("value", {}).get("S")) == (version, value)
    for table in tables.values():
        for versions in table.versions.values():
            assert versions == sorted(set(versions))  # no item ever went back, none was written twice


@given(batches=st.lists(st.integers(1, 4), max_size=12))
def test_a_removed_item_that_is_written_again_is_not_lost(batches: list[int]) -> None:
    east, west = Table(EAST), Table(WEST)
    replicator = Replicator(east, west)
    for value in ("1", "2", None):
        east.write("a", 1, value)
    east.delete("a")  # its time to live is over
    east.write("a", 1, "3")
    for size in batches:
        replicator.pull(size)
    while replicator.pull(1):
        pass
    assert west.items["a"]["value"] == {"S": "3"}
