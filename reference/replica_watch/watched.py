"""The replica of this region as the watch sees it: waits until it shows what the other region's stream tells.

In the place of a replicator's target (reference/replicator/target.py), so that the rest is the same: the position in
the stream, the report of having caught up, the drain before a handover. Nothing is written but those reports.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from reference.dynamo import CallFailed, Client, expire_tombstones
from reference.replica_watch import arrival
from reference.replicator.apply import Delete, Put, Route
from reference.settings import NS_PER_S, Settings

LOOK_AGAIN_S = 0.05
NOT_THERE = "NotReplicatedYet"


class Watched:
    """`client`: of this region; the caller's to close."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._route = Route(settings.items_table, settings.items_key, settings.other_region, settings.region)
        # Half of what makes a report too old: whoever waits for replication still says so in time.
        self._patience_s = settings.stale_after_ns / NS_PER_S / 2

    @property
    def parked(self) -> int:
        """Nothing is ever parked: the service replicates whatever it takes."""
        return 0

    def open(self) -> None:
        """Tombstones have a time to live; set in one region, it holds in all. Raises CallFailed."""
        expire_tombstones(self._client, self._settings)

    def apply(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Wait until the replica shows these records. Raises CallFailed if it does not for long, or cannot be read."""
        until = time.monotonic() + self._patience_s
        left = arrival.wanted(records, self._route)
        while left := self._missing(left):
            if time.monotonic() > until:
                raise CallFailed(
                    "batch_get_item", self._settings.region, NOT_THERE,
                    f"{len(left)} changes of {self._settings.other_region} are not here", transient=False,
                )  # fmt: skip
            time.sleep(LOOK_AGAIN_S)

    def _missing(self, entries: list[Put | Delete]) -> list[Put | Delete]:
        found: list[Put | Delete] = []
        for start in range(0, len(entries), arrival.MOST_KEYS):
            some = entries[start : start + arrival.MOST_KEYS]
            reply = self._client.insist("batch_get_item", **arrival.request(some, self._route))
            if reply.get("UnprocessedKeys"):
                found += some
                continue
            found += arrival.missing(some, reply.get("Responses", {}).get(self._route.table, []), self._route)
        return found

    def replay(self) -> tuple[int, int]:
        """Nothing is parked."""
        return 0, 0

    def close(self) -> None:
        """Nothing to give up."""
