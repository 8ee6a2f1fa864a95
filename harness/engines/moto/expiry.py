"""Deletes items whose time to live is over, which moto keeps for ever: as the service does, late and by its own name.

Developer Guide, "Using time to live (TTL)": what has expired is deleted within a few days, an attribute that is no
number or lies more than five years back is ignored, and the stream's record names the service (`userIdentity` with
`principalId` dynamodb.amazonaws.com). The time to live is an epoch second of the clock on the wall, which no profile
can compress; how late items are deleted is said by whoever starts the region.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

IGNORED_AFTER_S = 5 * 365 * 86_400
IDENTITY = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
_LOOKS, _LOOK_S, _LOOK_MAX_S = 4, 0.25, 60.0
"""So many looks in the time for which an expired item stays, but no more often and no more rarely than this."""


def is_due(value: Mapping[str, Any] | None, now_s: float, late_s: float) -> bool:
    """Whether an item is deleted now. value: of its time to live, as DynamoDB JSON; late_s: for how long it stays."""
    try:
        at_s = float(Decimal(str((value or {})["N"])))
    except (KeyError, InvalidOperation, OverflowError):
        return False
    return now_s - IGNORED_AFTER_S < at_s <= now_s - late_s


class Expiry:
    """Looks now and then, in a thread of its own. lock: of the region's writes; late_s: see `is_due`."""

    def __init__(self, region: str, lock: threading.RLock, late_s: float) -> None:
        self._region = region
        self._lock = lock
        self._late_s = late_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="expiry", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """The last look is over when this returns."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause_s = min(max(self._late_s / _LOOKS, _LOOK_S), _LOOK_MAX_S)
        while not self._ended.wait(pause_s):
            self.sweep(time.time)

    def sweep(self, now_s: Callable[[], float]) -> None:
        """Delete what is due, one item at a time: the region's writes go on in between."""
        for account in list(dynamodb_backends.values()):
            for table in list(account[self._region].tables.values()):
                if table.ttl.get("TimeToLiveStatus") != "ENABLED":
                    continue
                for item in table.all_items():
                    self._look(table, item, now_s())

    def _look(self, table: Table, item: Item, now_s: float) -> None:
        name = table.ttl["AttributeName"]
        if not _due(item, name, now_s, self._late_s):
            return
        with self._lock:
            now = table.get_item(item.hash_key, item.range_key)
            # Somebody may have written it meanwhile, which moto does in place.
            if now is None or not _due(now, name, now_s, self._late_s):
                return
            table.delete_item(item.hash_key, item.range_key)
            if table.stream_shard is not None:
                table.stream_shard.items[-1].record["userIdentity"] = dict(IDENTITY)


def _due(item: Item, name: str, now_s: float, late_s: float) -> bool:
    found = item.attrs.get(name)
    return found is not None and is_due(found.to_regular_json(), now_s, late_s)
