"""A DynamoDB table: as an export to S3 tells it, or read page by page; restored by the writes that make it the same.

table.json       keys, indexes, billing, stream and expiry: what CreateTable needs again
data/HEX.json    a line {"Item": {...}} for each item, as exports have them and imports from S3 take them, unpacked,
                 since Git packs; in 16 files by a hash of the key, so that one change is a small change
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.archive.pieces.piece import Difference, File, Gathered, Kept
from harness.comparison import by_python
from harness.comparison.differences import CHANGED, ONLY_LEFT, ONLY_RIGHT
from harness.comparison.exports import writer
from harness.comparison.exports.storage import Bucket
from harness.comparison.exports.writer import Told
from harness.comparison.live import Calls, LiveTable, Pace, named
from harness.comparison.records import Record, Shape
from harness.comparison.result import Result
from harness.comparison.sources import ExportSource, Source, export_source
from harness.errors import InputError, WorldError
from harness.reconciliation.applying import apply
from harness.reconciliation.deciding import A, policy_of
from harness.reconciliation.plan import write_plan
from harness.storable_text import json_text

TABLE, _DATA = "table.json", "data/"
_KEPT = ("KeySchema", "AttributeDefinitions", "StreamSpecification")
_LOOKS, _LOOK_S = 1_200, 0.5
_ABSENT = "ResourceNotFoundException"


@dataclass(frozen=True)
class DynamoDB:
    """table: REGION:TABLE, REGION:TABLE@ENDPOINT or an ARN; export: a bucket, where exports are used."""

    name: str
    table: str
    export: str | None = None
    read_share: float = 0.5
    kind: str = "dynamodb"

    @property
    def target(self) -> str:
        """See Piece."""
        return self.table

    def aimed(self, target: str) -> DynamoDB:
        """See Piece."""
        return replace(self, table=target)

    def read(self, before: Kept | None) -> Gathered:
        """See Piece."""
        with self._table() as (calls, described):
            if described is None:
                raise InputError(f"{self.table}: there is no such table")
            expiry = calls.call("DescribeTimeToLive", {"TableName": described["TableName"]})
            held = {TABLE: File((json_text(_definition(described, expiry), indent=1) + "\n").encode("utf-8"))}
            table = LiveTable(self.table, calls, described["TableName"], Pace(self.read_share, consistent=True))
            source: Source = table if self.export is None else self._exported(calls, described)
            rows = sorted(
                one for one in source.read(Shape(table.names or ()), None) if isinstance(one, Record) and one.text
            )
        found: dict[str, list[str]] = {}
        for row in {row.place: row for row in rows}.values():
            found.setdefault(row.place[0], []).append(f'{{"Item":{row.text}}}\n')
        for digit, lines in found.items():
            held[f"{_DATA}{digit}.json"] = File("".join(lines).encode("ascii"))
        return Gathered(held, {"table": described["TableName"], "items": sum(map(len, found.values()))})

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece. Told by key."""
        with self._table() as (calls, described):
            if described is None:
                return Difference((f"the table, with {sum(1 for _ in _lines(kept))} items",))
            wanted = json.loads(kept.content(TABLE))
            if wanted["KeySchema"] != described["KeySchema"]:
                raise InputError(f"{self.table}: its key is another one than in the backup; restore to another table")
            table = LiveTable(self.table, calls, described["TableName"], Pace(1.0, consistent=True))
            with self._compared(kept, table) as result:
                sorted_ = {kind: [one.key for one in result.differences() if one.kind == kind] for kind in _KINDS}
                return Difference(*(sorted_[kind] for kind in _KINDS))

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece. Each write only where the table is still as it was compared."""
        with self._table() as (calls, described):
            if described is None:
                self._create(calls, kept)
                described = calls.call("DescribeTable", {"TableName": self._name})["Table"]
            table = LiveTable(self.table, calls, described["TableName"], Pace(1.0, consistent=True))
            with self._compared(kept, table) as result, tempfile.TemporaryDirectory(prefix="drill-restore-") as folder:
                plan = write_plan(
                    Path(folder) / "plan",
                    ("the backup", self.table),
                    table.names or (),
                    policy_of(A),
                    result.differences(),
                )
                apply(plan, {"B": table}, lambda done: None)

    @property
    def _name(self) -> str:
        found = named(self.table)
        assert found is not None
        return found[1]

    @contextmanager
    def _table(self) -> Iterator[tuple[Calls, dict[str, Any] | None]]:
        """Calls to the table's region, and what describes it; None where it is not there."""
        found = named(self.table)
        if found is None:
            raise InputError(f"{self.table} names no table: it is REGION:TABLE, REGION:TABLE@ENDPOINT or an ARN")
        region, name, endpoint = found
        calls = Calls(region, endpoint)
        try:
            yield calls, _described(calls, name)
        finally:
            calls.close()

    def _exported(self, calls: Calls, described: dict[str, Any]) -> ExportSource:
        """The table as it was at one moment, from an export that is made now."""
        asked = {"TableArn": described["TableArn"], "S3Bucket": self.export, "ExportFormat": "DYNAMODB_JSON"}
        told = calls.call("ExportTableToPointInTime", asked)["ExportDescription"]
        for _ in range(_LOOKS):
            if told["ExportStatus"] != "IN_PROGRESS":
                break
            time.sleep(_LOOK_S)
            told = calls.call("DescribeExport", {"ExportArn": told["ExportArn"]})["ExportDescription"]
        if told["ExportStatus"] != "COMPLETED":
            raise WorldError(f"{self.table}: its export is {told['ExportStatus']}: {told.get('FailureMessage', '')}")
        found = named(self.table)
        assert found is not None
        assert self.export is not None
        key = str(told["ExportManifest"]).rpartition("/")[0]
        return _exported(Bucket(self.export, key, found[2], found[0]))

    def _create(self, calls: Calls, kept: Kept) -> None:
        wanted = json.loads(kept.content(TABLE))
        expiry = wanted.pop("TimeToLiveAttribute", None)
        calls.call("CreateTable", {"TableName": self._name, **wanted})
        for _ in range(_LOOKS):
            if (_described(calls, self._name) or {}).get("TableStatus") == "ACTIVE":
                break
            time.sleep(_LOOK_S)
        else:
            raise WorldError(f"{self.table}: it was created, and is not active yet")
        if expiry is not None:
            told = {"Enabled": True, "AttributeName": expiry}
            calls.call("UpdateTimeToLive", {"TableName": self._name, "TimeToLiveSpecification": told})

    @contextmanager
    def _compared(self, kept: Kept, table: LiveTable) -> Iterator[Result]:
        """The backup, written as the export that it was, is side A; the table is side B."""
        with tempfile.TemporaryDirectory(prefix="drill-restore-") as name:
            folder = Path(name)
            moment = datetime.now(UTC)
            told = Told(f"arn:aws:dynamodb:::table/{self._name}", "", "", "", "backup", moment, moment, moment)
            writer.write_lines(told, _lines(kept), writer.into(folder))
            sides: list[Source] = [export_source(str(folder / told.folder)), table]
            yield by_python.compare(sides, Shape(table.names or ()), folder / "work", _Nobody())


_KINDS = (ONLY_LEFT, CHANGED, ONLY_RIGHT)


class _Nobody:
    """Hears how far a comparison is, and tells nobody."""

    def reading(self, side: str, items: int, of: int) -> None:
        """See by_python.Watcher."""

    def comparing(self, done: int, of: int) -> None:
        """See by_python.Watcher."""


def _exported(bucket: Bucket) -> ExportSource:
    from harness.comparison.exports import reader

    return ExportSource(bucket.name, [reader.opened(bucket)])


def _lines(kept: Kept) -> Iterator[bytes]:
    for name in kept.sums:
        if name.startswith(_DATA):
            yield from kept.content(name).splitlines(keepends=True)


def _described(calls: Calls, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = calls.call("DescribeTable", {"TableName": name})["Table"]
    except InputError as error:
        if _ABSENT in str(error):
            return None
        raise
    return found


def _definition(described: dict[str, Any], expiry: dict[str, Any]) -> dict[str, Any]:
    """What CreateTable takes to make such a table."""
    made = {name: described[name] for name in _KEPT if described.get(name)}
    mode = (described.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    made["BillingMode"] = mode
    if mode == "PROVISIONED":
        made["ProvisionedThroughput"] = _throughput(described)
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if described.get(kind):
            made[kind] = [_index(one, mode, kind) for one in sorted(described[kind], key=lambda one: one["IndexName"])]
    told = expiry.get("TimeToLiveDescription") or {}
    if told.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"):
        made["TimeToLiveAttribute"] = told["AttributeName"]
    return made


def _index(told: dict[str, Any], mode: str, kind: str) -> dict[str, Any]:
    made = {name: told[name] for name in ("IndexName", "KeySchema", "Projection")}
    if mode == "PROVISIONED" and kind == "GlobalSecondaryIndexes":
        made["ProvisionedThroughput"] = _throughput(told)
    return made


def _throughput(told: dict[str, Any]) -> dict[str, int]:
    given = told.get("ProvisionedThroughput") or {}
    return {name: max(1, int(given.get(name) or 0)) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
