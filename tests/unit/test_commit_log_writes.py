"""The commit log tells what took effect, whichever API wrote it; and moto's stream tells the same story."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from harness.engines.aws.clients import NewTable, create_tables, scan_values
from harness.engines.moto import patches as moto_patches
from harness.engines.moto.commit_log import CommitLog, TableAttributes, tables_of
from harness.engines.moto.elsewhere import Calls
from harness.engines.moto.writes import WritePath
from harness.errors import InputError
from harness.history.codec import read
from harness.history.events import Commit
from harness.names import HEADER_WRITER, UNDO

REGION = "us-west-2"
SCOPE = f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Bench:
    """One region's moto in this process, with a commit log on table `items`."""

    def __init__(self, path: Path, writes: WritePath) -> None:
        self._path = path
        self.log = CommitLog(REGION, path, {"items": TableAttributes(key="id", value="value")})
        writes.observer = lambda table, item, present, _: self.log.committed(table.name, item.attrs, present=present)
        self.app = DomainDispatcherApplication(create_backend_app)
        self.db = self._client("dynamodb")
        self.streams = self._client("dynamodbstreams")
        self.create("items")

    def _client(self, service: str) -> Any:
        client = boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="y")
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        """Answer a request of boto3 by moto's WSGI application, without a socket."""
        headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        environ = EnvironBuilder(method="POST", path="/", data=request.body, headers=headers).get_environ()
        answered: list[Any] = []
        body = b"".join(self.app(environ, lambda *status_and_headers: answered.extend(status_and_headers)))
        return AWSResponse(request.url, int(answered[0].split()[0]), dict(answered[1]), _Raw(body))

    def create(self, name: str) -> None:
        self.db.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    @property
    def commits(self) -> list[tuple[str, str | None]]:
        events = [event for event in read(self._path) if isinstance(event, Commit)]
        assert [event.seq for event in events] == list(range(len(events)))
        assert [event.mono_ns for event in events] == sorted(event.mono_ns for event in events)
        assert {(event.region, event.table) for event in events} <= {(REGION, "items")}
        return [(event.k, event.v) for event in events]

    @property
    def undone(self) -> list[tuple[str, str | None]]:
        return [(event.k, event.v) for event in read(self._path) if isinstance(event, Commit) and event.undo]

    def put(self, key: str, value: str | None, table: str = "items", **more: Any) -> None:
        self.db.put_item(TableName=table, Item=item(key, value), **more)

    def update(self, key: str, expression: str, values: dict[str, Any], **more: Any) -> None:
        names = {"#v": "value"} if "#v" in expression else {}
        if names:
            more["ExpressionAttributeNames"] = names
        if values:
            more["ExpressionAttributeValues"] = values
        self.db.update_item(TableName="items", Key={"id": {"S": key}}, UpdateExpression=expression, **more)

    def get(self, key: str) -> Any:
        return self.db.get_item(TableName="items", Key={"id": {"S": key}}).get("Item")

    def iterator(self) -> str:
        arn = self.streams.list_streams(TableName="items")["Streams"][0]["StreamArn"]
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        given = self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return str(given["ShardIterator"])

    def records(self, iterator: str) -> list[tuple[str, Any]]:
        found = self.streams.get_records(ShardIterator=iterator)["Records"]
        return [(record["eventName"], record["dynamodb"].get("NewImage")) for record in found]


def item(key: str, value: str | None) -> dict[str, Any]:
    return {"id": {"S": key}} if value is None else {"id": {"S": key}, "value": {"S": value}}


def put(key: str, value: str) -> dict[str, Any]:
    return {"Put": {"TableName": "items", "Item": item(key, value)}}


def failing_check() -> dict[str, Any]:
    condition = {"ConditionExpression": "attribute_exists(id)"}
    return {"ConditionCheck": {"TableName": "items", "Key": {"id": {"S": "nobody"}}, **condition}}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    patches, writes = moto_patches.Patches(), WritePath()
    assert moto_patches.apply(patches)
    writes.install(patches)
    try:
        bench = Bench(tmp_path / "commits.jsonl", writes)
        yield bench
        bench.log.close()
    finally:
        patches.undo()
        moto_api_backend.reset()


def test_a_write_that_says_so_is_logged_as_the_undoing_of_another(bench: Bench) -> None:
    bench.put("a", "1")
    app = Calls().wrap(bench.app, bench.app)
    body = json.dumps({"TableName": "items", "Item": item("a", "0")})
    headers = Headers(
        {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Authorization": SCOPE, HEADER_WRITER: UNDO}.items()
    )
    environ = EnvironBuilder(method="POST", path="/", data=body, headers=headers).get_environ()
    b"".join(app(environ, lambda *_: None))
    bench.put("a", "2")
    assert bench.undone == [("a", "0")]
    assert bench.commits == [("a", "1"), ("a", "0"), ("a", "2")]


def test_puts_and_deletes_are_logged_in_order(bench: Bench) -> None:
    bench.put("a", "1")
    bench.put("a", "2")
    bench.db.delete_item(TableName="items", Key={"id": {"S": "a"}})
    assert bench.commits == [("a", "1"), ("a", "2"), ("a", None)]


def test_deleting_an_absent_item_is_no_commit(bench: Bench) -> None:
    bench.db.delete_item(TableName="items", Key={"id": {"S": "a"}})
    assert bench.commits == []


def test_an_item_without_the_value_attribute_is_logged_as_null(bench: Bench) -> None:
    bench.put("a", None)
    assert bench.commits == [("a", None)]


def test_an_unlisted_table_is_not_logged_until_it_is_listed(bench: Bench) -> None:
    bench.create("other")
    bench.put("a", "1", table="other")
    assert bench.commits == []
    bench.log.tables = {}
    bench.put("a", "1")
    assert bench.commits == []


def test_a_number_and_a_map_are_logged_as_text(bench: Bench) -> None:
    bench.db.put_item(TableName="items", Item={"id": {"S": "n"}, "value": {"N": "17"}})
    bench.db.put_item(TableName="items", Item={"id": {"S": "m"}, "value": {"M": {"x": {"BOOL": True}}}})
    bench.db.put_item(TableName="items", Item={"id": {"S": "b"}, "value": {"BOOL": True}})
    assert bench.commits == [("n", "17"), ("m", '{"x": {"BOOL": true}}'), ("b", "true")]


def test_an_update_that_creates_is_one_commit_and_one_insert(bench: Bench) -> None:
    bench.update("a", "SET #v = :v", {":v": {"S": "1"}})
    assert bench.commits == [("a", "1")]
    assert bench.records(bench.iterator()) == [("INSERT", item("a", "1"))]


def test_an_update_of_another_attribute_and_a_removal_tell_the_value_that_is_left(bench: Bench) -> None:
    bench.put("a", "1")
    bench.update("a", "SET extra = :o", {":o": {"S": "x"}})
    bench.update("a", "REMOVE #v", {})
    assert bench.commits == [("a", "1"), ("a", "1"), ("a", None)]


def test_an_update_that_fails_leaves_item_stream_and_log_as_they_were(bench: Bench) -> None:
    bench.put("a", "1")
    wrong = "SET extra = :o, #v = #v + :n"
    with pytest.raises(ClientError):
        bench.update("a", wrong, {":o": {"S": "x"}, ":n": {"N": "1"}})
    with pytest.raises(ClientError):
        bench.update("new", wrong, {":o": {"S": "x"}, ":n": {"N": "1"}})
    assert bench.get("a") == item("a", "1")
    assert bench.get("new") is None
    assert bench.commits == [("a", "1")]
    assert bench.records(bench.iterator()) == [("INSERT", item("a", "1"))]


def test_a_refused_condition_is_no_commit(bench: Bench) -> None:
    bench.put("a", "1")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        bench.put("a", "2", ConditionExpression="attribute_not_exists(id)")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        bench.update("a", "SET #v = :v", {":v": {"S": "2"}}, ConditionExpression="attribute_not_exists(id)")
    condition = {"ConditionExpression": "attribute_not_exists(id)"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        bench.db.delete_item(TableName="items", Key={"id": {"S": "a"}}, **condition)
    assert bench.commits == [("a", "1")]


def test_a_batch_is_one_commit_per_item(bench: Bench) -> None:
    requests = [{"PutRequest": {"Item": item(key, key.upper())}} for key in "abc"]
    bench.db.batch_write_item(RequestItems={"items": requests})
    bench.db.batch_write_item(RequestItems={"items": [{"DeleteRequest": {"Key": {"id": {"S": "b"}}}}]})
    assert sorted(bench.commits[:3]) == [("a", "A"), ("b", "B"), ("c", "C")]
    assert bench.commits[3:] == [("b", None)]


def test_partiql_writes_are_logged(bench: Bench) -> None:
    bench.db.execute_statement(Statement="INSERT INTO \"items\" value {'id': 'a', 'value': '1'}")
    bench.db.execute_statement(Statement="UPDATE \"items\" SET \"value\" = '2' WHERE id = 'a'")
    bench.db.execute_statement(Statement="DELETE FROM \"items\" WHERE id = 'a'")
    assert bench.commits == [("a", "1"), ("a", "2"), ("a", None)]


def test_a_committed_transaction_is_logged_whole(bench: Bench) -> None:
    bench.put("b", "old")
    update = {
        "TableName": "items",
        "Key": {"id": {"S": "c"}},
        "UpdateExpression": "SET #v = :v",
        "ExpressionAttributeNames": {"#v": "value"},
        "ExpressionAttributeValues": {":v": {"S": "3"}},
    }
    delete = {"Delete": {"TableName": "items", "Key": {"id": {"S": "b"}}}}
    bench.db.transact_write_items(TransactItems=[put("a", "1"), delete, {"Update": update}])
    assert bench.commits == [("b", "old"), ("a", "1"), ("b", None), ("c", "3")]
    names = [name for name, _ in bench.records(bench.iterator())]
    assert names == ["INSERT", "INSERT", "REMOVE", "INSERT"]


def test_a_cancelled_transaction_leaves_no_trace_and_followers_go_on(bench: Bench) -> None:
    bench.put("b", "old")
    iterator = bench.iterator()
    update = {
        "TableName": "items",
        "Key": {"id": {"S": "b"}},
        "UpdateExpression": "SET #v = :v",
        "ExpressionAttributeNames": {"#v": "value"},
        "ExpressionAttributeValues": {":v": {"S": "new"}},
    }
    with pytest.raises(ClientError, match="TransactionCanceled"):
        bench.db.transact_write_items(TransactItems=[put("a", "1"), {"Update": update}, failing_check()])
    assert bench.get("a") is None
    assert bench.get("b") == item("b", "old")
    assert bench.commits == [("b", "old")]
    bench.put("c", "3")
    expected = [("INSERT", item("b", "old")), ("INSERT", item("c", "3"))]
    assert bench.records(iterator) == expected, "a stream that was being read lost or invented a record"
    assert bench.records(bench.iterator()) == expected
    assert bench.commits == [("b", "old"), ("c", "3")]


def test_a_transaction_with_the_same_item_twice_is_refused_and_undone(bench: Bench) -> None:
    with pytest.raises(ClientError, match="multiple operations on one item"):
        bench.db.transact_write_items(TransactItems=[put("a", "1"), put("a", "2")])
    assert bench.get("a") is None
    assert bench.commits == []
    assert bench.records(bench.iterator()) == []


def test_a_transaction_does_not_copy_the_table(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.dynamodb.models.dynamo_type import Item

    for number in range(50):
        bench.put(f"k{number}", "v")
    copied: list[object] = []
    original: Callable[[Any, Any], Any] = Item.__deepcopy__
    monkeypatch.setattr(Item, "__deepcopy__", lambda self, memo: copied.append(self) or original(self, memo))
    bench.db.transact_write_items(TransactItems=[put("a", "1")])
    assert len(copied) <= 2


def test_a_backup_is_still_a_copy(bench: Bench) -> None:
    bench.put("a", "1")
    arn = bench.db.create_backup(TableName="items", BackupName="before")["BackupDetails"]["BackupArn"]
    bench.update("a", "SET #v = :v", {":v": {"S": "2"}})
    bench.db.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    assert bench.db.scan(TableName="restored")["Items"] == [item("a", "1")]


def test_an_identical_write_is_a_commit_but_no_stream_record(bench: Bench) -> None:
    bench.put("a", "1")
    bench.put("a", "1")
    bench.update("a", "SET #v = :v", {":v": {"S": "1"}})
    assert bench.commits == [("a", "1")] * 3
    assert bench.records(bench.iterator()) == [("INSERT", item("a", "1"))]


def test_earlier_stream_records_keep_their_images(bench: Bench) -> None:
    bench.update("a", "SET #v = :v", {":v": {"S": "1"}})
    bench.update("a", "SET #v = :v", {":v": {"S": "2"}})
    assert bench.records(bench.iterator()) == [("INSERT", item("a", "1")), ("MODIFY", item("a", "2"))]


def test_a_record_names_the_region_it_was_written_in(bench: Bench) -> None:
    bench.put("a", "1")
    (record,) = bench.streams.get_records(ShardIterator=bench.iterator())["Records"]
    assert record["awsRegion"] == REGION


def test_a_made_up_iterator_or_shard_is_refused_as_aws_refuses_it(bench: Bench) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        bench.streams.get_records(ShardIterator="made-up")
    arn = bench.streams.list_streams(TableName="items")["Streams"][0]["StreamArn"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bench.streams.get_shard_iterator(
            StreamArn=arn, ShardId="shardId-00000000000000000000-made-up", ShardIteratorType="LATEST"
        )


def test_a_table_with_a_sort_key_survives_a_cancelled_transaction(bench: Bench) -> None:
    bench.db.create_table(
        TableName="ranged",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "at")],
        BillingMode="PAY_PER_REQUEST",
    )
    first = {"id": {"S": "a"}, "at": {"S": "1"}, "value": {"S": "x"}}
    bench.db.put_item(TableName="ranged", Item=first)
    delete = {"Delete": {"TableName": "ranged", "Key": {"id": {"S": "a"}, "at": {"S": "1"}}}}
    second = {"Put": {"TableName": "ranged", "Item": {"id": {"S": "a"}, "at": {"S": "2"}}}}
    with pytest.raises(ClientError, match="TransactionCanceled"):
        bench.db.transact_write_items(TransactItems=[delete, second, failing_check()])
    assert bench.db.scan(TableName="ranged")["Items"] == [first]
    values = {":v": {"S": "y"}}
    bench.db.update_item(
        TableName="ranged",
        Key={"id": {"S": "a"}, "at": {"S": "1"}},
        UpdateExpression="SET extra = :v",
        ExpressionAttributeValues=values,
    )
    assert bench.db.scan(TableName="ranged")["Items"] == [{**first, "extra": {"S": "y"}}]


def test_the_log_follows_the_order_of_effect_under_eight_threads(bench: Bench) -> None:
    def work(worker: int) -> None:
        for number in range(25):
            bench.update("counter", "ADD #v :one", {":one": {"N": "1"}})
            bench.put(f"w{worker}", str(number))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    commits = bench.commits
    assert [value for key, value in commits if key == "counter"] == [str(n) for n in range(1, 201)]
    last = dict(commits)
    assert last == {entry["id"]["S"]: next(iter(entry["value"].values())) for entry in scan_all(bench)}


def scan_all(bench: Bench) -> list[Any]:
    return list(bench.db.scan(TableName="items")["Items"])


def test_patches_are_undone_and_a_different_version_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.dynamodb.models.table import StreamShard, Table

    before = (Table.put_item, StreamShard.add, hasattr(Table, "__deepcopy__"))
    patches = moto_patches.Patches()
    WritePath().install(patches)
    assert Table.put_item is not before[0]
    patches.undo()
    assert (Table.put_item, StreamShard.add, hasattr(Table, "__deepcopy__")) == before
    monkeypatch.setattr(moto_patches, "MOTO_VERSION", "0.0.1")
    assert not moto_patches.apply(patches)


@pytest.mark.parametrize("body", [[], {"items": {}}, {"items": {"key": "id"}}, {"items": {"key": "", "value": "v"}}])
def test_a_table_without_both_attributes_is_refused(body: object) -> None:
    with pytest.raises(InputError, match="tables"):
        tables_of(body)


def test_a_table_of_several_kinds_of_items_shows_the_clients_alone(bench: Bench) -> None:
    """Partition and sort key by templates, a value within a text that is JSON; the rest of the table is ignored."""
    key, value = {"PK": "TENANT#1", "SK": "ITEM#{id}"}, {"attribute": "body", "at": "/value"}
    followed = tables_of({"things": {"key": key, "value": value}})
    bench.log.tables = followed
    create_tables(bench.db, [NewTable("things", key)])

    def write(sort_key: str, body: str, partition: str = "TENANT#1") -> None:
        item = {"PK": {"S": partition}, "SK": {"S": sort_key}, "body": {"S": body}}
        bench.db.put_item(TableName="things", Item=item)

    write("ITEM#a", '{"value": "1"}')
    write("ITEM#b", '{"value": "2"}')
    write("LOCK", "monitor")
    write("ITEM#c", '{"value": "3"}', "TENANT#2")
    bench.db.delete_item(TableName="things", Key={"PK": {"S": "TENANT#1"}, "SK": {"S": "ITEM#a"}})
    commits = [event for event in read(bench.log._log.path) if isinstance(event, Commit)]
    assert [(commit.k, commit.v) for commit in commits] == [("a", "1"), ("b", "2"), ("a", None)]
    spec = followed["things"]
    assert scan_values(bench.db, "things", spec.key, spec.value) == {"b": "2"}
