"""The adversary's hand on what is stored in a region: records that nobody wrote, put there through its API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness import stored
from harness.errors import WorldError
from harness.faults.actions import Action, PutPoison, RemovePoison
from harness.topology.subject import Table
from harness.world.region_hand import RegionHand

_ODD: Mapping[str, Mapping[str, Any]] = {"S": {"M": {"drill": {"NULL": True}}}, "N": {"S": "no number"}}
_ODDER: Mapping[str, Any] = {"L": [{"B": b"\x00\xff"}, {"NS": ["1", "2"]}]}


class PoisonHand(RegionHand):
    """Acts on what is stored in one region. client, table: asked for when they are needed; None: there is no table."""

    actions = (PutPoison, RemovePoison)

    def __init__(self, region: str, client: Callable[[], Any], table: Table | None) -> None:
        super().__init__(region)
        self._client = client
        self._table = table

    def _do(self, action: Action) -> str | None:
        match action:
            case PutPoison(keys=keys):
                self._put(keys)
            case RemovePoison(keys=keys):
                self._remove(keys)
            case _:
                raise WorldError(f"{action} is nothing that can be done to what is stored")
        return None

    def _put(self, keys: Sequence[str]) -> None:
        from harness.engines.aws.clients import told

        table, client = self._written, self._client()

        def put() -> None:
            found = client.scan(TableName=table.name, Limit=1, ConsistentRead=True).get("Items", [])
            for key in keys:
                client.put_item(TableName=table.name, Item=odd_twin(found[0] if found else {}, table, key))

        told("the poison record was not written", put)

    def _remove(self, keys: Sequence[str]) -> None:
        from harness.engines.aws.clients import told

        table, client = self._written, self._client()

        def remove() -> None:
            for key in keys:
                client.delete_item(TableName=table.name, Key=stored.keyed(table.key, key, table.key_types))

        told("the poison record was not removed", remove)

    @property
    def _written(self) -> Table:
        if self._table is None:
            raise WorldError("the subject lists no table that a record could be put into")
        return self._table


def odd_twin(item: Mapping[str, Mapping[str, Any]], table: Table, key: str) -> dict[str, Any]:
    """An item with the attributes of another one, each of a type that nobody expects there, under a key of its own."""
    names = {*item, *stored.value_attributes(table.value)[-1:]} - set(stored.key_attributes(table.key))
    odd = {name: _odd(item.get(name, {"S": ""})) for name in sorted(names)}
    return {**stored.keyed(table.key, key, table.key_types), **odd}


def _odd(value: Mapping[str, Any]) -> Mapping[str, Any]:
    (kind,) = value
    return _ODD.get(kind, _ODDER)
