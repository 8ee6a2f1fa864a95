"""The adversary's hand on one region's database: operations that it refuses."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import WorldError
from harness.faults.actions import Action, AllowOperations, RefuseOperations
from harness.wire.admin_client import AdminClient
from harness.world.region_hand import RegionHand

_GONE = ": 404 "
"""Of the admin port's answer: nothing of that name holds."""


class DatabaseHand(RegionHand):
    """Acts on the operations of one region. admin: asked for when it is needed."""

    actions = (RefuseOperations, AllowOperations)

    def __init__(self, region: str, admin: Callable[[], AdminClient]) -> None:
        super().__init__(region)
        self._admin = admin

    def _do(self, action: Action) -> str | None:
        match action:
            case RefuseOperations(name=name, operations=operations, error=error):
                body = {"name": name, "operations": list(operations), "error": error}
                self._admin().post("/drill/refuse", body)
            case AllowOperations(name=name):
                self._admin().post("/drill/allow", {"name": name})
            case _:
                raise WorldError(f"{action} is nothing that can be done to a database")
        return None

    def _is_missing(self, action: Action, error: WorldError) -> bool:
        return isinstance(action, AllowOperations) and _GONE in str(error)
