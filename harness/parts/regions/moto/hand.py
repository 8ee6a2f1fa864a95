"""The adversary's hand on one region's database: operations that it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action, AllowOperations, RefuseOperations
from harness.faults.hand import Applied
from harness.wire.admin_client import AdminClient

_GONE = ": 404 "
"""Of the admin port's answer: nothing of that name holds."""


class DatabaseHand:
    """Acts on one region past every link. admin: asked for when it is needed."""

    def __init__(self, region: str, admin: Callable[[], AdminClient]) -> None:
        self._region = region
        self._admin = admin

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, RefuseOperations | AllowOperations) and action.database == self._region

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._timed(action) for action in actions]

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            self._do(action)
        except WorldError as error:
            missing = isinstance(action, AllowOperations) and _GONE in str(error)
            return Applied(action, start_ns, monotonic_ns(), f"{self._region}: {error}", missing)
        return Applied(action, start_ns, monotonic_ns())

    def _do(self, action: Action) -> None:
        match action:
            case RefuseOperations(name=name, operations=operations, error=error):
                body = {"name": name, "operations": list(operations), "error": error}
                self._admin().post("/drill/refuse", body)
            case AllowOperations(name=name):
                self._admin().post("/drill/allow", {"name": name})
            case _:
                raise WorldError(f"{action} is nothing that can be done to a database")
