"""A region is a process of its own: keep-alive that works, a hang that heals, and the truth about its commits."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ReadTimeoutError

from harness.engines.aws.clients import NewTable, RegionClients, create_tables, scan_values
from harness.errors import ProcessError, WorldError
from harness.history.codec import read
from harness.history.events import Commit, Mark
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all

pytestmark = [pytest.mark.live, pytest.mark.beside]

MODULE = "harness.engines.moto.server"
SCOPE = "Credential=x/20250101/us-west-2/dynamodb/aws4_request"
TABLES = {"items": {"key": "id", "value": "value"}}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer([MODULE], tmp_path_factory.mktemp("logs")) as servers:
        yield servers


class Region:
    def __init__(self, servers: ForkServer, name: str, folder: Path, **config: Any) -> None:
        self.commits_path = folder / f"{name}.commits.jsonl"
        body = {"region": name, "listen": ["127.0.0.1", 0], "commit_log": str(self.commits_path), "tables": TABLES}
        self.process: ServerProcess = servers.spawn(f"region.{name}", MODULE, {**body, **config})
        host, port = self.process.ready(60)["listen"]
        self.address = (host, port)
        self.clients = RegionClients(name, self.address, read_timeout_s=10.0)
        self.db = self.clients.client("dynamodb")

    def post(self, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        try:
            connection.request(method, path, b"" if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def put(self, key: str, value: str) -> None:
        self.db.put_item(TableName="items", Item={"id": {"S": key}, "value": {"S": value}})

    @property
    def commits(self) -> list[tuple[str, str | None]]:
        return [(event.k, event.v) for event in read(self.commits_path) if isinstance(event, Commit)]


@pytest.fixture
def region(servers: ForkServer, tmp_path: Path) -> Iterator[Region]:
    region = Region(servers, "us-west-2", tmp_path)
    create_tables(region.db, [NewTable("items", "id")])
    yield region
    region.db.close()
    stop_all([region.process])


def raw_call(connection: http.client.HTTPConnection, operation: str, body: Any) -> tuple[int, Any]:
    connection.request(
        "POST",
        "/",
        json.dumps(body),
        {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20250101/us-west-2/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
        },
    )
    answer = connection.getresponse()
    assert answer.getheader("Connection", "keep-alive").lower() == "keep-alive"
    return answer.status, json.loads(answer.read())


def test_back_to_back_requests_on_one_connection_are_all_answered_at_once(region: Region) -> None:
    connection = http.client.HTTPConnection(*region.address, timeout=5)
    connection.connect()
    sock = connection.sock
    took_s: list[float] = []
    for number in range(200):
        begin = time.monotonic()
        status, _ = raw_call(connection, "PutItem", {"TableName": "items", "Item": {"id": {"S": str(number)}}})
        took_s.append(time.monotonic() - begin)
        assert status == 200
        assert connection.sock is sock, "the connection was not kept"
    connection.close()
    assert statistics.quantiles(took_s, n=20)[-1] < 1.0
    assert len(region.commits) == 200


def test_refused_operations_fail_for_everybody_and_the_others_go_on(region: Region) -> None:
    region.put("k", "before")
    refusal = {"name": "x", "operations": ["PutItem", "UpdateItem"], "error": "InternalServerError"}
    assert region.post("/drill/refuse", refusal)[0] == 200
    for _ in range(3):  # over one connection: what was refused must not be left on it
        with pytest.raises(ClientError) as caught:
            region.put("k", "during")
        assert caught.value.response["Error"]["Code"] == "InternalServerError"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert region.db.get_item(TableName="items", Key={"id": {"S": "k"}})["Item"]["value"] == {"S": "before"}
    with pytest.raises(ClientError):
        region.db.execute_statement(Statement="INSERT INTO items VALUE {'id': 'q', 'value': 'v'}")
    assert region.db.execute_statement(Statement="SELECT * FROM items WHERE id = 'k'")["Items"]
    assert region.post("/drill/allow", {"name": "x"})[0] == 200
    assert region.post("/drill/allow", {"name": "x"})[0] == 404
    region.put("k", "after")
    assert region.commits == [("k", "before"), ("k", "after")]


def test_throttled_operations_say_what_dynamodb_says_and_a_reset_takes_them_back(region: Region) -> None:
    refusal = {"name": "x", "operations": ["PutItem"], "error": "ProvisionedThroughputExceededException"}
    region.post("/drill/refuse", refusal)
    with pytest.raises(region.db.exceptions.ProvisionedThroughputExceededException):
        region.put("k", "during")
    assert region.post("/drill/refuse", {"name": "y"})[0] == 400
    region.post("/drill/reset")
    create_tables(region.db, [NewTable("items", "id")])
    region.put("k", "after")


def test_pipelined_requests_are_not_swallowed(region: Region) -> None:
    request = b"GET /drill/health HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(region.address, timeout=5) as sock:
        sock.sendall(request * 5)
        received = b""
        while received.count(b"HTTP/1.1 200") < 5 or not received.endswith(b"}\n"):
            data = sock.recv(4096)
            assert data, "closed before every request was answered"
            received += data


def test_silent_connections_take_no_thread_from_the_others(region: Region) -> None:
    silent = [socket.create_connection(region.address, timeout=5) for _ in range(100)]
    late = http.client.HTTPConnection(*region.address, timeout=20)  # accepted after all of them
    try:
        assert raw_call(late, "ListTables", {})[0] == 200
    finally:
        for sock in (late, *silent):
            sock.close()


def test_whoever_answers_for_a_region_is_answered_while_all_others_wait_for_it(region: Region) -> None:
    """Else a burst of writes to strongly consistent tables would wait for itself."""
    with socket.socket() as nobody:  # takes calls, and answers none
        nobody.bind(("127.0.0.1", 0))
        nobody.listen(64)
        calls = {"dynamodb:GetItem": list(nobody.getsockname())}
        assert region.post("/drill/elsewhere", {"calls": calls})[0] == 200
        waiting = [http.client.HTTPConnection(*region.address, timeout=20) for _ in range(30)]
        for one in waiting:
            target = {
                "X-Amz-Target": "DynamoDB_20120810.GetItem",
                "Authorization": "Credential=x/1/us-west-2/dynamodb/",
            }
            one.request("POST", "/", "{}", target)
        inner = http.client.HTTPConnection(*region.process.ready(60)["inner"], timeout=5)
        try:
            for _ in range(5):
                assert raw_call(inner, "ListTables", {})[0] == 200
        finally:
            for one in (inner, *waiting):
                one.close()


def test_a_frozen_region_hangs_and_comes_back_with_its_data(region: Region) -> None:
    region.put("before", "1")
    region.process.freeze()
    hasty = boto3.client(
        "dynamodb",
        region_name="us-west-2",
        endpoint_url=f"http://127.0.0.1:{region.address[1]}",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(connect_timeout=0.5, read_timeout=0.3, retries={"total_max_attempts": 1}),
    )
    item = {"id": {"S": "during"}, "value": {"S": "2"}}
    with pytest.raises(ReadTimeoutError):
        hasty.put_item(TableName="items", Item=item)
    region.process.thaw()
    region.put("after", "3")
    values = scan_values(region.db, "items", "id", "value")
    assert values["before"] == "1"
    assert values["after"] == "3"
    hasty.close()


def test_a_killed_region_refuses_connections(region: Region) -> None:
    region.process.kill()
    hasty = RegionClients("us-west-2", region.address, read_timeout_s=0.5).client("dynamodb")
    with pytest.raises(EndpointConnectionError):
        hasty.list_tables()
    hasty.close()


def test_two_regions_hold_two_copies_and_give_out_different_identifiers(servers: ForkServer, tmp_path: Path) -> None:
    regions = [Region(servers, name, tmp_path) for name in ("us-east-1", "us-west-2")]
    try:
        for region in regions:
            create_tables(region.db, [NewTable("items", "id")])
        regions[0].put("a", "1")
        assert scan_values(regions[0].db, "items", "id", "value") == {"a": "1"}
        assert scan_values(regions[1].db, "items", "id", "value") == {}
        regions[1].put("a", "1")
        ids = [first_record(region)["eventID"] for region in regions]
        assert ids[0] != ids[1]
        assert [first_record(region)["awsRegion"] for region in regions] == ["us-east-1", "us-west-2"]
    finally:
        for region in regions:
            region.db.close()
        stop_all([region.process for region in regions])


def first_record(region: Region) -> Any:
    streams = region.clients.client("dynamodbstreams")
    arn = streams.list_streams(TableName="items")["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    record = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"][0]
    streams.close()
    return record


def test_the_commit_log_is_complete_when_the_write_is_acknowledged(region: Region) -> None:
    for number in range(20):
        region.put("k", str(number))
        assert region.commits[-1] == ("k", str(number))


def test_the_commit_log_survives_sigkill_up_to_the_last_acknowledged_write(region: Region) -> None:
    acknowledged: list[str] = []
    killed = threading.Event()

    def write() -> None:
        number = 0
        while not killed.is_set():
            try:
                region.put("k", str(number))
            except BotoCoreError:
                return
            acknowledged.append(str(number))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 20:
        time.sleep(0.001)
    region.process.kill()
    killed.set()
    writer.join()
    logged = [value for _, value in region.commits]
    assert logged[: len(acknowledged)] == acknowledged
    assert len(logged) - len(acknowledged) <= 1


def test_reset_empties_the_region_and_marks_the_log(region: Region) -> None:
    region.put("a", "1")
    for _ in range(2):
        assert region.post("/drill/reset") == (200, {})
    assert region.db.list_tables()["TableNames"] == []
    create_tables(region.db, [NewTable("items", "id")])
    region.put("a", "2")
    assert region.commits == [("a", "1"), ("a", "2")]
    marks = [event.f for event in read(region.commits_path) if isinstance(event, Mark)]
    assert marks == ["reset", "reset"]


def test_followed_tables_can_be_named_later(region: Region) -> None:
    create_tables(region.db, [NewTable("orders", "nr")])
    assert region.post("/drill/tables", {"orders": {"key": "nr", "value": "what"}}) == (200, {"tables": ["orders"]})
    region.put("a", "1")
    region.db.put_item(TableName="orders", Item={"nr": {"S": "7"}, "what": {"N": "12"}})
    assert region.commits == [("7", "12")]


def test_our_endpoints_say_what_is_wrong_with_a_request(region: Region) -> None:
    status, body = region.post("/drill/tables", {"orders": {"key": "nr"}})
    assert (status, "orders" in body["error"]) == (400, True)
    assert region.post("/drill/nonsense")[0] == 404
    assert region.post("/drill/reset", method="GET")[0] == 405
    assert region.post("/drill/data-plane", {"admin": ["127.0.0.1", 1]})[0] == 404  # the control plane's alone
    assert region.post("/drill/health", method="GET") == (200, {"region": "us-west-2", "patched": True})


def test_creating_a_table_twice_or_reading_a_missing_one_is_told_by_name(region: Region) -> None:
    with pytest.raises(WorldError, match="table items was not created"):
        create_tables(region.db, [NewTable("items", "id")])
    with pytest.raises(WorldError, match="table nothing was not read"):
        scan_values(region.db, "nothing", "id", "value")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"lisen": 1}, "lisen: unknown key; allowed"),
        ({"region": ""}, "region: .*at least 1 character"),
        ({"listen": ["127.0.0.1"]}, "listen: an address is"),
        ({"role": "king"}, "role: .*'region' or 'control-plane'.*king"),
        ({"tables": {"items": {"key": "id"}}}, r"tables\.items\.value: is missing"),
        ({"wrap": "no.such.module:thing"}, "is no MODULE:FUNCTION"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_reason(
    servers: ForkServer, tmp_path: Path, change: dict[str, Any], text: str
) -> None:
    with pytest.raises(ProcessError, match=text):
        Region(servers, "us-east-1", tmp_path, **change)


WRAPPER = """
def truthful(app, data_plane):
    def wrapped(environ, start_response):
        if environ["PATH_INFO"] == "/where":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [repr(data_plane()).encode()]
        return app(environ, start_response)
    return wrapped
"""


def test_the_control_plane_is_wrapped_and_learns_where_the_data_plane_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wrapper_for_test.py").write_text(WRAPPER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with ForkServer([MODULE], tmp_path / "logs") as servers:
        plane = Region(servers, "us-east-1", tmp_path, role="control-plane", wrap="wrapper_for_test:truthful")
        assert where(plane) == "None"
        assert plane.post("/drill/data-plane", {"admin": ["127.0.0.1", 8053]}) == (200, {})
        assert where(plane) == "('127.0.0.1', 8053)"
        assert plane.post("/drill/data-plane", {"admin": "nowhere"})[0] == 400
        route53 = plane.clients.client("route53")
        route53.create_hosted_zone(Name="example.com", CallerReference="1")
        assert [zone["Name"] for zone in route53.list_hosted_zones()["HostedZones"]] == ["example.com."]
        route53.close()
        plane.db.close()


def test_the_control_plane_speaks_route_53_and_does_not_make_up_a_health_status(
    servers: ForkServer, tmp_path: Path
) -> None:
    wrap = "harness.parts.steering.route53.control_plane:truthful"
    plane = Region(servers, "us-east-1", tmp_path, role="control-plane", wrap=wrap)
    route53 = plane.clients.client("route53")
    check = route53.create_health_check(
        CallerReference="1", HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
    )
    with pytest.raises(ClientError, match="InternalFailure"):  # moto alone says "Success", whatever is true
        route53.get_health_check_status(HealthCheckId=check["HealthCheck"]["Id"])
    for client in (route53, plane.db):
        client.close()
    stop_all([plane.process])


def test_a_region_can_be_run_by_hand(tmp_path: Path) -> None:
    config = json.dumps({"region": "us-east-1", "listen": ["127.0.0.1", 0]})
    command = [sys.executable, "-m", MODULE.removesuffix(".server"), "--config", config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        host, port = json.loads(process.stdout.readline())["listen"]
        connection = http.client.HTTPConnection(host, port, timeout=5)
        assert raw_call(connection, "ListTables", {}) == (200, {"TableNames": []})
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
        connection.close()
    wrong = subprocess.run([*command[:-1], "{}"], capture_output=True, text=True, timeout=30, check=False)
    assert (wrong.returncode, "region: is missing" in wrong.stderr) == (3, True)


def where(plane: Region) -> str:
    connection = http.client.HTTPConnection(*plane.address, timeout=5)
    try:
        connection.request("GET", "/where")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_busy_region_does_not_wait_for_its_callers_to_go_away(region: Region) -> None:
    open_connections = [socket.create_connection(region.address, timeout=5) for _ in range(10)]
    region.put("a", "1")
    begin = time.monotonic()
    stop_all([region.process], grace_s=30.0)
    assert time.monotonic() - begin < 10  # 0.1-0.2 s alone on the machine
    assert region.process.returncode == 0
    for sock in open_connections:
        sock.close()


def test_scans_and_transactions_go_on_while_others_write(region: Region) -> None:
    failures: list[BaseException] = []
    ending = threading.Event()

    def write(worker: int) -> None:
        client = region.clients.client("dynamodb")
        number = 0
        try:
            while not ending.is_set():
                key = {"id": {"S": f"{worker}.{number}"}}
                client.put_item(TableName="items", Item=key)
                values = {":v": {"S": "x"}}
                client.update_item(
                    TableName="items", Key=key, UpdateExpression="SET extra = :v", ExpressionAttributeValues=values
                )
                number += 1
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)
        finally:
            client.close()

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(40):
            scan_values(region.db, "items", "id", "value")
    finally:
        ending.set()
        for writer in writers:
            writer.join()
    assert failures == []
