"""Carries a job out on the region's own server: makes and fills the restored table, writes or reads an export in S3."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from harness.comparison.canonical import Malformed
from harness.comparison.exports import layout, reader, writer
from harness.comparison.exports.writer import Told
from harness.engines.aws.calls import DYNAMODB, call
from harness.kit.address import Address
from harness.parts.data.backups.history import History
from harness.parts.data.backups.values import EXPORT, RESTORE, Job, new_table, table_arn
from harness.units import NS_PER_S

WRITER = "backups"
_BATCH = 25
_TIMEOUT_S = 30.0


class Region:
    """A region's server, past every link and past what others answer for it."""

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        self._address = address

    def call(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """One call. Raises NoAnswer, CallRefused."""
        return call(self._address, self.name, DYNAMODB, operation, body, _TIMEOUT_S, writer=WRITER)

    def carry_out(self, job: Job, history: History) -> int:
        """Do what a job asks for; how many items. Raises WorldError, InputError, OSError."""
        if job.kind == RESTORE:
            self.call("CreateTable", new_table(job.described, job.target))
            return self._fill(job.target, history.at(job.table, job.at_ns))
        return self._export(job, history) if job.kind == EXPORT else self._import(job)

    def _fill(self, table: str, items: Iterable[Mapping[str, Any]]) -> int:
        count, waiting = 0, iter(items)
        while some := [{"PutRequest": {"Item": item}} for item in islice(waiting, _BATCH)]:
            left: Mapping[str, Any] = {table: some}
            while left:
                left = self.call("BatchWriteItem", {"RequestItems": left}).get("UnprocessedItems") or {}
            count += len(some)
        return count

    def _export(self, job: Job, history: History) -> int:
        from harness.engines.aws.clients import RegionClients, told  # what it imports is large, and seldom needed

        settings = job.settings
        bucket = str(settings["S3Bucket"])
        s3 = RegionClients(self.name, self._address).client("s3")
        at = _time(job.at_ns)
        export = Told(
            table_arn(self.name, job.table), str(job.described.get("TableId", "")), bucket,
            str(settings.get("S3Prefix") or "").strip("/"), job.target, at, _time(job.asked_ns), _time(job.due_ns),
            None if job.begin_ns is None else _time(job.begin_ns),
            str(settings.get("IncrementalExportSpecification", {}).get("ExportViewType") or layout.BOTH_IMAGES),
        )  # fmt: skip

        def put(key: str, content: bytes) -> str:
            answer = told(f"{key} was not written", lambda: s3.put_object(Bucket=bucket, Key=key, Body=content))
            return str(answer["ETag"]).strip('"')

        try:
            writer.begin(export, put)
            if job.begin_ns is None:
                return writer.write_full(export, history.at(job.table, job.at_ns), put)
            return writer.write_incremental(export, history.between(job.table, job.begin_ns, job.at_ns), put)
        finally:
            s3.close()

    def _import(self, job: Job) -> int:
        """Into a new table, from every object under a prefix, packed by gzip or not; manifests are not data."""
        from harness.engines.aws.clients import RegionClients

        self.call("CreateTable", job.described)
        source = job.settings["S3BucketSource"]
        s3 = RegionClients(self.name, self._address).client("s3")
        try:
            return self._fill(job.target, _stored_items(s3, source["S3Bucket"], source.get("S3KeyPrefix") or ""))
        finally:
            s3.close()


def _stored_items(s3: Any, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    from harness.engines.aws.clients import told

    pages = told(
        f"bucket {bucket} was not listed",
        lambda: list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)),
    )
    for key in (one["Key"] for page in pages for one in page.get("Contents", ())):
        if not key.endswith((".json", ".json.gz", ".gz")) or "manifest-" in key:
            continue
        content = told(f"{key} was not read", lambda key=key: s3.get_object(Bucket=bucket, Key=key)["Body"].read())  # type: ignore[misc]
        lines = (gzip.decompress(content) if key.endswith(".gz") else content).splitlines()
        for number, line in enumerate(lines, 1):
            try:
                _, item = reader.changed(layout.FULL, line)
            except Malformed as error:
                raise ValueError(f"{key}:{number}: {error}") from error
            if item is not None:
                yield item


def _time(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns / NS_PER_S, UTC)
