"""Backups by real boto3 calls: a table that was corrupted is restored to the second before, and exported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from test_diff_command import drill, refusal
from test_region_seams import MODULE, Region

from harness.engines.aws.clients import NewTable, create_tables
from harness.parts.data.backups.calls import CALLS
from harness.processes.forkserver import ForkServer, stop_all
from harness.units import to_ns
from harness.wire.admin_client import AdminClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

BACKUPS = "harness.parts.data.backups.server"
ROOT = Path(__file__).parents[2]
LATEST_S, TAKES_S = 1.0, 0.5
NAMES = ("latest_restorable_ns", "restore_ns", "backup_ns", "export_ns", "import_ns")


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    with ForkServer([MODULE, BACKUPS], tmp_path) as servers:
        process = servers.spawn("region.us-east-1", MODULE, {"region": "us-east-1", "listen": ["127.0.0.1", 0]})
        durations = dict.fromkeys(NAMES, to_ns(TAKES_S)) | {"latest_restorable_ns": to_ns(LATEST_S)}
        backups = servers.spawn("backups", BACKUPS, {"regions": ["us-east-1"], "durations": durations})
        region = Region(process)
        told = backups.ready(60)
        changes = str(tmp_path / "changes.jsonl")
        region.admin.post("/drill/changes", {"file": changes})
        calls = {f"dynamodb:{name}": told["api.us-east-1"] for name in (*CALLS, "DescribeTable")}
        region.admin.post("/drill/elsewhere", {"calls": calls})
        host, port = told["admin"]
        body = {"servers": {"us-east-1": list(region.address)}, "changes": {"us-east-1": changes}}
        AdminClient("backups", (host, port)).post("/connect", body)
        create_tables(region.db, [NewTable("orders", "id")])
        yield region
        region.db.close()
        stop_all([backups, process])


def until(what: Callable[[], Any], wanted: Any, limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while (found := what()) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def put(region: Region, key: str, value: str) -> None:
    region.db.put_item(TableName="orders", Item={"id": {"S": key}, "v": {"S": value}})


def values(region: Region, table: str) -> dict[str, str]:
    return {item["id"]["S"]: item["v"]["S"] for item in region.db.scan(TableName=table)["Items"]}


def enable(region: Region) -> None:
    specification = {"PointInTimeRecoveryEnabled": True}
    region.db.update_continuous_backups(TableName="orders", PointInTimeRecoverySpecification=specification)


def next_second() -> int:
    """Wait until a second begins; which one."""
    now = time.time()
    time.sleep(1 - now % 1)
    return int(now) + 1


def status(region: Region, table: str) -> str:
    return str(region.db.describe_table(TableName=table)["Table"]["TableStatus"])


def test_a_corrupted_table_is_restored_to_the_second_before(region: Region) -> None:
    enable(region)
    for number in range(60):
        put(region, f"k{number}", "good")
    region.db.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    next_second()  # what was switched on within a second can be restored from the next one on
    bad = next_second()
    for number in range(30):
        put(region, f"k{number}", "corrupted")
    put(region, "late", "lost with the restore")
    with pytest.raises(ClientError, match="InvalidRestoreTimeException"):
        region.db.restore_table_to_point_in_time(
            SourceTableName="orders", TargetTableName="early", RestoreDateTime=bad + 3600
        )

    def latest() -> bool:
        told = region.db.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
        return bool(told["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"].timestamp() >= bad - 1)

    until(latest, True)
    asked = time.monotonic()
    told = region.db.restore_table_to_point_in_time(
        SourceTableName="orders", TargetTableName="restored", RestoreDateTime=bad - 1
    )
    assert told["TableDescription"]["TableStatus"] == "CREATING"
    assert status(region, "restored") == "CREATING"
    until(lambda: status(region, "restored"), "ACTIVE")
    assert time.monotonic() - asked >= TAKES_S
    assert values(region, "restored") == {f"k{number}": "good" for number in range(60)}
    described = region.db.describe_table(TableName="restored")["Table"]
    assert "LatestStreamArn" not in described, "streams are not restored"
    ttl = region.db.describe_time_to_live(TableName="restored")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "DISABLED"
    continuous = region.db.describe_continuous_backups(TableName="restored")["ContinuousBackupsDescription"]
    assert continuous["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"


def test_a_backup_outlives_its_table(region: Region) -> None:
    put(region, "a", "1")
    arn = region.db.create_backup(TableName="orders", BackupName="one")["BackupDetails"]["BackupArn"]
    put(region, "a", "2")
    region.db.delete_table(TableName="orders")
    until(
        lambda: region.db.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"],
        "AVAILABLE",
    )
    region.db.restore_table_from_backup(BackupArn=arn, TargetTableName="orders")
    until(lambda: status(region, "orders"), "ACTIVE")
    assert values(region, "orders") == {"a": "1"}


def test_an_export_is_read_by_drill_diff_and_can_be_imported(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = region.clients.client("s3")
    s3.create_bucket(Bucket="exports")
    enable(region)
    for number in range(40):
        put(region, f"k{number}", "1")
    next_second()
    arn = region.db.describe_table(TableName="orders")["Table"]["TableArn"]

    def export(**more: Any) -> str:
        asked = {"TableArn": arn, "S3Bucket": "exports", "S3Prefix": "p", **more}
        made = region.db.export_table_to_point_in_time(**asked)["ExportDescription"]["ExportArn"]
        until(lambda: region.db.describe_export(ExportArn=made)["ExportDescription"]["ExportStatus"], "COMPLETED")
        return str(made).rpartition("/")[2]

    first = int(time.time())
    full = export(ExportTime=first)
    put(region, "k1", "2")
    region.db.delete_item(TableName="orders", Key={"id": {"S": "k2"}})
    put(region, "new", "1")
    end = next_second()
    specification = {"ExportFromTime": first, "ExportToTime": end}
    later = export(ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification=specification)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="exports"):
        for one in page["Contents"]:
            path = tmp_path / "bucket" / one["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket="exports", Key=one["Key"])["Body"].read())
    folder = tmp_path / "bucket" / "p" / "AWSDynamoDB"
    host, port = region.address
    live = f"us-east-1:orders@http://{host}:{port}"
    code, out, err = drill("diff", live, f"{folder / full}+{folder / later}")
    assert (code, out.splitlines()[-1:]) == (0, ["equal"]), out + err
    code, out, _ = drill("diff", live, str(folder / full))
    assert (code, out.splitlines()[-1]) == (1, "different: 3 keys")
    for name, value in (
        ("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}"), ("AWS_ACCESS_KEY_ID", "drill"),
        ("AWS_SECRET_ACCESS_KEY", "drill"), ("AWS_DEFAULT_REGION", "us-east-1"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    stored = f"s3://exports/p/AWSDynamoDB/{full}"
    code, out, err = drill("diff", f"{stored}+s3://exports/p/AWSDynamoDB/{later}", live)
    assert (code, out.splitlines()[-1:]) == (0, ["equal"]), out + err
    (data,) = (
        one["Key"] for one in s3.list_objects_v2(Bucket="exports", Prefix=f"p/AWSDynamoDB/{full}/data/")["Contents"]
    )
    whole = s3.get_object(Bucket="exports", Key=data)["Body"].read()
    s3.put_object(Bucket="exports", Key=data, Body=whole[:-9])
    assert f"{data}: it cannot be unpacked" in refusal("diff", stored, live)
    s3.put_object(Bucket="exports", Key=data, Body=whole)

    region.db.import_table(
        S3BucketSource={"S3Bucket": "exports", "S3KeyPrefix": f"p/AWSDynamoDB/{full}/data/"},
        InputFormat="DYNAMODB_JSON", InputCompressionType="GZIP",
        TableCreationParameters={
            "TableName": "imported", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    )  # fmt: skip
    until(lambda: "imported" in region.db.list_tables()["TableNames"] and len(values(region, "imported")), 40)
    code, out, _ = drill("diff", live.replace("orders", "imported"), str(folder / full))
    assert (code, out.splitlines()[-1]) == (0, "equal")
    s3.close()


def test_the_part_takes_the_calls_of_every_region_of_its_world(tmp_path: Path) -> None:
    """As a world does it, of the regions' servers and this part alone."""
    from contextlib import ExitStack

    from harness.engines.aws.clients import RegionClients
    from harness.live.ground import LiveGround
    from harness.processes.fork_servers import start_fork_servers
    from harness.topology.load import load_environment, load_subject
    from harness.topology.timing import Profile, Timing
    from harness.world.assembly import build, preloads
    from harness.world.part import Blueprint, Net
    from harness.world.regions import RegionServer

    file = tmp_path / "backed-up.yaml"
    text = (ROOT / "environments" / "embedded.yaml").read_text(encoding="utf-8")
    text = text.replace("../reference", str(ROOT / "reference"))
    file.write_text(text + "\nrecovery: {kind: backups, restore_s: 5, latest_restorable_s: 5}\n", encoding="utf-8")
    environment = load_environment(file)
    blueprint = Blueprint(
        environment, load_subject(ROOT / "reference" / "subject.yaml", environment), Timing(Profile.FAST)
    )
    with ExitStack() as stack:
        wanted = {group: modules for group, modules in preloads(environment).items() if group in ("aws", "net")}
        ground = LiveGround(start_fork_servers(stack, wanted), environment, stack)
        parts = [part for part in build(blueprint) if isinstance(part, RegionServer) or part.name == "backups"]
        for part in parts:
            part.start(ground)
        net = Net(blueprint, parts, [], {}, {}, ground, {part.name: part for part in parts})
        (backups,) = (part for part in parts if part.name == "backups")
        backups.connect(net)
        assert backups.capabilities() == {"backups": True}
        for server in net.of(RegionServer):
            address = net.endpoint(server.name, "api")
            assert address is not None
            db = RegionClients(server.region, address).client("dynamodb")
            create_tables(db, [NewTable("orders", "id")])
            db.put_item(TableName="orders", Item={"id": {"S": "a"}, "v": {"S": "1"}})
            arn = db.create_backup(TableName="orders", BackupName="one")["BackupDetails"]["BackupArn"]
            assert f":{server.region}:" in arn
            db.close()
        for part in parts:
            part.reset()


def test_an_export_is_what_drill_backup_keeps(region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    region.clients.client("s3").create_bucket(Bucket="exports")
    enable(region)
    for number in range(40):
        put(region, f"k{number}", "good")
    next_second()
    next_second()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "drill")
    table = f"us-east-1:orders@http://{region.address[0]}:{region.address[1]}"
    database = f'{{kind: dynamodb, table: "{table}", export: exports}}'
    file = tmp_path / "backup.yaml"
    file.write_text(f"name: data\nrepository: data.git\ndatabases: {{orders: {database}}}\n", encoding="ascii")
    code, out, err = drill("backup", "run", str(file))
    assert (code, err) == (0, ""), out
    put(region, "k1", "corrupted")
    assert drill("restore", str(file), "--yes")[0] == 0
    assert values(region, "orders") == {f"k{number}": "good" for number in range(40)}
