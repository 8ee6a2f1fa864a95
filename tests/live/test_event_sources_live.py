"""Streams to Lambda on a real region: boto3's calls, real handlers in processes of their own, whatever they do."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.processes.forkserver import ForkServer, stop_all
from harness.wire.admin_client import AdminClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

REGION_MODULE = "harness.engines.moto.server"
MODULE = "harness.parts.data.event_sources.server"
ROLE = "arn:aws:iam::123456789012:role/drill"
COPY = """
import boto3, os
db = boto3.client("dynamodb")

def handler(event, context):
    print("given", len(event["Records"]), context.function_name)
    for record in event["Records"]:
        change = record["dynamodb"]
        if record["eventName"] == "REMOVE":
            db.delete_item(TableName="copies", Key=change["Keys"])
        else:
            db.put_item(TableName="copies", Item=change["NewImage"])
"""


class Bench:
    def __init__(self, region: Any, functions: Any, folder: Path) -> None:
        host, port = region.ready(60)["listen"]
        self.address = (str(host), int(port))
        self.api = functions.ready(60)["api"]
        self.folder = folder
        links = {"region": list(self.address), "functions": list(self.address)}
        AdminClient("functions", self.api).post("/drill/links", links)
        AdminClient("region", self.address).post("/drill/elsewhere", {"calls": {"lambda:*": list(self.api)}})
        clients = RegionClients("us-east-1", self.address, read_timeout_s=30)
        self.db, self.functions, self.sqs = (clients.client(name) for name in ("dynamodb", "lambda", "sqs"))
        create_tables(self.db, [NewTable("items", "id"), NewTable("copies", "id")])
        self.stream = self.db.describe_table(TableName="items")["Table"]["LatestStreamArn"]

    def create(self, code: str, name: str = "copy", **settings: Any) -> None:
        self.functions.create_function(
            FunctionName=name, Handler="app.handler", Role=ROLE, Code={"ZipFile": zipped(code)},
            **{"Runtime": "python3.11", "MemorySize": 256, "Timeout": 10, **settings},
        )  # fmt: skip

    def map(self, name: str = "copy", **settings: Any) -> str:
        found = self.functions.create_event_source_mapping(
            EventSourceArn=self.stream, FunctionName=name, **{"StartingPosition": "TRIM_HORIZON", **settings}
        )
        return str(found["UUID"])

    def put(self, key: str, **more: Any) -> None:
        self.db.put_item(TableName="items", Item={"id": {"S": key}, **more})

    def copies(self) -> set[str]:
        return {item["id"]["S"] for item in self.db.scan(TableName="copies", ConsistentRead=True)["Items"]}

    def queue(self) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName="given-up")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return str(url), str(arn)

    def messages(self, url: str) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    def result(self, uuid: str) -> str:
        return str(self.functions.get_event_source_mapping(UUID=uuid)["LastProcessingResult"])

    def log(self, name: str = "copy") -> str:
        return (self.folder / "logs" / f"function.us-east-1.{name}.log").read_text(encoding="utf-8")

    def close(self) -> None:
        for client in (self.db, self.functions, self.sqs):
            client.close()


def zipped(code: str, name: str = "app.py") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, code)
    return data.getvalue()


def wait(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer([REGION_MODULE, MODULE], tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
def bench(servers: ForkServer, tmp_path: Path) -> Iterator[Bench]:
    region = servers.spawn("region", REGION_MODULE, {"region": "us-east-1", "listen": ["127.0.0.1", 0]})
    config = {
        "region": "us-east-1", "folder": str(tmp_path / "code"), "logs": str(tmp_path / "logs"), "scale": 0.1,
        "events": str(tmp_path / "events.jsonl"),
    }  # fmt: skip
    functions = servers.spawn("functions", MODULE, config)
    bench = Bench(region, functions, tmp_path)
    yield bench
    bench.close()
    stop_all([functions, region])


def test_changes_reach_a_handler_in_order_and_it_calls_its_region(bench: Bench) -> None:
    bench.put("a")
    bench.create(COPY)
    uuid = bench.map()
    bench.put("b")
    bench.db.delete_item(TableName="items", Key={"id": {"S": "a"}})
    bench.put("c", data={"B": b"\x00\xff"}, numbers={"NS": ["1", "2"]})
    wait(lambda: bench.copies() == {"b", "c"})
    item = bench.db.get_item(TableName="copies", Key={"id": {"S": "c"}})["Item"]
    assert item["data"] == {"B": b"AP8="}  # an event is JSON: a handler that does not decode copies the base64 text
    assert bench.result(uuid) == "OK"
    log = bench.log()
    assert "given" in log
    assert "START RequestId: " in log
    assert "Max Memory Used: " in log
    assert "Init Duration: " in log


def test_what_is_created_is_shown_changed_and_deleted(bench: Bench) -> None:
    bench.create(COPY, Environment={"Variables": {"TARGET": "us-west-2"}}, Timeout=7)
    found = bench.functions.get_function(FunctionName="copy")["Configuration"]
    assert (found["State"], found["Timeout"], found["Environment"]["Variables"]) == (
        "Active",
        7,
        {"TARGET": "us-west-2"},
    )
    uuid = bench.map(BatchSize=5, BisectBatchOnFunctionError=True, FunctionResponseTypes=["ReportBatchItemFailures"])
    (listed,) = bench.functions.list_event_source_mappings(FunctionName="copy")["EventSourceMappings"]
    assert (listed["UUID"], listed["State"], listed["BatchSize"]) == (uuid, "Enabled", 5)
    changed = bench.functions.update_event_source_mapping(UUID=uuid, Enabled=False, MaximumRetryAttempts=3)
    assert (changed["State"], changed["MaximumRetryAttempts"], changed["BatchSize"]) == ("Disabled", 3, 5)
    bench.functions.delete_event_source_mapping(UUID=uuid)
    with pytest.raises(bench.functions.exceptions.ResourceNotFoundException):
        bench.functions.get_event_source_mapping(UUID=uuid)
    bench.functions.delete_function(FunctionName="copy")
    with pytest.raises(bench.functions.exceptions.ResourceNotFoundException):
        bench.functions.get_function(FunctionName="copy")


def test_a_mapping_or_function_that_is_there_is_not_made_twice(bench: Bench) -> None:
    bench.create(COPY)
    uuid = bench.map()
    with pytest.raises(bench.functions.exceptions.ResourceConflictException, match=uuid):
        bench.map()
    with pytest.raises(bench.functions.exceptions.ResourceConflictException, match="already exist"):
        bench.create(COPY)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"BatchSize": 10_001}, "BatchSize"),
        ({"ParallelizationFactor": 11}, "ParallelizationFactor"),
        ({"MaximumRecordAgeInSeconds": 10}, "from 60"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPosition"),
        ({"EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/x"}, "Unrecognized event source"),
        ({"EventSourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/nothing/stream/2026"}, "Stream not found"),
        ({"EventSourceArn": "arn:aws:dynamodb:us-west-2:123456789012:table/items/stream/2026"}, "its own region"),
        ({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sns:us-east-1:123456789012:x"}}}, "only SQS"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, "not emulated"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(bench: Bench, settings: dict[str, Any], words: str) -> None:
    bench.create(COPY)
    arguments = {"EventSourceArn": bench.stream, "StartingPosition": "LATEST", **settings}
    with pytest.raises(bench.functions.exceptions.InvalidParameterValueException, match=words):
        bench.functions.create_event_source_mapping(FunctionName="copy", **arguments)


def test_a_function_that_does_not_exist_and_code_that_is_no_zip_are_refused(bench: Bench) -> None:
    with pytest.raises(bench.functions.exceptions.ResourceNotFoundException, match="Function not found"):
        bench.map("nobody")
    with pytest.raises(bench.functions.exceptions.InvalidParameterValueException, match="unzip"):
        bench.functions.create_function(
            FunctionName="x", Runtime="python3.11", Handler="app.handler", Role=ROLE, Code={"ZipFile": b"no zip"}
        )
    with pytest.raises(ClientError, match="Python"):
        bench.create(COPY, "y", Runtime="nodejs22.x")


def test_a_handler_that_raises_ends_in_the_queue_with_the_documented_message(bench: Bench) -> None:
    url, arn = bench.queue()
    bench.create("def handler(event, context):\n    raise ValueError('cannot')\n")
    uuid = bench.map(MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}})
    bench.put("a")
    wait(lambda: bench.messages(url))
    (message,) = bench.messages(url)
    assert message["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 2
    assert message["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
    }  # fmt: skip
    info = message["DDBStreamBatchInfo"]
    assert info["batchSize"] == 1
    assert info["streamArn"] == bench.stream
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert info["shardId"].startswith("shardId-")
    assert bench.result(uuid) == "PROBLEM: ValueError: cannot"


@pytest.mark.parametrize(
    ("code", "settings", "why"),
    [
        ("import time\ndef handler(e, c):\n    time.sleep(60)\n", {"Timeout": 1}, "Task timed out after 1.00 seconds"),
        ("def handler(e, c):\n    while True: pass\n", {"Timeout": 1}, "Task timed out"),
        ("kept = []\ndef handler(e, c):\n    while True: kept.append(bytearray(1 << 20))\n", {"MemorySize": 128}, "."),
        ("import os\ndef handler(e, c):\n    os._exit(7)\n", {}, "Runtime exited with error: exit status 7"),
        ("def handler(e, c):\n    return object()\n", {}, "Runtime.MarshalError"),
        ("import nothing_of_that_name\n", {}, "ModuleNotFoundError"),
        ("x = 1\n", {}, "AttributeError"),
        ("def handler(e, c):\n    return 'nonsense'\n", {}, "the answer is no object but str"),
        ("def handler(e, c):\n    return {'batchItemFailures': [{'itemIdentifier': ''}]}\n", {}, "none of the batch"),
    ],
)
def test_whatever_a_handler_does_the_record_ends_in_the_queue(
    bench: Bench, code: str, settings: dict[str, Any], why: str
) -> None:
    url, arn = bench.queue()
    bench.create(code, **settings)
    uuid = bench.map(
        MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )  # fmt: skip
    bench.put("a")
    wait(lambda: bench.messages(url), 30)
    assert why in bench.result(uuid)


def test_a_handler_that_eats_its_memory_is_killed_before_the_machine_notices(bench: Bench) -> None:
    bench.create("kept = []\ndef handler(e, c):\n    while True: kept.append(bytearray(1 << 20))\n", MemorySize=128)
    found = bench.functions.invoke(FunctionName="copy", LogType="Tail")
    told = json.loads(found["Payload"].read())
    assert found["FunctionError"] == "Unhandled"
    assert told["errorType"] in ("Runtime.ExitError", "MemoryError")
    assert "Memory Size: 128 MB" in base64.b64decode(found["LogResult"]).decode()


def test_a_handler_that_prints_without_end_does_not_fill_the_disk(bench: Bench) -> None:
    bench.create("def handler(e, c):\n    while True: print('x' * 10_000)\n", Timeout=2)
    bench.functions.invoke(FunctionName="copy")
    assert (bench.folder / "logs" / "function.us-east-1.copy.log").stat().st_size < 10 << 20


def test_functions_can_be_called_by_hand(bench: Bench) -> None:
    bench.create("def handler(event, context):\n    return {'twice': event['n'] * 2}\n")
    found = bench.functions.invoke(FunctionName="copy", Payload=json.dumps({"n": 21}))
    assert json.loads(found["Payload"].read()) == {"twice": 42}
    assert "FunctionError" not in found
    assert bench.functions.invoke(FunctionName="copy", InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError, match="Could not parse request body"):
        bench.functions.invoke(FunctionName="copy", Payload=b"no json")


def test_a_record_of_400_kb_comes_through(bench: Bench) -> None:
    bench.create(COPY)
    bench.map()
    bench.put("large", data={"S": "x" * 390_000})
    wait(lambda: "large" in bench.copies())


def test_local_code_is_used_where_it_lies(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return 'here'\n", encoding="utf-8")
    bench.functions.create_function(
        FunctionName="local", Runtime="python3.11", Handler="app.handler", Role=ROLE,
        Code={"S3Bucket": "local", "S3Key": str(tmp_path / "app.py")},
    )  # fmt: skip
    assert json.loads(bench.functions.invoke(FunctionName="local")["Payload"].read()) == "here"


def test_a_mapping_that_is_deleted_during_a_call_leaves_no_answer_to_others(bench: Bench) -> None:
    bench.create(
        "import time\n"
        "def handler(event, context):\n"
        "    if 'Records' not in event: return 'for the caller'\n"
        "    print('working', flush=True)\n"
        "    time.sleep(1)\n"
        "    return 'for the mapping'\n"
    )
    uuid = bench.map()
    bench.put("a")
    wait(lambda: (bench.folder / "logs").exists() and "working" in bench.log())
    bench.functions.delete_event_source_mapping(UUID=uuid)
    for _ in range(3):
        assert json.loads(bench.functions.invoke(FunctionName="copy")["Payload"].read()) == "for the caller"
