"""The adversary's hand on whoever steers clients: its API, and its health checks."""

from __future__ import annotations

from collections.abc import Sequence

from harness.faults.actions import (
    Action,
    BlindHealthChecks,
    LoseControlPlane,
    RestoreControlPlane,
    SteeringAction,
    UnblindHealthChecks,
)
from harness.faults.hand import Applied
from harness.world.one_by_one import one_by_one
from harness.world.steering import Steering


class SteeringHand:
    """Calls what the seam of steering has for it."""

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, SteeringAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return one_by_one(actions, self._do)

    def _do(self, action: Action) -> None:
        match action:
            case LoseControlPlane(mode=mode):
                self._steering.lose_api(mode)
            case RestoreControlPlane():
                self._steering.restore_api()
            case BlindHealthChecks(mode=mode):
                self._steering.blind(mode)
            case UnblindHealthChecks():
                self._steering.unblind()
