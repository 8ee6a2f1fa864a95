"""Whether a replica shows what a record of the other region's stream tells: pure.

A global table orders nothing between items, so that the newest item says nothing about the others, and no metric says
that everything is there: each record is looked for by itself. A record is there when the replica shows its version or
a later one. One that lost to a later write is there, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reference.replicator.apply import Delete, Item, Put, Route, plan, version_of

MOST_KEYS = 100
"""Of one BatchGetItem (Amazon DynamoDB API Reference)."""


def wanted(records: Iterable[Mapping[str, Any]], route: Route) -> list[Put | Delete]:
    """What must be there, of each item the latest. What came from this region, or cannot be read, is not waited for."""
    latest: dict[str, Put | Delete] = {}
    for record in records:
        entry = plan(record, route)
        if isinstance(entry, Put | Delete):
            latest[repr(_key(entry, route))] = entry
    return list(latest.values())


def missing(entries: Iterable[Put | Delete], shown: Iterable[Item], route: Route) -> list[Put | Delete]:
    """Those that the replica does not show yet. shown: the items of all their keys, as far as there are any."""
    held = {repr({route.key: item[route.key]}): item for item in shown}
    return [entry for entry in entries if not _is_there(entry, held.get(repr(_key(entry, route))))]


def request(entries: Iterable[Put | Delete], route: Route) -> dict[str, Any]:
    """BatchGetItem of their keys, of which there are MOST_KEYS at most."""
    keys = [_key(entry, route) for entry in entries]
    return {"RequestItems": {route.table: {"Keys": keys, "ConsistentRead": True}}}


def _key(entry: Put | Delete, route: Route) -> Mapping[str, Any]:
    return {route.key: entry.item[route.key] if isinstance(entry, Put) else entry.key[route.key]}


def _is_there(entry: Put | Delete, item: Item | None) -> bool:
    if item is None:
        return isinstance(entry, Delete)
    try:
        held = version_of(item)
    except ValueError:
        return True
    if held is None or entry.version is None:
        return True  # something else wrote it, which has no order
    return held >= entry.version if isinstance(entry, Put) else held > entry.version
