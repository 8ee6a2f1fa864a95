"""The adversary's hand on what is stored in a region: values rewritten as by a bad version of the application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness import stored
from harness.errors import WorldError
from harness.faults.actions import Action, CorruptItems
from harness.names import CORRUPTED
from harness.topology.subject import Table
from harness.world.region_hand import RegionHand


class CorruptionHand(RegionHand):
    """Acts on what is stored in one region. client: asked for when it is needed; table: None where there is none."""

    actions = (CorruptItems,)

    def __init__(self, region: str, client: Callable[[], Any], table: Table | None) -> None:
        super().__init__(region)
        self._client = client
        self._table = table

    def _do(self, action: Action) -> str | None:
        from harness.engines.aws.clients import scan_items, told

        if not isinstance(action, CorruptItems):
            raise WorldError(f"{action} is nothing that can be done to what is stored")
        why = "there is no table" if self._table is None else corruptible(self._table)
        if self._table is None or why is not True:
            raise WorldError(f"nothing was corrupted: {why}")
        table, client = self._table, self._client()
        attribute = str(table.value)
        sentinel = {**stored.keyed(table.key, action.sentinel, table.key_types), attribute: bad(action.sentinel)}
        told("the bad version's own item was not written", lambda: client.put_item(TableName=table.name, Item=sentinel))
        for item in spread(_with_text(scan_items(client, table.name), table), action.items):
            told("an item was not corrupted", lambda item=item: _rewrite(client, table, item))  # type: ignore[misc]
        return None


def bad(value: str) -> dict[str, str]:
    """What a bad version makes of a value."""
    return {"S": CORRUPTED + value}


def corruptible(table: Table | None) -> bool | str:
    """Whether the values of a table can be rewritten; why not, in a sentence."""
    if table is not None and isinstance(table.value, str) and "." not in table.value:
        return True
    return "not measurable here: values are corrupted where each is an attribute of its own, and no part of one"


def spread(items: Sequence[stored.Item], count: int) -> list[stored.Item]:
    """So many of them, old ones and new ones alike."""
    wanted = min(count, len(items))
    return [items[number * len(items) // wanted] for number in range(wanted)]


def _with_text(items: Sequence[stored.Item], table: Table) -> list[stored.Item]:
    """Those of the clients that hold a value which is not corrupt yet."""
    value = str(table.value)
    texts = ((item, item.get(value, {}).get("S")) for item in items if stored.key_of(table.key, item) is not None)
    return [item for item, text in texts if text is not None and not text.startswith(CORRUPTED)]


def _rewrite(client: Any, table: Table, item: stored.Item) -> None:
    """Unless somebody has written it since it was read: what is told of what was there must be true."""
    value = str(table.value)
    try:
        client.update_item(
            TableName=table.name,
            Key={name: item[name] for name in stored.key_attributes(table.key)},
            UpdateExpression="SET #value = :bad",
            ConditionExpression="#value = :there",
            ExpressionAttributeNames={"#value": value},
            ExpressionAttributeValues={":bad": bad(str(item[value]["S"])), ":there": item[value]},
        )
    except client.exceptions.ConditionalCheckFailedException:
        return
