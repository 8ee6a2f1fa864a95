"""Exports to S3 and imports from it: what is asked for, answered and refused (API Reference of DynamoDB). Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.parts.data.backups.values import (
    EXPORT,
    IMPORT,
    INCREMENTAL,
    Asked,
    Begin,
    Effect,
    Job,
    Refused,
    Reply,
    State,
    end_of_second,
    name_of,
    numbered,
    restorable,
    table_arn,
    table_of,
)
from harness.units import NS_PER_S, to_s

Done = tuple[State, tuple[Effect, ...]]


def begin_export(state: State, event: Asked, now_ns: int) -> Done:
    """ExportTableToPointInTime."""
    body = event.body
    table = name_of(body["TableArn"])
    described = table_of(event)
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
    state, number = numbered(state, now_ns)
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


def describe_export(state: State, event: Asked, now_ns: int) -> Done:
    """DescribeExport."""
    job = _job(state, event.body["ExportArn"], EXPORT, "ExportNotFoundException")
    return state, (Reply({"ExportDescription": _exported(state, job)}),)


def list_exports(state: State, event: Asked, now_ns: int) -> Done:
    """ListExports."""
    told = [
        {"ExportArn": job.arn, "ExportStatus": job.status, "ExportType": job.settings.get("ExportType", "FULL_EXPORT")}
        for job in state.jobs.values()
        if job.kind == EXPORT and job.table == name_of(event.body.get("TableArn", job.table))
    ]
    return state, (Reply({"ExportSummaries": told}),)


def begin_import(state: State, event: Asked, now_ns: int) -> Done:
    """ImportTable."""
    wanted = event.body["TableCreationParameters"]
    target = wanted["TableName"]
    if event.target:
        raise Refused("ResourceInUseException", f"Table already exists: {target}")
    if event.body["InputFormat"] != "DYNAMODB_JSON":
        raise Refused("ValidationException", "Only DYNAMODB_JSON is read here")
    state, number = numbered(state, now_ns)
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


def describe_import(state: State, event: Asked, now_ns: int) -> Done:
    """DescribeImport."""
    job = _job(state, event.body["ImportArn"], IMPORT, "ImportNotFoundException")
    return state, (Reply({"ImportTableDescription": _imported(state, job)}),)
