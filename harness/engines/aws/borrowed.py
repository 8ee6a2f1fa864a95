"""Leaves a server that is not ours as it was found, also when the harness that used it was killed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.engines.aws import clients
from harness.errors import WorldError
from harness.kit.address import is_here, join_address, split_address
from harness.wire.ask import takes_connections

OURS_FOR_S = 12 * 3600.0
"""So long after a drill has begun, what its tables hold is taken for its own; later it may be anybody's."""


def handle_of(
    region: str, address: tuple[str, int], delete: Sequence[str], empty: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """What `take_away` needs. delete: tables that were not there; empty: the others, with their keys."""
    told = {"delete": list(delete), "empty": {name: list(key) for name, key in empty.items()}}
    at_s = f"{time.time():.0f}"
    return {"region": region, "address": join_address(address), "tables": json.dumps(told), "at_s": at_s}


def take_away(handle: Mapping[str, str]) -> list[str]:
    """Delete the tables that were made, and empty the others; a sentence for each.

    Raises WorldError, also where they hold items so long after the drill that those may be somebody else's by now.
    """
    if (ended := has_ended(handle)) is not None:
        return [ended]
    client = clients.RegionClients(handle["region"], split_address(handle["address"])).client("dynamodb")
    try:
        _refuse_what_may_be_theirs(client, handle)
        return tidy(client, json.loads(handle["tables"]), handle["address"])
    finally:
        client.close()


def _refuse_what_may_be_theirs(client: Any, handle: Mapping[str, str]) -> None:
    at_s, tables = float(handle.get("at_s", "0")), json.loads(handle["tables"])
    if time.time() - at_s <= OURS_FOR_S:
        return
    there = set(clients.table_names(client))
    names = (*tables["delete"], *tables["empty"])
    full = [name for name in names if name in there and clients.holds_items(client, name)]
    if full:
        when = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise WorldError(
            f"{', '.join(full)} at {handle['address']}: a drill that began at {when} was killed, and items that are "
            "there by now may be yours: empty what you do not need, and then `drill heal`"
        )


def has_ended(handle: Mapping[str, str]) -> str | None:
    """That a server of this machine is not there any more, with what it may have kept; None: it is, or is elsewhere.

    Elsewhere, a connection that fails may be the network's doing, and whoever comes later has to try again.
    """
    address = split_address(handle["address"])
    if not is_here(address[0]) or takes_connections(address):
        return None
    tables = json.loads(handle["tables"])
    kept = ", ".join((*tables["delete"], *tables["empty"]))
    return f"nothing takes connections at {handle['address']} any more; if that server kept its data, tidy up {kept}"


def tidy(client: Any, tables: Mapping[str, Any], at: str) -> list[str]:
    """What `take_away` does with a client."""
    there = set(clients.table_names(client))
    gone = [name for name in tables["delete"] if name in there]
    clients.delete_tables(client, gone)
    emptied = [name for name in tables["empty"] if name in there and clients.holds_items(client, name)]
    for name in emptied:
        clients.delete_items(client, name, tables["empty"][name])
    return [f"table {name} at {at} deleted" for name in gone] + [f"table {name} at {at} emptied" for name in emptied]
