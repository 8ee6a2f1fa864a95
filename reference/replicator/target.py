"""The target's table as the replicator writes it: applies records, parks those that never can be applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reference.dynamo import CallFailed, Client, expire_tombstones
from reference.log import say
from reference.replicator.apply import Delete, Poison, Put, Route, Skip, merge, plan, request
from reference.replicator.parking import Parking
from reference.settings import Settings

WRITERS = 4


class Target:
    """The items of `settings.region`. `client` needs WRITERS connections and is the caller's to close."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._route = Route(settings.items_table, settings.items_key, settings.other_region, settings.region)
        self._parking = Parking(client, settings.items_table)
        self._writers = ThreadPoolExecutor(WRITERS, "apply")

    @property
    def parked(self) -> int:
        """Records that wait in the parking table."""
        return self._parking.count

    def open(self) -> None:
        """Create what is needed beside the items. Raises CallFailed."""
        self._parking.open()
        expire_tombstones(self._client, self._settings)

    def apply(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Apply records, or park those that never can be. Raises CallFailed when the target must be tried again."""
        plans: list[Put | Delete] = []
        origin: dict[int, Mapping[str, Any]] = {}
        for record in records:
            match plan(record, self._route):
                case Skip():
                    continue
                case Poison(why=why):
                    self._park(record, why)
                case Put() | Delete() as entry:
                    plans.append(entry)
                    origin[id(entry)] = record
        groups = merge(plans, self._route)
        for refused in self._writers.map(self._carry_out, groups):
            for entry, why in refused:
                self._park(origin[id(entry)], why)

    def _carry_out(self, group: list[Put | Delete]) -> list[tuple[Put | Delete, str]]:
        refused = []
        for entry in group:
            operation, arguments = request(entry, self._route)
            try:
                self._client.insist(operation, **arguments)
            except CallFailed as failure:
                if failure.poison:
                    refused.append((entry, str(failure)))
                elif not failure.condition_failed:
                    raise
        return refused

    def _park(self, record: Mapping[str, Any], why: str) -> None:
        say("record parked", level="warning", into=self._settings.region, why=why)
        self._parking.park(record, why)

    def replay(self) -> tuple[int, int]:
        """Try the parked records again. Returns how many are settled and how many stay. Raises CallFailed."""

        def apply(record: Mapping[str, Any]) -> str:
            match plan(record, self._route):
                case Skip():
                    return ""
                case Poison(why=why):
                    return why
                case Put() | Delete() as entry:
                    refused = self._carry_out([entry])
                    return refused[0][1] if refused else ""

        settled, stay = self._parking.replay(apply)
        say("parked records tried again", into=self._settings.region, settled=settled, stay=stay)
        return settled, stay

    def close(self) -> None:
        """Give up the threads."""
        self._writers.shutdown(wait=False, cancel_futures=True)
