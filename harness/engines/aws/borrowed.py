"""Leaves a server that is not ours as it was found, also when the harness that used it was killed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.engines.aws import clients
from harness.kit.address import is_here, join_address, split_address
from harness.wire.ask import takes_connections


def handle_of(
    region: str, address: tuple[str, int], delete: Sequence[str], empty: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """What `take_away` needs. delete: tables that were not there; empty: the others, with their keys."""
    told = {"delete": list(delete), "empty": {name: list(key) for name, key in empty.items()}}
    return {"region": region, "address": join_address(address), "tables": json.dumps(told)}


def take_away(handle: Mapping[str, str]) -> list[str]:
    """Delete the tables that were made, and empty the others; a sentence for each. Raises WorldError."""
    if (ended := has_ended(handle)) is not None:
        return [ended]
    client = clients.RegionClients(handle["region"], split_address(handle["address"])).client("dynamodb")
    try:
        return tidy(client, json.loads(handle["tables"]), handle["address"])
    finally:
        client.close()


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
