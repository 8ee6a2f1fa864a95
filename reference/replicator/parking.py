"""Records that the target refused as invalid: kept in a table of their own, and tried again.

A poison record must neither block the records behind it nor be forgotten. It is parked with all that is needed to
apply it, and leaves the table only when the target has taken it, or holds something newer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reference.dynamo import CallFailed, Client, ensure_table
from reference.replicator.record_text import decode, encode

PARKED_KEY = "id"


class Parking:
    """The table of parked records in the target region."""

    def __init__(self, client: Client, items_table: str) -> None:
        self._client = client
        self._table = f"{items_table}-parked"
        self.count = 0

    def open(self) -> None:
        """Create the table if need be, and count what is parked. Raises CallFailed."""
        ensure_table(self._client, self._table, PARKED_KEY)
        self.count = sum(1 for _ in self._entries())

    def park(self, record: Mapping[str, Any], why: str) -> None:
        """Keep a record. Parking it again changes nothing. Raises CallFailed."""
        change = record.get("dynamodb")
        sequence = change.get("SequenceNumber") if isinstance(change, Mapping) else None
        name = str(record.get("eventID") or sequence or encode(record))
        self._client.insist(
            "put_item",
            TableName=self._table,
            Item={PARKED_KEY: {"S": name}, "record": {"S": encode(record)}, "why": {"S": why}},
        )
        self.count += 1

    def replay(self, apply: Callable[[Mapping[str, Any]], str]) -> tuple[int, int]:
        """Try every parked record; `apply` returns what is still wrong with it, empty when it is settled.

        Returns how many are settled and how many stay. Raises CallFailed when the table cannot be reached.
        """
        settled = stay = 0
        for entry in self._entries():
            try:
                why = apply(decode(entry["record"]["S"]))
            except (KeyError, ValueError) as error:
                why = f"unreadable: {error!r}"
            if why:
                stay += 1
                continue
            self._client.insist("delete_item", TableName=self._table, Key={PARKED_KEY: entry[PARKED_KEY]})
            settled += 1
        self.count = stay
        return settled, stay

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            try:
                page = self._client.insist("scan", TableName=self._table, ConsistentRead=True, **start)
            except CallFailed as failure:
                if failure.missing:
                    return
                raise
            yield from page.get("Items", [])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
