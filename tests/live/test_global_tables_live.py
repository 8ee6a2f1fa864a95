"""Global tables between two region servers: switched on by the real calls, replicated past the application."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.history.events import Happening
from harness.history.log import Tail
from harness.kit.address import Address
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all
from harness.wire.admin_client import AdminClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

REGION, TABLES = "harness.engines.moto.server", "harness.parts.data.global_tables.server"
EAST, WEST, OHIO = "us-east-1", "us-west-2", "us-east-2"
ANSWERED = ("UpdateTable", "DescribeTable", "CreateTable", "DeleteTable", "UpdateTimeToLive")


def addresses(process: ServerProcess) -> dict[str, Address]:
    return {name: (str(host), int(port)) for name, (host, port) in process.ready(60).items()}


def eventually(what: Callable[[], Any], limit_s: float = 30.0) -> Any:
    until = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)
    return found


class World:
    """Two regions and the process between them, without links."""

    def __init__(
        self, tables: ServerProcess, regions: dict[str, ServerProcess], folder: Path, answered: tuple[str, ...]
    ) -> None:
        at = addresses(tables)
        self.admin = AdminClient("global tables", at["admin"])
        self.events = Tail(folder / "events.jsonl")
        servers = {region: addresses(process)["listen"] for region, process in regions.items()}
        files = {region: folder / f"{region}.changes.jsonl" for region in regions}
        for region, address in servers.items():
            admin = AdminClient(region, address)
            admin.post("/drill/changes", {"file": str(files[region])})
            admin.post("/drill/elsewhere", {"calls": {f"dynamodb:{one}": at[f"api.{region}"] for one in answered}})
        self.admin.post("/connect", {
            "servers": servers, "changes": {region: str(file) for region, file in files.items()},
            "peers": {f"{one}->{other}": at[f"peer.{other}"] for one in at_nodes(at) for other in at_nodes(at)},
        })  # fmt: skip
        self.clients = {region: RegionClients(region, address) for region, address in servers.items()}
        self.east, self.west = (self.clients[region].client("dynamodb") for region in (EAST, WEST))

    def make(self) -> None:
        create_tables(self.east, [NewTable("items", "id")])
        self.east.update_table(TableName="items", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
        eventually(lambda: self.status(self.east) == "ACTIVE")

    def status(self, client: Any) -> str:
        replicas = client.describe_table(TableName="items")["Table"].get("Replicas", [])
        told = {one["ReplicaStatus"] for one in replicas}
        return told.pop() if len(told) == 1 else ""


def at_nodes(at: dict[str, Address]) -> list[str]:
    return [name.partition(".")[2] for name in at if name.startswith("peer.")]


STRONG = (
    *ANSWERED,
    "PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem",
    "TransactWriteItems", "TransactGetItems",
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from started(tmp_path, ANSWERED)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[World]:
    """Changes take a second, so that a second write is made before the first one comes."""
    yield from started(tmp_path, ANSWERED, lag_median_ns=1_000_000_000)


@pytest.fixture
def strong(tmp_path: Path) -> Iterator[World]:
    """Two replicas and a witness."""
    for world in started(tmp_path, STRONG, consistency="strong", witness=OHIO):
        create_tables(world.east, [NewTable("items", "id")])
        world.east.update_table(
            TableName="items", MultiRegionConsistency="STRONG", ReplicaUpdates=[{"Create": {"RegionName": WEST}}],
            GlobalTableWitnessUpdates=[{"Create": {"RegionName": OHIO}}],
        )  # fmt: skip
        eventually(lambda world=world: world.status(world.east) == "ACTIVE")
        yield world


def started(
    tmp_path: Path,
    answered: tuple[str, ...],
    among: tuple[str, ...] = (EAST, WEST),
    expires_in: str | None = None,
    **more: Any,
) -> Iterator[World]:
    with ForkServer([REGION, TABLES], tmp_path) as servers:
        regions = {
            region: servers.spawn(f"region.{region}", REGION, {
                "region": region, "listen": ["127.0.0.1", 0], "expired_late_s": 0 if region == expires_in else None,
            })
            for region in among
        }  # fmt: skip
        tables = servers.spawn("global-tables", TABLES, {
            "regions": list(among), "lag_median_ns": 50_000_000, "lag_sigma": 0.3,
            "events": str(tmp_path / "events.jsonl"), "metric_period_ns": 200_000_000, **more,
        })  # fmt: skip
        world = World(tables, regions, tmp_path, answered)
        yield world
        for client in (world.east, world.west):
            client.close()
        stop_all([tables, *regions.values()])


def item(client: Any, key: str) -> Any:
    return client.get_item(TableName="items", Key={"id": {"S": key}}, ConsistentRead=True).get("Item")


def test_what_one_region_stores_the_other_one_shows_and_it_does_not_come_back(world: World) -> None:
    world.make()
    described = world.west.describe_table(TableName="items")["Table"]
    assert described["Replicas"] == [{"RegionName": EAST, "ReplicaStatus": "ACTIVE"}]
    assert described["StreamSpecification"]["StreamEnabled"]
    full = {
        "id": {"S": "a"}, "n": {"N": "1.50"}, "b": {"B": b"\x00\x01"}, "s": {"SS": ["x", "y"]},
        "m": {"M": {"l": {"L": [{"NULL": True}, {"BOOL": False}]}}},
    }  # fmt: skip
    world.east.put_item(TableName="items", Item=full)
    eventually(lambda: item(world.west, "a") == item(world.east, "a"))
    world.west.update_item(
        TableName="items", Key={"id": {"S": "a"}}, UpdateExpression="SET added = :v",
        ExpressionAttributeValues={":v": {"S": "west"}},
    )  # fmt: skip
    eventually(lambda: item(world.east, "a").get("added") == {"S": "west"})
    world.east.delete_item(TableName="items", Key={"id": {"S": "a"}})
    eventually(lambda: item(world.west, "a") is None)
    assert item(world.east, "a") is None
    eventually(lambda: world.admin.get("/status")["waiting"] == {})


def test_both_sides_write_one_item_and_the_later_one_stays_everywhere(slow: World) -> None:
    slow.make()
    slow.east.put_item(TableName="items", Item={"id": {"S": "a"}, "v": {"S": "east"}})
    slow.west.put_item(TableName="items", Item={"id": {"S": "a"}, "v": {"S": "west"}})
    eventually(lambda: [item(client, "a")["v"]["S"] for client in (slow.east, slow.west)] == ["west", "west"])
    eventually(lambda: slow.admin.get("/status")["conflicts"] == 1)
    told: list[Happening] = []

    def conflicts() -> list[Happening]:
        told.extend(event for event in slow.events.poll() if isinstance(event, Happening))
        return [event for event in told if "conflict" in event.what]

    eventually(conflicts)
    assert [(event.what, "lost to one of us-west-2" in event.text) for event in conflicts()] == [("a conflict", True)]


def test_the_latency_is_a_metric_of_the_region_where_the_write_was_made(world: World) -> None:
    world.make()
    world.east.put_item(TableName="items", Item={"id": {"S": "a"}})
    metrics = {region: world.clients[region].client("cloudwatch") for region in (EAST, WEST)}
    found = eventually(lambda: metrics[EAST].list_metrics(Namespace="AWS/DynamoDB")["Metrics"])
    assert found[0]["MetricName"] == "ReplicationLatency"
    assert {one["Name"]: one["Value"] for one in found[0]["Dimensions"]} == {
        "TableName": "items", "ReceivingRegion": WEST,
    }  # fmt: skip
    assert metrics[WEST].list_metrics(Namespace="AWS/DynamoDB")["Metrics"] == []
    for client in metrics.values():
        client.close()


def test_a_new_replica_gets_what_was_there_before(world: World) -> None:
    create_tables(world.east, [NewTable("items", "id")])
    for number in range(120):
        world.east.put_item(TableName="items", Item={"id": {"S": str(number)}, "n": {"N": str(number)}})
    world.east.update_table(TableName="items", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    eventually(lambda: world.status(world.east) == "ACTIVE")
    assert len(world.west.scan(TableName="items")["Items"]) == 120


def test_a_table_that_is_created_while_the_replica_is_being_made_is_refused_or_fails_the_replica(world: World) -> None:
    create_tables(world.east, [NewTable("items", "id")])
    create_tables(world.west, [NewTable("items", "id")])
    world.west.put_item(TableName="items", Item={"id": {"S": "its own"}})
    world.east.update_table(TableName="items", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    eventually(lambda: world.status(world.east) == "CREATION_FAILED")
    world.east.put_item(TableName="items", Item={"id": {"S": "a"}})
    create_tables(world.east, [NewTable("other", "id")])
    world.east.update_table(TableName="other", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    eventually(lambda: "other" in world.west.list_tables()["TableNames"])
    world.east.put_item(TableName="other", Item={"id": {"S": "later"}})
    eventually(lambda: world.west.scan(TableName="other")["Items"])  # by then the earlier one would have come, too
    assert [one["id"]["S"] for one in world.west.scan(TableName="items")["Items"]] == ["its own"]


def test_time_to_live_holds_in_every_region(world: World) -> None:
    world.make()
    world.west.update_time_to_live(
        TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    eventually(
        lambda: (
            world.east.describe_time_to_live(TableName="items")["TimeToLiveDescription"].get("AttributeName")
            == "expires"
        )
    )


@pytest.fixture
def expiring(tmp_path: Path) -> Iterator[World]:
    """The east deletes what has expired at once, and the west never."""
    yield from started(tmp_path, ANSWERED, expires_in=EAST)


def test_what_expires_in_one_region_is_deleted_in_the_other_and_the_service_says_that_it_was_it(
    expiring: World,
) -> None:
    east, west = expiring.east, expiring.west
    expiring.make()
    east.update_time_to_live(TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    now_s = int(time.time())
    ends = {"over": now_s - 5, "not-yet": now_s + 3600, "never": None, "ancient": now_s - 6 * 365 * 86_400}
    for key, until_s in ends.items():
        ending = {} if until_s is None else {"until": {"N": str(until_s)}}
        west.put_item(TableName="items", Item={"id": {"S": key}, **ending})
    removed = eventually(lambda: [one for one in records(expiring.clients[EAST]) if one["eventName"] == "REMOVE"])
    assert [one["userIdentity"] for one in removed] == [{"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}]
    kept = [key for key in ends if key != "over"]
    eventually(lambda: item(west, "over") is None and all(item(east, key) for key in kept))
    assert all(item(west, key) for key in kept)


def records(clients: RegionClients) -> list[Any]:
    streams = clients.client("dynamodbstreams")
    arn = streams.list_streams(TableName="items")["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    found: list[Any] = streams.get_records(ShardIterator=place)["Records"]
    streams.close()
    return found


def test_replicas_need_a_table_and_one_call_at_a_time(world: World) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        world.east.update_table(TableName="items", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    world.make()
    with pytest.raises(ClientError, match="has a replica in us-west-2 already"):
        world.east.update_table(TableName="items", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])


def test_a_strong_write_is_in_the_other_region_when_it_is_answered(strong: World) -> None:
    for number in range(10):
        strong.east.put_item(TableName="items", Item={"id": {"S": "a"}, "n": {"N": str(number)}})
        assert item(strong.west, "a")["n"]["N"] == str(number)
        reply = strong.west.update_item(
            TableName="items", Key={"id": {"S": "a"}}, UpdateExpression="SET n = n + :one",
            ConditionExpression="n = :n", ReturnValues="ALL_NEW",
            ExpressionAttributeValues={":one": {"N": "1"}, ":n": {"N": str(number)}},
        )  # fmt: skip
        assert reply["Attributes"]["n"]["N"] == str(number + 1)
    strong.east.delete_item(TableName="items", Key={"id": {"S": "a"}})
    assert item(strong.west, "a") is None
    assert strong.west.scan(TableName="items", ConsistentRead=True)["Items"] == []


def test_a_condition_is_judged_on_the_latest_and_a_refused_write_changes_nothing(strong: World) -> None:
    strong.east.put_item(TableName="items", Item={"id": {"S": "a"}})
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        strong.west.put_item(
            TableName="items",
            Item={"id": {"S": "a"}, "v": {"S": "west"}},
            ConditionExpression="attribute_not_exists(id)",
        )
    assert item(strong.east, "a") == {"id": {"S": "a"}}
    strong.east.put_item(TableName="items", Item={"id": {"S": "a"}, "v": {"S": "again"}})  # nothing is left reserved
    assert item(strong.west, "a")["v"] == {"S": "again"}


def test_strong_tables_take_no_transactions_and_no_time_to_live(strong: World) -> None:
    with pytest.raises(ClientError, match="Transactions are not supported"):
        strong.east.transact_write_items(TransactItems=[{"Put": {"TableName": "items", "Item": {"id": {"S": "a"}}}}])
    with pytest.raises(ClientError, match="no time to live"):
        strong.east.update_time_to_live(
            TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "e"}
        )
    described = strong.east.describe_table(TableName="items")["Table"]
    assert described["MultiRegionConsistency"] == "STRONG"
    assert described["GlobalTableWitnesses"] == [{"RegionName": OHIO, "WitnessStatus": "ACTIVE"}]


def test_a_batch_is_written_one_by_one_and_ordinary_tables_are_served_as_ever(strong: World) -> None:
    create_tables(strong.east, [NewTable("other", "id")])
    puts = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in range(5)]
    assert strong.east.batch_write_item(RequestItems={"items": puts})["UnprocessedItems"] == {}
    strong.east.put_item(TableName="other", Item={"id": {"S": "a"}})
    assert len(strong.west.scan(TableName="items", ConsistentRead=True)["Items"]) == 5
    assert strong.east.scan(TableName="other", ConsistentRead=True)["Count"] == 1
    assert strong.west.list_tables()["TableNames"] == ["items"]


@pytest.mark.parametrize("consistency", ["EVENTUAL", "STRONG"])
def test_three_replicas_hold_the_same(tmp_path: Path, consistency: str) -> None:
    answered = STRONG if consistency == "STRONG" else ANSWERED
    for world in started(tmp_path, answered, (EAST, WEST, OHIO), consistency=consistency.lower()):
        create_tables(world.east, [NewTable("items", "id")])
        world.east.update_table(
            TableName="items", MultiRegionConsistency=consistency,
            ReplicaUpdates=[{"Create": {"RegionName": region}} for region in (WEST, OHIO)],
        )  # fmt: skip
        eventually(lambda world=world: world.status(world.east) == "ACTIVE")
        third = world.clients[OHIO].client("dynamodb")
        for number, client in enumerate((world.east, world.west, third)):
            client.put_item(TableName="items", Item={"id": {"S": "a"}, "n": {"N": str(number)}})
            if consistency == "STRONG":
                assert item(world.east, "a")["n"]["N"] == str(number)
        eventually(lambda world=world, third=third: all(
            (item(client, "a") or {}).get("n") == {"N": "2"} for client in (world.east, world.west, third)
        ))  # fmt: skip
        third.close()
