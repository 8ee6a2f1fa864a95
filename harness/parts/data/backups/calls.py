"""The calls themselves: what each of them asks for, answers and refuses (API Reference of Amazon DynamoDB). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.parts.data.backups import transfers
from harness.parts.data.backups.values import (
    DAYS,
    DAYS_MAX,
    RESTORE,
    Asked,
    Backup,
    Begin,
    Continuous,
    Effect,
    Job,
    Refused,
    Reply,
    State,
    end_of_second,
    made_of,
    name_of,
    numbered,
    restorable,
    table_arn,
    table_of,
)
from harness.units import NS_PER_S, to_s

Done = tuple[State, tuple[Effect, ...]]


def _continuous(state: State, event: Asked, now_ns: int) -> Done:
    table_of(event)
    return state, (Reply({"ContinuousBackupsDescription": _described(state, event.body["TableName"], now_ns)}),)


def _described(state: State, given: str, now_ns: int) -> dict[str, Any]:
    name = name_of(given)
    found = restorable(state, name, now_ns)
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED" if found is None else "ENABLED"}
    if found is not None:
        earliest, latest = found
        recovery["RecoveryPeriodInDays"] = state.continuous[name].days
        recovery["EarliestRestorableDateTime"] = to_s(earliest)
        recovery["LatestRestorableDateTime"] = to_s(max(earliest, latest))
    return {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}


def _set_continuous(state: State, event: Asked, now_ns: int) -> Done:
    described = table_of(event)
    name = name_of(event.body["TableName"])
    wanted = event.body["PointInTimeRecoverySpecification"]
    kept = {table: one for table, one in state.continuous.items() if table != name}
    if wanted["PointInTimeRecoveryEnabled"]:
        days = int(wanted.get("RecoveryPeriodInDays", DAYS))
        if not 1 <= days <= DAYS_MAX:
            raise Refused("ValidationException", f"RecoveryPeriodInDays must be 1 to {DAYS_MAX}")
        before = state.continuous.get(name)
        since_ns = now_ns if before is None else before.since_ns  # enabled anew, it begins anew
        kept[name] = Continuous(since_ns, days, made_of(described))
    state = replace(state, continuous=kept)
    return state, (Reply({"ContinuousBackupsDescription": _described(state, name, now_ns)}),)


def _create_backup(state: State, event: Asked, now_ns: int) -> Done:
    described = table_of(event)
    table = name_of(event.body["TableName"])
    state, number = numbered(state, now_ns)
    arn = f"{table_arn(state.region, table)}/backup/{number}"
    made = Backup(arn, event.body["BackupName"], table, described, now_ns, now_ns + state.durations.backup_ns)
    state = replace(state, backups={**state.backups, arn: made})
    return state, (Reply({"BackupDetails": _details(made, now_ns)}),)


def _details(backup: Backup, now_ns: int) -> dict[str, Any]:
    return {
        "BackupArn": backup.arn, "BackupName": backup.name, "BackupType": "USER",
        "BackupStatus": "AVAILABLE" if now_ns >= backup.ready_ns else "CREATING",
        "BackupCreationDateTime": to_s(backup.at_ns), "BackupSizeBytes": 0,
    }  # fmt: skip


def _backup(state: State, event: Asked) -> Backup:
    found = state.backups.get(event.body["BackupArn"])
    if found is None:
        raise Refused("BackupNotFoundException", f"Backup not found: {event.body['BackupArn']}")
    return found


def _description(state: State, found: Backup, now_ns: int) -> dict[str, Any]:
    described = found.described
    source = {
        "TableName": found.table, "TableArn": table_arn(state.region, found.table),
        "TableId": described.get("TableId", "0" * 8), "KeySchema": described["KeySchema"],
        "TableCreationDateTime": described.get("CreationDateTime", 0),
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    }  # fmt: skip
    return {"BackupDetails": _details(found, now_ns), "SourceTableDetails": source}


def _describe_backup(state: State, event: Asked, now_ns: int) -> Done:
    return state, (Reply({"BackupDescription": _description(state, _backup(state, event), now_ns)}),)


def _delete_backup(state: State, event: Asked, now_ns: int) -> Done:
    found = _backup(state, event)
    told = _description(state, found, now_ns)
    told["BackupDetails"]["BackupStatus"] = "DELETED"
    left = {arn: one for arn, one in state.backups.items() if arn != found.arn}
    return replace(state, backups=left), (Reply({"BackupDescription": told}),)


def _list_backups(state: State, event: Asked, now_ns: int) -> Done:
    wanted = name_of(event.body.get("TableName", ""))
    told = [
        {"TableName": one.table, "TableArn": table_arn(state.region, one.table), **_details(one, now_ns)}
        for one in state.backups.values()
        if not wanted or one.table == wanted
    ]
    return state, (Reply({"BackupSummaries": told}),)


def _restore(state: State, event: Asked, now_ns: int, table: str, described: Mapping[str, Any], at_ns: int) -> Done:
    target = event.body["TargetTableName"]
    if event.target or any(job.target == target and _runs(job) and job.kind == RESTORE for job in state.jobs.values()):
        raise Refused("TableAlreadyExistsException", f"Table already exists: {target}")
    state, number = numbered(state, now_ns)
    job = Job(
        f"{table_arn(state.region, target)}/restore/{number}", RESTORE, table, target, at_ns,
        now_ns + state.durations.restore_ns, now_ns, described, {"by": event.body.get("BackupArn", "")},
    )  # fmt: skip
    state = replace(state, jobs={**state.jobs, job.arn: job})
    return state, (Begin(job), Reply({"TableDescription": restoring(state, job)}))


def restoring(state: State, job: Job) -> dict[str, Any]:
    """What DescribeTable says of a table that is being restored."""
    told = {name: job.described[name] for name in ("AttributeDefinitions", "KeySchema") if name in job.described}
    summary: dict[str, Any] = {
        "SourceTableArn": table_arn(state.region, job.table), "RestoreDateTime": to_s(job.at_ns),
        "RestoreInProgress": _runs(job),
    }  # fmt: skip
    if job.settings.get("by"):
        summary["SourceBackupArn"] = job.settings["by"]
    return told | {
        "TableName": job.target, "TableArn": table_arn(state.region, job.target), "TableStatus": "CREATING",
        "CreationDateTime": to_s(job.asked_ns), "RestoreSummary": summary,
    }  # fmt: skip


def _runs(job: Job) -> bool:
    return job.status == "IN_PROGRESS"


def _restore_backup(state: State, event: Asked, now_ns: int) -> Done:
    found = _backup(state, event)
    if now_ns < found.ready_ns:
        raise Refused("BackupInUseException", "The backup is still being made")
    return _restore(state, event, now_ns, found.table, found.described, found.at_ns)


def _restore_to_point(state: State, event: Asked, now_ns: int) -> Done:
    body = event.body
    source = name_of(body.get("SourceTableName") or body.get("SourceTableArn") or "")
    described = table_of(event)
    found = restorable(state, source, now_ns)
    if found is None:
        raise Refused("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for {source}")
    earliest, latest = found
    if bool(body.get("UseLatestRestorableTime")) == ("RestoreDateTime" in body):
        raise Refused("ValidationException", "Either RestoreDateTime or UseLatestRestorableTime must be given")
    wanted = int(body.get("RestoreDateTime", latest // NS_PER_S))
    if not earliest <= wanted * NS_PER_S <= latest:
        text = f"Provided restore time {wanted} is not between {earliest // NS_PER_S} and {latest // NS_PER_S}"
        raise Refused("InvalidRestoreTimeException", text)
    return _restore(state, event, now_ns, source, described, end_of_second(wanted))


CALLS: Mapping[str, Callable[[State, Asked, int], Done]] = {
    "DescribeContinuousBackups": _continuous,
    "UpdateContinuousBackups": _set_continuous,
    "CreateBackup": _create_backup,
    "DescribeBackup": _describe_backup,
    "DeleteBackup": _delete_backup,
    "ListBackups": _list_backups,
    "RestoreTableFromBackup": _restore_backup,
    "RestoreTableToPointInTime": _restore_to_point,
    "ExportTableToPointInTime": transfers.begin_export,
    "DescribeExport": transfers.describe_export,
    "ListExports": transfers.list_exports,
    "ImportTable": transfers.begin_import,
    "DescribeImport": transfers.describe_import,
}
