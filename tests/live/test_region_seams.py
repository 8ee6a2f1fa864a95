"""What other parts build on in a region's server: whole changes in order, and calls that another process answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all
from harness.wire.admin_client import AdminClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

MODULE = "harness.engines.moto.server"


class Region:
    def __init__(self, process: ServerProcess) -> None:
        host, port = process.ready(60)["listen"]
        self.address = (str(host), int(port))
        self.admin = AdminClient("region", self.address)
        self.clients = RegionClients("us-east-1", self.address)
        self.db = self.clients.client("dynamodb")

    def put_as(self, writer: str, key: str) -> None:
        db = self.clients.client("dynamodb")

        def sign(request: Any, **_: Any) -> None:
            request.headers["X-Drill-Writer"] = writer

        db.meta.events.register("before-send.dynamodb", sign)
        db.put_item(TableName="items", Item={"id": {"S": key}})
        db.close()


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    with ForkServer([MODULE], tmp_path) as servers:
        process = servers.spawn("region.us-east-1", MODULE, {"region": "us-east-1", "listen": ["127.0.0.1", 0]})
        region = Region(process)
        create_tables(region.db, [NewTable("items", "id")])
        yield region
        region.db.close()
        stop_all([process])


@pytest.fixture
def elsewhere() -> Iterator[tuple[ThreadingHTTPServer, list[str]]]:
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.append(f"{self.path} {self.headers.get('X-Amz-Target', '')} {body.decode()}")
            answer = json.dumps({"TableDescription": {"TableName": "answered elsewhere"}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server, heard
    server.shutdown()
    thread.join()
    server.server_close()


def changes(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_changes_tell_what_was_there_and_what_is_and_who_wrote_it(region: Region, tmp_path: Path) -> None:
    file = tmp_path / "changes.jsonl"
    region.db.put_item(TableName="items", Item={"id": {"S": "before anybody asked"}})
    region.admin.post("/drill/changes", {"file": str(file)})
    a = {"id": {"S": "a"}}
    region.db.put_item(TableName="items", Item={**a, "n": {"N": "1"}})
    region.db.put_item(TableName="items", Item={**a, "n": {"N": "1"}})  # changes nothing
    region.db.update_item(
        TableName="items",
        Key=a,
        UpdateExpression="SET n = n + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    region.put_as("replication of us-west-2", "b")
    region.db.delete_item(TableName="items", Key=a)
    with pytest.raises(ClientError):
        region.db.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "items", "Item": {"id": {"S": "c"}}}},
                {
                    "ConditionCheck": {
                        "TableName": "items", "Key": a, "ConditionExpression": "attribute_exists(id)",
                    }
                },
            ]
        )  # fmt: skip
    region.admin.post("/drill/reset")
    told = changes(file)
    assert [change["seq"] for change in told] == list(range(5))
    assert [(change["keys"]["id"]["S"], change["by"]) for change in told[:-1]] == [
        ("a", ""), ("a", ""), ("b", "replication of us-west-2"), ("a", ""),
    ]  # fmt: skip
    one, two = {**a, "n": {"N": "1"}}, {**a, "n": {"N": "2"}}
    assert [(change["old"], change["new"]) for change in told[:-1]] == [
        (None, one), (one, two), (None, {"id": {"S": "b"}}), (two, None),
    ]  # fmt: skip
    assert told[-1] == {"seq": 4, "reset": True}


def test_a_call_is_answered_elsewhere_and_by_the_region_itself_for_who_answers(
    region: Region, elsewhere: tuple[ThreadingHTTPServer, list[str]]
) -> None:
    server, heard = elsewhere
    region.admin.post("/drill/elsewhere", {"calls": {"dynamodb:UpdateTable": list(server.server_address)}})
    answer = region.db.update_table(TableName="items", BillingMode="PAY_PER_REQUEST")
    assert answer["TableDescription"]["TableName"] == "answered elsewhere"
    (call,) = heard
    assert call.startswith("/ DynamoDB_20120810.UpdateTable ")
    assert json.loads(call.split(" ", 2)[2]) == {"TableName": "items", "BillingMode": "PAY_PER_REQUEST"}
    assert region.db.describe_table(TableName="items")["Table"]["TableName"] == "items"
    region.put_as("whoever answers", "a")
    assert len(heard) == 1


def test_a_service_whose_process_is_gone_is_unavailable(region: Region) -> None:
    region.admin.post("/drill/elsewhere", {"calls": {"lambda:*": ["127.0.0.1", 1]}})
    functions = region.clients.client("lambda")
    with pytest.raises(ClientError) as failed:
        functions.list_functions()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    functions.close()
