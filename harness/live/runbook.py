"""What an operator does to restore a table of this world: the region's real API, past every link, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from harness import stored
from harness.clock import monotonic_ns
from harness.drill.backend import PutBack
from harness.errors import WorldError
from harness.names import CORRUPTED
from harness.topology.subject import Subject
from harness.units import NS_PER_S
from harness.world.api_region import ApiRegion
from harness.world.regions import RegionServer

SUFFIX = "-restored"
_SOME = 25
"""After so many items whoever waits may have a say."""


def ahead_ns() -> int:
    """By how much the clock that DynamoDB tells times by is ahead of this world's own."""
    return time.time_ns() - monotonic_ns()


class TableRunbook:
    """See harness.drill.backend.Runbook: of the table that clients write. meanwhile: called now and then.

    Raises WorldError where there is no such table, or no API to restore it by.
    """

    def __init__(self, server: RegionServer, subject: Subject, meanwhile: Callable[[], None]) -> None:
        table = subject.judged_table
        if table is None or not isinstance(server, ApiRegion):
            raise WorldError(f"nothing can be restored in {server.region}: no table, or no API to do it by")
        self.table = table.name
        self._table, self._client, self._meanwhile = table, server.dynamodb(), meanwhile
        self._target = f"{table.name}{SUFFIX}"

    def protect(self) -> None:
        """See Runbook."""
        wanted = {"PointInTimeRecoveryEnabled": True}
        self._told(
            "point-in-time recovery was not switched on",
            lambda: self._client.update_continuous_backups(
                TableName=self.table, PointInTimeRecoverySpecification=wanted
            ),
        )

    def begin(self, before_ns: int) -> int | None:
        """See Runbook. What took effect up to the end of the second that is asked for is in (granularity of a second:
        Developer Guide, "Point-in-time recovery")."""
        ahead = ahead_ns()
        second = (before_ns + ahead) // NS_PER_S - 1
        told = self._told(
            "nobody said to when it can be restored",
            lambda: self._client.describe_continuous_backups(TableName=self.table),
        )["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if told["PointInTimeRecoveryStatus"] != "ENABLED":
            raise WorldError(f"{self.table} cannot be restored: point-in-time recovery is off")
        if told["LatestRestorableDateTime"].timestamp() < second:
            return None
        self._told(
            "the restore did not begin",
            lambda: self._client.restore_table_to_point_in_time(
                SourceTableName=self.table,
                TargetTableName=self._target,
                RestoreDateTime=datetime.fromtimestamp(second, UTC),
            ),
        )
        return (second + 1) * NS_PER_S - 1 - ahead

    def there(self) -> bool:
        """See Runbook."""
        told = self._told(
            "nobody said how the restore goes", lambda: self._client.describe_table(TableName=self._target)
        )
        return bool(told["Table"]["TableStatus"] == "ACTIVE")

    def put_back(self) -> PutBack:
        """See Runbook. An item that a client writes in between stays: it is replaced only while it is still corrupt."""
        from harness.engines.aws.clients import delete_tables, scan_items

        key, value = self._table.key, str(self._table.value)
        restored = {repr(self._key(item)): item for item in scan_items(self._client, self._target)}
        values: dict[str, str] = {}
        removed: list[str] = []
        live = scan_items(self._client, self.table)
        corrupt = [item for item in live if str(item.get(value, {}).get("S", "")).startswith(CORRUPTED)]
        # What has a good value is put right first; what the restored table does not have waits till then.
        corrupt.sort(key=lambda item: repr(self._key(item)) not in restored)
        for number, item in enumerate(corrupt):
            good = restored.get(repr(self._key(item)))
            if self._replaced(item, good):
                name = stored.key_of(key, item) or ""
                if good is None:
                    removed.append(name)
                else:
                    values[name] = stored.value_of(self._table.value, good) or ""
            if number % _SOME == 0:
                self._meanwhile()
        delete_tables(self._client, [self._target])
        return PutBack(values, tuple(removed))

    def _replaced(self, corrupt: stored.Item, good: stored.Item | None) -> bool:
        """Whether it was, and nobody had written it meanwhile."""
        value = str(self._table.value)
        still: dict[str, Any] = {
            "TableName": self.table, "ConditionExpression": "#value = :corrupt",
            "ExpressionAttributeNames": {"#value": value}, "ExpressionAttributeValues": {":corrupt": corrupt[value]},
        }  # fmt: skip

        def replace() -> bool:
            try:
                if good is None:
                    self._client.delete_item(Key=self._key(corrupt), **still)
                else:
                    self._client.put_item(Item=good, **still)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
            return True

        return bool(self._told("an item was not put back", replace))

    def _key(self, item: stored.Item) -> dict[str, Any]:
        return {name: item[name] for name in stored.key_attributes(self._table.key)}

    @staticmethod
    def _told(what: str, call: Callable[[], Any]) -> Any:
        from harness.engines.aws.clients import told

        return told(what, call)
