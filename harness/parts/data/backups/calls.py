"""The calls themselves: what each of them asks for, answers and refuses (API Reference of Amazon DynamoDB). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.parts.data.backups.values import (
    DAYS,
    DAYS_MAX,
    EXPORT,
    IMPORT,
    INCREMENTAL,
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
    restorable,
)
from harness.units import NS_PER_S, to_s

_ACCOUNT = "123456789012"
_MINUTES_15, _DAY = 15 * 60, 86_400
Done = tuple[State, tuple[Effect, ...]]


def name_of(given: str) -> str:
    """A table's name, of a name or an ARN."""
    return given.rpartition(":table/")[2].partition("/")[0] if given.startswith("arn:") else given


def table_arn(region: str, table: str) -> str:
    """The ARN of a table."""
    return f"arn:aws:dynamodb:{region}:{_ACCOUNT}:table/{table}"


def _numbered(state: State, now_ns: int) -> tuple[State, str]:
    made = replace(state, made=state.made + 1)
    return made, f"{now_ns // 1_000_000:014d}-{made.made:08x}"


def _table(event: Asked) -> Mapping[str, Any]:
    if event.table is None:
        raise Refused("TableNotFoundException", "Table not found")
    return event.table


def _continuous(state: State, event: Asked, now_ns: int) -> Done:
    _table(event)
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
    _table(event)
    name = name_of(event.body["TableName"])
    wanted = event.body["PointInTimeRecoverySpecification"]
    kept = {table: one for table, one in state.continuous.items() if table != name}
    if wanted["PointInTimeRecoveryEnabled"]:
        days = int(wanted.get("RecoveryPeriodInDays", DAYS))
        if not 1 <= days <= DAYS_MAX:
            raise Refused("ValidationException", f"RecoveryPeriodInDays must be 1 to {DAYS_MAX}")
        before = state.continuous.get(name)
        kept[name] = Continuous(now_ns if before is None else before.since_ns, days)  # enabled anew, it begins anew
    state = replace(state, continuous=kept)
    return state, (Reply({"ContinuousBackupsDescription": _described(state, name, now_ns)}),)


def _create_backup(state: State, event: Asked, now_ns: int) -> Done:
    described = _table(event)
    table = name_of(event.body["TableName"])
    state, number = _numbered(state, now_ns)
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
    state, number = _numbered(state, now_ns)
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
    described = _table(event)
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


def _export(state: State, event: Asked, now_ns: int) -> Done:
    body = event.body
    table = name_of(body["TableArn"])
    described = _table(event)
    found = restorable(state, table, now_ns)
    if found is None:
        raise Refused("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for {table}")
    if body.get("ExportFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise Refused("ValidationException", "Only DYNAMODB_JSON is written here")
    begin, at_ns = None, end_of_second(body.get("ExportTime", now_ns / NS_PER_S))
    if body.get("ExportType") == INCREMENTAL:
        wanted = body.get("IncrementalExportSpecification", {})
        begin = int(wanted["ExportFromTime"]) * NS_PER_S
        at_ns = int(wanted.get("ExportToTime", now_ns / NS_PER_S)) * NS_PER_S - 1
        if not found[0] <= begin < at_ns:
            raise Refused("InvalidExportTimeException", "The time to export from is not within point in time recovery")
    if at_ns < found[0] or at_ns > now_ns + NS_PER_S:
        raise Refused("InvalidExportTimeException", "The time to export is not within point in time recovery")
    state, number = _numbered(state, now_ns)
    job = Job(
        f"{table_arn(state.region, table)}/export/{number}", EXPORT, table, number, min(at_ns, now_ns),
        now_ns + state.durations.export_ns, now_ns, described, dict(body), begin,
    )  # fmt: skip
    state = replace(state, jobs={**state.jobs, job.arn: job})
    return state, (Begin(job), Reply({"ExportDescription": _exported(state, job)}))


def _exported(state: State, job: Job) -> dict[str, Any]:
    told = {
        "ExportArn": job.arn, "ExportStatus": job.status, "TableArn": table_arn(state.region, job.table),
        "StartTime": to_s(job.asked_ns), "ExportTime": to_s(job.at_ns), "S3Bucket": job.settings["S3Bucket"],
        "S3Prefix": job.settings.get("S3Prefix", ""), "ExportFormat": "DYNAMODB_JSON",
        "ExportType": job.settings.get("ExportType", "FULL_EXPORT"), "ItemCount": job.items,
    }  # fmt: skip
    if job.status == "COMPLETED":
        prefix = f"{told['S3Prefix']}/" if told["S3Prefix"] else ""
        told["ExportManifest"] = f"{prefix}AWSDynamoDB/{job.target}/manifest-summary.json"
    return told | ({"FailureCode": "Failed", "FailureMessage": job.reason} if job.reason else {})


def _job(state: State, arn: str, kind: str, error: str) -> Job:
    found = state.jobs.get(arn)
    if found is None or found.kind != kind:
        raise Refused(error, f"Not found: {arn}")
    return found


def _describe_export(state: State, event: Asked, now_ns: int) -> Done:
    job = _job(state, event.body["ExportArn"], EXPORT, "ExportNotFoundException")
    return state, (Reply({"ExportDescription": _exported(state, job)}),)


def _list_exports(state: State, event: Asked, now_ns: int) -> Done:
    told = [
        {"ExportArn": job.arn, "ExportStatus": job.status, "ExportType": job.settings.get("ExportType", "FULL_EXPORT")}
        for job in state.jobs.values()
        if job.kind == EXPORT and job.table == name_of(event.body.get("TableArn", job.table))
    ]
    return state, (Reply({"ExportSummaries": told}),)


def _import(state: State, event: Asked, now_ns: int) -> Done:
    wanted = event.body["TableCreationParameters"]
    target = wanted["TableName"]
    if event.target:
        raise Refused("ResourceInUseException", f"Table already exists: {target}")
    if event.body["InputFormat"] != "DYNAMODB_JSON":
        raise Refused("ValidationException", "Only DYNAMODB_JSON is read here")
    state, number = _numbered(state, now_ns)
    job = Job(
        f"{table_arn(state.region, target)}/import/{number}", IMPORT, target, target, now_ns,
        now_ns + state.durations.import_ns, now_ns, dict(wanted), dict(event.body),
    )  # fmt: skip
    state = replace(state, jobs={**state.jobs, job.arn: job})
    return state, (Begin(job), Reply({"ImportTableDescription": _imported(state, job)}))


def _imported(state: State, job: Job) -> dict[str, Any]:
    told = {
        "ImportArn": job.arn, "ImportStatus": job.status, "TableArn": table_arn(state.region, job.target),
        "StartTime": to_s(job.asked_ns), "InputFormat": "DYNAMODB_JSON", "ImportedItemCount": job.items,
        "S3BucketSource": job.settings["S3BucketSource"], "TableCreationParameters": job.described,
    }  # fmt: skip
    return told | ({"FailureCode": "Failed", "FailureMessage": job.reason} if job.reason else {})


def _describe_import(state: State, event: Asked, now_ns: int) -> Done:
    job = _job(state, event.body["ImportArn"], IMPORT, "ImportNotFoundException")
    return state, (Reply({"ImportTableDescription": _imported(state, job)}),)


CALLS: Mapping[str, Callable[[State, Asked, int], Done]] = {
    "DescribeContinuousBackups": _continuous,
    "UpdateContinuousBackups": _set_continuous,
    "CreateBackup": _create_backup,
    "DescribeBackup": _describe_backup,
    "DeleteBackup": _delete_backup,
    "ListBackups": _list_backups,
    "RestoreTableFromBackup": _restore_backup,
    "RestoreTableToPointInTime": _restore_to_point,
    "ExportTableToPointInTime": _export,
    "DescribeExport": _describe_export,
    "ListExports": _list_exports,
    "ImportTable": _import,
    "DescribeImport": _describe_import,
}
