"""What every region server must do that a world runs on, asked of each through DynamoDB's API and through its seam.

What a server does otherwise than DynamoDB is listed with it (region_rig.DIFFERENCES) and must be so.
"""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from region_rig import EAST, SERVERS, expected, missing, running

from harness.history.events import Commit
from harness.topology.subject import Table
from harness.wire.exchange import ResponseCollector, render_request
from harness.world.regions import RegionServer

pytestmark = [pytest.mark.live, pytest.mark.beside]

NUMBERS = itertools.count()


class Server:
    """One region server under test. kind: its name; db, streams: clients past every link."""

    def __init__(self, kind: str, region: RegionServer) -> None:
        self.kind = kind
        self.region = region
        self.address = region.endpoints()["api"]
        self.db = self.client("dynamodb")
        self.streams = self.client("dynamodbstreams")

    def client(self, service: str, **config: Any) -> Any:
        settings = Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=10, **config)
        return boto3.client(
            service, endpoint_url="http://{}:{}".format(*self.address), region_name=EAST,
            aws_access_key_id="drill", aws_secret_access_key="drill", config=settings,
        )  # fmt: skip

    def does(self, what: str) -> Any:
        return expected(self.kind, what)

    def table(self, *, sort: bool = False, stream: bool = False) -> str:
        name = f"table-{next(NUMBERS)}"
        keys = ("pk", "sk") if sort else ("pk",)
        streamed = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
        self.db.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            BillingMode="PAY_PER_REQUEST",
            **(streamed if stream else {}),
        )
        self.db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        return name

    def put(self, table: str, pk: str, value: str = "v", **more: Any) -> Any:
        item = {"pk": {"S": pk}, "value": {"S": value}, **more.pop("attributes", {})}
        return self.db.put_item(TableName=table, Item=item, **more)

    def get(self, table: str, pk: str) -> Any:
        return self.db.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True).get("Item")

    def shards(self, table: str) -> tuple[str, list[Any]]:
        arn = self.db.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        return arn, self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]

    def records(self, table: str, *, wanted: int = 0) -> list[Any]:
        """Of a stream from its oldest record on; waits for so many of them."""
        arn, shards = self.shards(table)
        until, found = time.monotonic() + 30, []
        while True:
            found = [record for shard in shards for record in self._of_shard(arn, shard["ShardId"])]
            if len(found) >= wanted or time.monotonic() > until:
                return found
            time.sleep(0.05)

    def _of_shard(self, arn: str, shard: str, **where: Any) -> list[Any]:
        where = where or {"ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, **where)["ShardIterator"]
        found: list[Any] = []
        while iterator:
            page = self.streams.get_records(ShardIterator=iterator, Limit=100)
            found += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] else None
        return found


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    lacks = missing(request.param)
    if lacks is not None:
        pytest.skip(lacks)
    with running(request.param, tmp_path_factory.mktemp(request.param)) as region:
        yield Server(request.param, region)


def code_of(call: Callable[[], Any]) -> str:
    """The code of the error that a call is answered with; `none` where it is none."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "none"


# --- tables ---------------------------------------------------------------------------------------------------------


def test_a_table_is_made_described_listed_and_deleted(server: Server) -> None:
    name = server.table(sort=True)
    told = server.db.describe_table(TableName=name)["Table"]
    assert told["TableStatus"] == "ACTIVE"
    assert [key["AttributeName"] for key in told["KeySchema"]] == ["pk", "sk"]
    assert name in server.db.list_tables()["TableNames"]
    assert code_of(lambda: server.db.create_table(
        TableName=name, KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )) == server.does("a table that there is")  # fmt: skip
    server.db.delete_table(TableName=name)
    server.db.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    assert name not in server.db.list_tables()["TableNames"]


def test_a_stream_can_be_switched_on_later(server: Server) -> None:
    name = server.table()
    server.put(name, "before")
    server.db.update_table(
        TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    )
    server.put(name, "after")
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in server.records(name, wanted=1)] == ["after"]


# --- items ----------------------------------------------------------------------------------------------------------


def test_an_item_is_written_read_changed_and_deleted(server: Server) -> None:
    name = server.table()
    everything = {
        "n": {"N": "12.5"}, "b": {"B": b"\x00\xff"}, "bool": {"BOOL": True}, "null": {"NULL": True},
        "l": {"L": [{"S": "a"}, {"N": "1"}]}, "m": {"M": {"x": {"S": "y"}}}, "ss": {"SS": ["a", "b"]},
        "empty": {"S": ""},
    }  # fmt: skip
    server.put(name, "k", attributes=everything)
    found = server.get(name, "k")
    assert {**found, "ss": {"SS": sorted(found["ss"]["SS"])}} == {"pk": {"S": "k"}, "value": {"S": "v"}, **everything}
    old = server.db.update_item(
        TableName=name, Key={"pk": {"S": "k"}}, UpdateExpression="SET #v = :w ADD n :one REMOVE m",
        ExpressionAttributeNames={"#v": "value"}, ExpressionAttributeValues={":w": {"S": "w"}, ":one": {"N": "1"}},
        ReturnValues="ALL_OLD",
    )["Attributes"]  # fmt: skip
    assert old["value"] == {"S": "v"}
    found = server.get(name, "k")
    assert (found["value"], found["n"], "m" in found) == ({"S": "w"}, {"N": "13.5"}, False)
    gone = server.db.delete_item(TableName=name, Key={"pk": {"S": "k"}}, ReturnValues="ALL_OLD")["Attributes"]
    assert gone["value"] == {"S": "w"}
    assert server.get(name, "k") is None


def test_a_condition_decides_whether_it_is_written(server: Server) -> None:
    name = server.table()
    new = {"ConditionExpression": "attribute_not_exists(pk)"}
    server.put(name, "k", **new)
    with pytest.raises(ClientError) as refused:
        server.put(name, "k", "other", **new, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    told = "told" if refused.value.response.get("Item", {}).get("value") == {"S": "v"} else "not told"
    assert told == server.does("item of a failed condition")
    assert server.get(name, "k")["value"] == {"S": "v"}
    since: dict[str, Any] = {
        "ConditionExpression": "#v = :v AND attribute_exists(pk)", "ExpressionAttributeNames": {"#v": "value"},
    }  # fmt: skip
    server.put(name, "k", "w", **since, ExpressionAttributeValues={":v": {"S": "v"}})
    late = since | {"ExpressionAttributeValues": {":v": {"S": "v"}}}
    assert code_of(lambda: server.put(name, "k", "x", **late)) == "ConditionalCheckFailedException"
    assert server.get(name, "k")["value"] == {"S": "w"}


def test_a_counter_counts_whoever_adds(server: Server) -> None:
    name = server.table()
    for _ in range(5):
        server.db.update_item(
            TableName=name, Key={"pk": {"S": "c"}}, UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )  # fmt: skip
    assert server.get(name, "c")["n"] == {"N": "5"}


# --- transactions ---------------------------------------------------------------------------------------------------


def put_of(table: str, pk: str, value: str = "v", **more: Any) -> Mapping[str, Any]:
    return {"Put": {"TableName": table, "Item": {"pk": {"S": pk}, "value": {"S": value}}, **more}}


def test_a_transaction_is_done_whole_or_not_at_all(server: Server) -> None:
    name = server.table()
    server.db.transact_write_items(TransactItems=[put_of(name, "a"), put_of(name, "b")])
    with pytest.raises(ClientError) as cancelled:
        server.db.transact_write_items(
            TransactItems=[
                put_of(name, "c"),
                put_of(name, "a", "w", ConditionExpression="attribute_not_exists(pk)"),
                put_of(name, "d"),
            ]
        )
    assert cancelled.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = [reason.get("Code") for reason in cancelled.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed", "None"]
    assert [server.get(name, key) is not None for key in "abcd"] == [True, True, False, False]
    assert server.get(name, "a")["value"] == {"S": "v"}
    keys = [{"Get": {"TableName": name, "Key": {"pk": {"S": key}}}} for key in "abc"]
    read = server.db.transact_get_items(TransactItems=keys)["Responses"]
    assert ["Item" in one for one in read] == [True, True, False]


def test_a_condition_check_guards_a_transaction(server: Server) -> None:
    name = server.table()
    check = {"ConditionCheck": {
        "TableName": name, "Key": {"pk": {"S": "lease"}}, "ConditionExpression": "attribute_exists(pk)",
    }}  # fmt: skip
    both = [check, put_of(name, "k")]
    assert code_of(lambda: server.db.transact_write_items(TransactItems=both)) == "TransactionCanceledException"
    server.put(name, "lease")
    server.db.transact_write_items(TransactItems=both)
    assert server.get(name, "k") is not None


def test_a_transaction_with_a_token_takes_effect_once(server: Server) -> None:
    name = server.table()
    add = {"Update": {
        "TableName": name, "Key": {"pk": {"S": "c"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }}  # fmt: skip
    for _ in range(2):
        server.db.transact_write_items(TransactItems=[add], ClientRequestToken=f"token-{name}")
    effect = {"1": "no further effect", "2": "a second effect"}[server.get(name, "c")["n"]["N"]]
    assert effect == server.does("same token again")
    other = code_of(
        lambda: server.db.transact_write_items(TransactItems=[put_of(name, "k")], ClientRequestToken=f"token-{name}")
    )
    assert other == server.does("same token, other transaction")


def test_an_item_is_in_a_transaction_once(server: Server) -> None:
    name = server.table()
    twice = [put_of(name, "k"), put_of(name, "k", "w")]
    told = code_of(lambda: server.db.transact_write_items(TransactItems=twice))
    assert told == server.does("two operations on an item in a transaction")


# --- batches --------------------------------------------------------------------------------------------------------


def test_batches_write_delete_and_read(server: Server) -> None:
    name = server.table()
    puts = [{"PutRequest": {"Item": {"pk": {"S": f"k{n}"}, "value": {"S": str(n)}}}} for n in range(25)]
    assert not server.db.batch_write_item(RequestItems={name: puts}).get("UnprocessedItems")
    wanted = [{"pk": {"S": f"k{n}"}} for n in range(25)] + [{"pk": {"S": "absent"}}]
    told = server.db.batch_get_item(RequestItems={name: {"Keys": wanted, "ConsistentRead": True}})
    assert sorted(item["value"]["S"] for item in told["Responses"][name]) == sorted(map(str, range(25)))
    assert not told.get("UnprocessedKeys")
    server.db.batch_write_item(RequestItems={name: [{"DeleteRequest": {"Key": key}} for key in wanted[:5]]})
    assert len(server.db.scan(TableName=name)["Items"]) == 20


def test_batches_that_must_not_be_are_refused(server: Server) -> None:
    name = server.table()

    def batch(*keys: str) -> str:
        puts = [{"PutRequest": {"Item": {"pk": {"S": key}}}} for key in keys]
        return code_of(lambda: server.db.batch_write_item(RequestItems={name: puts}))

    assert batch(*map(str, range(26))) == server.does("26 puts in a batch")
    assert batch("k", "k") == server.does("a key twice in a batch")


# --- queries --------------------------------------------------------------------------------------------------------


def test_a_query_comes_in_order_page_by_page(server: Server) -> None:
    name = server.table(sort=True)
    for number in (3, 1, 4, 0, 2, 5, 6):
        server.put(name, "p", attributes={"sk": {"S": f"s{number}"}, "n": {"N": str(number)}})
    server.put(name, "other", attributes={"sk": {"S": "s9"}})
    asked = {
        "TableName": name, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}},
        "ConsistentRead": True,
    }  # fmt: skip
    pages = list(server.db.get_paginator("query").paginate(**asked, PaginationConfig={"PageSize": 3}))
    found = [[item["sk"]["S"] for item in page["Items"]] for page in pages]
    assert found[:2] == [["s0", "s1", "s2"], ["s3", "s4", "s5"]]
    assert [key for page in found for key in page] == [f"s{n}" for n in range(7)]
    assert pages[0]["LastEvaluatedKey"] == {"pk": {"S": "p"}, "sk": {"S": "s2"}}
    backwards = server.db.query(**asked, ScanIndexForward=False, Limit=2)["Items"]
    assert [item["sk"]["S"] for item in backwards] == ["s6", "s5"]
    some = {
        **asked, "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b",
        "ExpressionAttributeValues": {":p": {"S": "p"}, ":a": {"S": "s2"}, ":b": {"S": "s4"}},
    }  # fmt: skip
    assert [item["sk"]["S"] for item in server.db.query(**some)["Items"]] == ["s2", "s3", "s4"]


def test_a_filter_works_on_what_a_page_has_read(server: Server) -> None:
    name = server.table(sort=True)
    for number in range(6):
        server.put(name, "p", attributes={"sk": {"S": f"s{number}"}, "n": {"N": str(number % 2)}})
    told = server.db.query(
        TableName=name, KeyConditionExpression="pk = :p AND begins_with(sk, :s)", FilterExpression="n = :one", Limit=3,
        ExpressionAttributeValues={":p": {"S": "p"}, ":s": {"S": "s"}, ":one": {"N": "1"}}, ProjectionExpression="sk",
    )  # fmt: skip
    assert (told["Count"], told["ScannedCount"], told["Items"]) == (1, 3, [{"sk": {"S": "s1"}}])


def test_a_scan_finds_everything_once(server: Server) -> None:
    name = server.table()
    for number in range(60):
        server.put(name, f"k{number}")
    pages = list(server.db.get_paginator("scan").paginate(TableName=name, PaginationConfig={"PageSize": 7}))
    keys = [item["pk"]["S"] for page in pages for item in page["Items"]]
    assert len(pages) >= 60 // 7
    assert sorted(keys) == sorted({f"k{number}" for number in range(60)})


# --- errors ---------------------------------------------------------------------------------------------------------


def test_mistakes_have_the_codes_that_programs_look_for(server: Server) -> None:
    name = server.table()
    cases: dict[str, Callable[[], Any]] = {
        "a table that there is not": lambda: server.put("nobody-made-this", "k"),
        "an empty key": lambda: server.put(name, ""),
        "a key of another type": lambda: server.db.put_item(TableName=name, Item={"pk": {"N": "1"}}),
        "an item over 400 KB": lambda: server.put(name, "k", "x" * 410_000),
    }
    assert {what: code_of(call) for what, call in cases.items()} == {what: server.does(what) for what in cases}


def test_an_operation_that_there_is_not_is_refused(server: Server) -> None:
    with Connection(server) as connection:
        status, body = connection.call("MakeCoffee", {})
    told = f"{status} {str(body.get('__type', '')).rpartition('#')[2]}".strip()
    assert told == server.does("an operation that there is not")


# --- streams --------------------------------------------------------------------------------------------------------


def test_a_stream_tells_what_happened_in_order_with_images(server: Server) -> None:
    name = server.table(stream=True)
    server.put(name, "k", "v")
    server.put(name, "k", "w")
    server.db.delete_item(TableName=name, Key={"pk": {"S": "k"}})
    records = server.records(name, wanted=3)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    images = [tuple(r["dynamodb"].get(image, {}).get("value") for image in ("OldImage", "NewImage")) for r in records]
    assert images == [(None, {"S": "v"}), ({"S": "v"}, {"S": "w"}), ({"S": "w"}, None)]
    assert all(record["dynamodb"]["Keys"] == {"pk": {"S": "k"}} for record in records)
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))
    assert {record["awsRegion"] for record in records} == {server.does("region of a record")}


def test_what_changes_nothing_leaves_no_record(server: Server) -> None:
    name = server.table(stream=True)
    server.put(name, "k", "v")
    server.put(name, "k", "v")
    server.put(name, "end")
    between = [r["eventName"] for r in server.records(name, wanted=2)][1:-1]
    assert between == server.does("identical put")
    name = server.table(stream=True)
    server.db.delete_item(TableName=name, Key={"pk": {"S": "nobody"}})
    server.put(name, "end")
    assert [r["eventName"] for r in server.records(name, wanted=1)][:-1] == server.does("delete of nothing")


def test_an_upsert_and_a_transaction_are_told_item_by_item(server: Server) -> None:
    name = server.table(stream=True)
    server.db.update_item(
        TableName=name, Key={"pk": {"S": "k"}}, UpdateExpression="SET #v = :v",
        ExpressionAttributeNames={"#v": "value"}, ExpressionAttributeValues={":v": {"S": "v"}},
    )  # fmt: skip
    assert [record["eventName"] for record in server.records(name, wanted=1)] == server.does("upsert")
    name = server.table(stream=True)
    server.db.transact_write_items(TransactItems=[put_of(name, "a"), put_of(name, "b")])
    told = [record["eventName"] for record in server.records(name, wanted=2)]
    assert told == server.does("records of a transaction")


def test_what_was_refused_leaves_no_record(server: Server) -> None:
    name = server.table(stream=True)
    server.put(name, "k", "v")
    only_new = {"ConditionExpression": "attribute_not_exists(pk)"}
    code_of(lambda: server.put(name, "k", "w", **only_new))
    code_of(lambda: server.db.transact_write_items(TransactItems=[put_of(name, "x"), put_of(name, "k", **only_new)]))
    server.put(name, "end")
    keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in server.records(name, wanted=2)]
    assert keys == ["k", "end"]


def test_a_reader_goes_on_where_it_was(server: Server) -> None:
    name = server.table(stream=True)
    for number in range(4):
        server.put(name, f"k{number}")
    arn, shards = server.shards(name)
    assert len(shards) == server.does("shards of a small table")
    shard = shards[0]["ShardId"]
    second = server.records(name, wanted=4)[1]["dynamodb"]["SequenceNumber"]

    def keys(**where: Any) -> list[str]:
        return [r["dynamodb"]["Keys"]["pk"]["S"] for r in server._of_shard(arn, shard, **where)]

    assert keys(ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=second) == ["k2", "k3"]
    assert keys(ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=second) == ["k1", "k2", "k3"]
    at_end = server.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")
    page = server.streams.get_records(ShardIterator=at_end["ShardIterator"])
    assert page["Records"] == []
    server.put(name, "new")
    found = server.streams.get_records(ShardIterator=page["NextShardIterator"])["Records"]
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in found] == ["new"]


def test_shard_ids_are_as_long_as_boto3_wants_them(server: Server) -> None:
    name = server.table(stream=True)
    server.put(name, "k")
    _, shards = server.shards(name)
    assert all(28 <= len(shard["ShardId"]) <= 65 for shard in shards) is server.does("shard ids that boto3 takes")


def test_a_table_that_was_made_anew_has_a_stream_of_its_own(server: Server) -> None:
    name = server.table(stream=True)
    server.put(name, "old")
    server.db.delete_table(TableName=name)
    server.db.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    server.region.create([Table(name=name, key="pk", value="value")])
    server.put(name, "new")
    keys = [record["dynamodb"]["Keys"]["pk"]["S"] for record in server.records(name, wanted=1)]
    told = {("new",): "gone", ("old", "new"): "told again"}.get(tuple(keys), str(keys))
    assert told == server.does("stream of a table that was deleted")


# --- one connection -------------------------------------------------------------------------------------------------


class Connection:
    """One connection on which requests are sent byte for byte."""

    def __init__(self, server: Server) -> None:
        self.sock = socket.create_connection(server.address, timeout=5)
        self._host = "{}:{}".format(*server.address)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def request(self, operation: str, body: Mapping[str, Any]) -> bytes:
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}", "X-Amz-Date": "20260101T000000Z",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=drill/20260101/{EAST}/dynamodb/aws4_request, "
            f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}",
        }  # fmt: skip
        return render_request("POST", "/", self._host, headers, json.dumps(body).encode(), keepalive=True)

    def answer(self) -> tuple[int, Any]:
        collector = ResponseCollector(method=b"POST")
        while collector.response is None:
            data = self.sock.recv(65536)
            if not data:
                collector.end()
                break
            collector.feed(data)
        assert collector.response is not None, "the connection ended"
        try:
            return collector.response.status, json.loads(collector.response.body)
        except ValueError:
            return collector.response.status, {}

    def call(self, operation: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        self.sock.sendall(self.request(operation, body))
        return self.answer()


def test_one_connection_carries_request_after_request_whatever_they_are_answered(server: Server) -> None:
    name = server.table()
    with Connection(server) as connection:
        for number in range(30):
            put = {"TableName": name, "Item": {"pk": {"S": f"k{number}"}}}
            assert connection.call("PutItem", put)[0] == 200
            assert connection.call("GetItem", {"TableName": "nobody-made-this", "Key": {"pk": {"S": "k"}}})[0] == 400
            status, body = connection.call("GetItem", {"TableName": name, "Key": {"pk": {"S": f"k{number}"}}})
            assert (status, body["Item"]) == (200, {"pk": {"S": f"k{number}"}})


def test_a_request_may_come_in_pieces(server: Server) -> None:
    with Connection(server) as connection:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = connection.request("ListTables", {"Limit": 3})
        for start in range(0, len(request), 40):
            connection.sock.sendall(request[start : start + 40])
        assert connection.answer()[0] == 200


# --- the seam -------------------------------------------------------------------------------------------------------


def test_a_drill_finds_its_data_and_leaves_none(server: Server) -> None:
    tables = [
        Table(name="seam-items", key="id", value="value"),
        Table(name="seam-pairs", key={"PK": "T#1", "SK": "N#{id}"}, value="doc.value"),
        Table(name="seam-numbers", key="n", value="value", key_types={"n": "N"}),
    ]
    server.region.create(tables)
    server.db.put_item(TableName="seam-items", Item={"id": {"S": "a"}, "value": {"S": "1"}})
    server.db.put_item(TableName="seam-items", Item={"id": {"S": "b"}})
    server.db.put_item(
        TableName="seam-pairs", Item={"PK": {"S": "T#1"}, "SK": {"S": "N#x"}, "doc": {"M": {"value": {"S": "2"}}}}
    )
    server.db.put_item(TableName="seam-numbers", Item={"n": {"N": "7"}, "value": {"S": "3"}})
    assert [server.region.scan(table) for table in tables] == [{"a": "1", "b": None}, {"x": "2"}, {"7": "3"}]
    assert server.region.items(tables[0]) is not None
    server.region.reset()
    assert server.db.list_tables()["TableNames"] == []
    server.region.create(tables[:1])
    assert server.region.scan(tables[0]) == {}
    server.region.reset()


def test_commits_are_told_in_the_order_in_which_they_took_effect(server: Server) -> None:
    feed = server.region.commits()
    assert feed is not None
    server.region.create([Table(name="items", key="id", value="value")])
    for number in range(40):
        server.db.put_item(TableName="items", Item={"id": {"S": f"k{number % 4}"}, "value": {"S": str(number)}})
    server.db.delete_item(TableName="items", Key={"id": {"S": "k0"}})
    told = [commit for commit in feed.poll() or () if isinstance(commit, Commit)]
    assert [commit.v for commit in told] == [*map(str, range(40)), None]
    moments = [commit.mono_ns for commit in told]
    assert moments == sorted(moments)
    server.region.reset()


def test_what_keeps_data_has_it_after_it_was_killed(tmp_path: Path) -> None:
    lacks = missing("dynoxide")
    if lacks is not None:
        pytest.skip(lacks)
    with running("dynoxide", tmp_path) as region:
        items = Table(name="items", key="id", value="value")
        region.create([items])
        server = Server("dynoxide", region)
        for number in range(50):
            server.db.put_item(TableName="items", Item={"id": {"S": f"k{number}"}, "value": {"S": str(number)}})
        region.switch_off()  # type: ignore[attr-defined]
        region.restart()  # type: ignore[attr-defined]
        assert region.scan(items) == {f"k{number}": str(number) for number in range(50)}
        assert len(server.records("items", wanted=50)) == 50
