"""The adversary's hand on a region's tables: all of them deleted, through its API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from harness.errors import WorldError
from harness.faults.actions import Action, DeleteTables
from harness.world.region_hand import RegionHand


class DeletionHand(RegionHand):
    """Acts on the tables of one region. client: asked for when it is needed."""

    actions = (DeleteTables,)

    def __init__(self, region: str, client: Callable[[], Any]) -> None:
        super().__init__(region)
        self._client = client

    def _do(self, action: Action) -> str | None:
        from harness.engines.aws.clients import table_names, told

        if not isinstance(action, DeleteTables):
            raise WorldError(f"{action} is nothing that can be done to tables")
        client = self._client()
        for name in table_names(client):
            told(f"table {name} was not deleted", lambda name=name: _delete(client, name))  # type: ignore[misc]
        return None


def _delete(client: Any, table: str) -> None:
    """Nobody waits until it is gone: the subject may make a table of that name again at once."""
    with suppress(client.exceptions.ResourceNotFoundException):
        client.delete_table(TableName=table)
