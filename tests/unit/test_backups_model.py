"""What backups, restores and exports are answered, and what a table held at a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.parts.data.backups import model
from harness.parts.data.backups.history import History
from harness.parts.data.backups.values import Asked, Begin, Durations, Ended, Job, Reply, State, new_table
from harness.units import NS_PER_S

T0 = 1_800_000_000
MINUTES = 60
DURATIONS = Durations(5 * MINUTES * NS_PER_S, 600 * NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S, 60 * NS_PER_S)
ORDERS: dict[str, Any] = {
    "TableName": "orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "GlobalSecondaryIndexes": [
        {"IndexName": "by", "KeySchema": [], "Projection": {"ProjectionType": "ALL"}, "IndexStatus": "ACTIVE"}
    ],
    "Tags": [{"Key": "a", "Value": "b"}],
}


class Region:
    def __init__(self) -> None:
        self.state = State("us-east-1", DURATIONS)
        self.jobs: list[Job] = []

    def ask(self, at_s: float, operation: str, target: bool = False, table: Any = ORDERS, **body: Any) -> Any:
        self.state, effects = model.step(self.state, Asked(operation, body, table, target), round(at_s * NS_PER_S))
        self.jobs += [effect.job for effect in effects if isinstance(effect, Begin)]
        (reply,) = (effect for effect in effects if isinstance(effect, Reply))
        return reply.error or reply.body

    def enable(self, at_s: float) -> None:
        self.ask(
            at_s, "UpdateContinuousBackups", TableName="orders",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )  # fmt: skip

    def restore(self, at_s: float, **when: Any) -> Any:
        names = {"SourceTableName": "orders", "TargetTableName": "restored"}
        return self.ask(at_s, "RestoreTableToPointInTime", **names, **when)


def test_the_latest_restorable_time_is_five_minutes_back() -> None:
    region = Region()
    assert region.restore(T0, UseLatestRestorableTime=True) == "PointInTimeRecoveryUnavailableException"
    region.enable(T0)
    told = region.ask(T0 + 1000, "DescribeContinuousBackups", TableName="orders")
    recovery = told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert (recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"]) == (T0, T0 + 700)
    assert region.restore(T0 + 1000, RestoreDateTime=T0 + 701) == "InvalidRestoreTimeException"
    assert region.restore(T0 + 1000, RestoreDateTime=T0 - 1) == "InvalidRestoreTimeException"
    assert region.restore(T0 + 1000) == "ValidationException"
    told = region.restore(T0 + 1000, RestoreDateTime=T0 + 700)
    assert told["TableDescription"]["TableStatus"] == "CREATING"
    (job,) = region.jobs
    assert job.at_ns == (T0 + 701) * NS_PER_S - 1, "the whole second is in it"
    assert job.due_ns == (T0 + 1600) * NS_PER_S
    assert region.restore(T0 + 1001, RestoreDateTime=T0 + 700) == "TableAlreadyExistsException"


def test_recovery_that_is_switched_on_again_begins_anew() -> None:
    region = Region()
    region.enable(T0)
    region.enable(T0 + 10)
    off = {"PointInTimeRecoveryEnabled": False}
    region.ask(T0 + 20, "UpdateContinuousBackups", TableName="orders", PointInTimeRecoverySpecification=off)
    region.enable(T0 + 100)
    assert region.restore(T0 + 1000, RestoreDateTime=T0 + 50) == "InvalidRestoreTimeException"


def test_what_is_restored_has_keys_and_indexes_and_no_stream_and_no_tags() -> None:
    assert new_table(ORDERS, "restored") == {
        "TableName": "restored", "KeySchema": ORDERS["KeySchema"], "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": ORDERS["AttributeDefinitions"],
        "GlobalSecondaryIndexes": [{"IndexName": "by", "KeySchema": [], "Projection": {"ProjectionType": "ALL"}}],
    }  # fmt: skip


def test_a_backup_can_be_restored_when_it_is_ready_also_when_its_table_is_gone() -> None:
    region = Region()
    arn = region.ask(T0, "CreateBackup", TableName="orders", BackupName="one")["BackupDetails"]["BackupArn"]
    asked = {"BackupArn": arn, "TargetTableName": "restored"}
    assert region.ask(T0 + 5, "RestoreTableFromBackup", table=None, **asked) == "BackupInUseException"
    assert (
        region.ask(T0 + 10, "RestoreTableFromBackup", table=None, target=True, **asked) == "TableAlreadyExistsException"
    )
    region.ask(T0 + 10, "RestoreTableFromBackup", table=None, **asked)
    assert region.jobs[0].at_ns == T0 * NS_PER_S
    assert len(region.ask(T0 + 11, "ListBackups", table=None)["BackupSummaries"]) == 1
    region.ask(T0 + 12, "DeleteBackup", BackupArn=arn)
    assert region.ask(T0 + 13, "DescribeBackup", BackupArn=arn) == "BackupNotFoundException"
    assert region.ask(T0, "CreateBackup", table=None, TableName="no", BackupName="x") == "TableNotFoundException"


def test_an_export_is_in_progress_until_it_has_ended_well_or_badly() -> None:
    region = Region()
    asked = {"TableArn": "arn:aws:dynamodb:us-east-1:1:table/orders", "S3Bucket": "b", "S3Prefix": "p"}
    assert region.ask(T0, "ExportTableToPointInTime", **asked) == "PointInTimeRecoveryUnavailableException"
    region.enable(T0)
    arn = region.ask(T0 + 60, "ExportTableToPointInTime", **asked)["ExportDescription"]["ExportArn"]

    def told() -> Any:
        return region.ask(T0 + 200, "DescribeExport", ExportArn=arn)["ExportDescription"]

    assert told()["ExportStatus"] == "IN_PROGRESS"
    region.state, _ = model.step(region.state, Ended(arn, 7), (T0 + 120) * NS_PER_S)
    assert (told()["ExportStatus"], told()["ItemCount"]) == ("COMPLETED", 7)
    assert told()["ExportManifest"].startswith("p/AWSDynamoDB/")
    region.state, _ = model.step(region.state, Ended(arn, 0, "no bucket"), (T0 + 120) * NS_PER_S)
    assert (told()["ExportStatus"], told()["FailureMessage"]) == ("FAILED", "no bucket")
    late = {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": {"ExportFromTime": T0 - 5}}
    assert region.ask(T0 + 300, "ExportTableToPointInTime", **asked, **late) == "InvalidExportTimeException"


def history(path: Path, *changes: tuple[float, str, str | None]) -> History:
    state: dict[str, Any] = {}
    lines = []
    for at_s, key, value in changes:
        new = None if value is None else {"id": {"S": key}, "v": {"S": value}}
        at_ns, keys = round(at_s * NS_PER_S), {"id": {"S": key}}
        lines.append({"table": "orders", "wall_ns": at_ns, "keys": keys, "old": state.get(key), "new": new})
        state[key] = new
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = History(path)
    found.take_in()
    return found


def values(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["id"]["S"]: item["v"]["S"] for item in items}


def test_a_table_is_known_at_every_moment(tmp_path: Path) -> None:
    known = history(tmp_path / "c", (1, "a", "1"), (2, "b", "1"), (2.9, "a", "2"), (3, "a", "bad"), (4, "b", None))
    end = NS_PER_S - 1
    assert values(known.at("orders", 2 * NS_PER_S + end)) == {"a": "2", "b": "1"}
    assert values(known.at("orders", 3 * NS_PER_S)) == {"a": "bad", "b": "1"}
    assert values(known.at("orders", 9 * NS_PER_S)) == {"a": "bad"}
    assert known.at("customers", 9 * NS_PER_S) == []


def test_an_incremental_export_tells_each_key_once_and_nothing_of_what_came_and_went(tmp_path: Path) -> None:
    known = history(
        tmp_path / "c",
        (1, "a", "1"),
        (5, "a", "2"),
        (6, "a", "3"),
        (6, "b", "1"),
        (7, "b", None),
        (8, "c", "1"),
        (9, "d", "1"),
    )
    told = {
        one["keys"]["id"]["S"]: (one["old"], one["new"]) for one in known.between("orders", 5 * NS_PER_S, 8 * NS_PER_S)
    }
    assert told.keys() == {"a", "c"}
    assert (told["a"][0]["v"]["S"], told["a"][1]["v"]["S"]) == ("1", "3")
    assert told["c"][0] is None


def test_half_a_line_waits_for_the_rest_and_a_reset_forgets(tmp_path: Path) -> None:
    known = history(tmp_path / "c", (1, "a", "1"))
    line = json.dumps(
        {"table": "orders", "wall_ns": 2, "keys": {"id": {"S": "b"}}, "old": None, "new": {"id": {"S": "b"}}}
    )
    with (tmp_path / "c").open("a") as file:
        file.write(line[:20])
        file.flush()
        known.take_in()
        assert len(known.at("orders", 9 * NS_PER_S)) == 1
        file.write(line[20:] + "\n")
        file.flush()
        known.take_in()
        assert len(known.at("orders", 9 * NS_PER_S)) == 2
        file.write(json.dumps({"seq": 3, "reset": True}) + "\n")
    known.take_in()
    assert known.at("orders", 9 * NS_PER_S) == []


@pytest.mark.parametrize("days", [0, 36])
def test_a_period_that_dynamodb_does_not_have_is_refused(days: int) -> None:
    wanted = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
    told = Region().ask(T0, "UpdateContinuousBackups", TableName="orders", PointInTimeRecoverySpecification=wanted)
    assert told == "ValidationException"
