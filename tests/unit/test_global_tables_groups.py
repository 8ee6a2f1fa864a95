"""Which replicas a table may get, and when: what UpdateTable is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from harness.parts.data.global_tables import group
from harness.parts.data.global_tables.calling import Reply
from harness.parts.data.global_tables.group import Asked, Group, Made, Make, NotMade, Refuse, Status
from harness.parts.data.global_tables.tables import Tables

EAST, WEST, OHIO, DUBLIN = "us-east-1", "us-west-2", "us-east-2", "eu-west-1"
KNOWN = (EAST, WEST, OHIO, DUBLIN)


def asked(state: Group, region: str = EAST, *, empty: bool = True, **body: Any) -> tuple[Group, tuple[Any, ...]]:
    return group.step(state, Asked(region, {"TableName": "items", **body}, empty, KNOWN), 0)


def create(*regions: str) -> list[dict[str, Any]]:
    return [{"Create": {"RegionName": region}} for region in regions]


def refused(effects: tuple[Any, ...]) -> str:
    (effect,) = effects
    assert isinstance(effect, Refuse)
    return f"{effect.code}: {effect.message}"


def both() -> Group:
    state, _ = asked(Group(), ReplicaUpdates=create(WEST))
    return group.step(state, Made(WEST), 1)[0]


def test_a_replica_is_made_like_the_table_that_was_asked_and_is_active_when_it_is_there() -> None:
    state, effects = asked(Group(), ReplicaUpdates=create(WEST))
    assert effects == (Make(WEST, EAST),)
    assert {region: one.status for region, one in state.replicas.items()} == {
        EAST: Status.ACTIVE, WEST: Status.CREATING,
    }  # fmt: skip
    assert both().active == (EAST, WEST)


def test_nothing_may_be_asked_while_replicas_are_being_made() -> None:
    state, _ = asked(Group(), ReplicaUpdates=create(WEST))
    again, effects = asked(state, ReplicaUpdates=create(OHIO))
    assert refused(effects).startswith("ResourceInUseException")
    assert again == state


def test_a_table_that_is_in_the_way_fails_the_replica_and_says_so() -> None:
    state, _ = asked(Group(), ReplicaUpdates=create(WEST))
    state, _ = group.step(state, NotMade(WEST, "a table of that name is there"), 1)
    assert state.replicas[WEST] == group.Replica(Status.CREATION_FAILED, "a table of that name is there")
    assert (state.active, state.busy) == ((EAST,), False)


def test_the_last_replica_but_one_that_goes_leaves_an_ordinary_table() -> None:
    state, effects = asked(both(), ReplicaUpdates=[{"Delete": {"RegionName": WEST}}])
    assert effects == (group.Delete(WEST),)
    assert group.step(state, group.Gone(WEST), 1)[0] == Group()


@pytest.mark.parametrize(
    ("state", "empty", "body", "says"),
    [
        (both(), True, {"ReplicaUpdates": create(WEST)}, "has a replica in us-west-2 already"),
        (Group(), True, {"ReplicaUpdates": create("mars-1")}, "no region mars-1"),
        (both(), True, {"ReplicaUpdates": [{"Delete": {"RegionName": OHIO}}]}, "no replica in us-east-2"),
        (both(), True, {"ReplicaUpdates": [{"Delete": {"RegionName": EAST}}]}, "deleted from another region"),
        (both(), True, {"MultiRegionConsistency": "STRONG"}, "cannot be changed"),
        (Group(), True, {"MultiRegionConsistency": "WEAK", "ReplicaUpdates": create(WEST)}, "must be EVENTUAL or"),
        (Group(), True, {"MultiRegionConsistency": "STRONG", "ReplicaUpdates": create(WEST)}, "needs three regions"),
        (
            Group(), True, {"MultiRegionConsistency": "STRONG", "ReplicaUpdates": create(WEST, DUBLIN)},
            "not of one set of regions",
        ),
        (
            Group(), False, {"MultiRegionConsistency": "STRONG", "ReplicaUpdates": create(WEST, OHIO)},
            "needs an empty table",
        ),
        (
            Group(), True,
            {"ReplicaUpdates": create(WEST), "GlobalTableWitnessUpdates": create(OHIO)}, "A witness belongs to",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(state: Group, empty: bool, body: dict[str, Any], says: str) -> None:
    left, effects = asked(state, empty=empty, **body)
    assert says in refused(effects)
    assert left == state


def test_a_region_without_a_server_can_be_a_witness_and_no_replica() -> None:
    strong = {"MultiRegionConsistency": "STRONG"}
    for body, says in (
        ({"ReplicaUpdates": create(OHIO), "GlobalTableWitnessUpdates": create(WEST)}, "no region us-east-2"),
        ({"ReplicaUpdates": create(WEST), "GlobalTableWitnessUpdates": create(DUBLIN)}, "no region eu-west-1"),
    ):
        event = Asked(EAST, {"TableName": "items", **strong, **body}, True, (EAST, WEST), (OHIO,))
        assert says in refused(group.step(Group(), event, 0)[1])


def test_strong_consistency_takes_three_replicas_or_two_and_a_witness_and_no_more() -> None:
    three, effects = asked(Group(), MultiRegionConsistency="STRONG", ReplicaUpdates=create(WEST, OHIO))
    assert len(effects) == 2
    state, _ = asked(
        Group(), MultiRegionConsistency="STRONG", ReplicaUpdates=create(WEST), GlobalTableWitnessUpdates=create(OHIO)
    )
    assert state.witness == OHIO
    for region in (WEST, OHIO):
        three, _ = group.step(three, Made(region), 1)
    assert three.is_strong
    _, effects = asked(three, ReplicaUpdates=create(DUBLIN))
    assert "No replica can be added" in refused(effects)


def test_a_table_cannot_be_created_where_its_replica_is_being_made() -> None:
    state, _ = asked(Group(), ReplicaUpdates=create(WEST))
    tables = Tables({"items": state}, KNOWN, None, None)  # type: ignore[arg-type]
    reply = asyncio.run(as_answered(tables.calls["CreateTable"](WEST, {"TableName": "items"})))
    assert (reply.status, reply.code) == (400, "ResourceInUseException")
    reply = asyncio.run(as_answered(tables.calls["DeleteTable"](EAST, {"TableName": "items"})))
    assert "are being created or deleted" in reply.message


async def as_answered(call: Awaitable[Reply]) -> Reply:
    return await call
