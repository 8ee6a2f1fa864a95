"""The adversary's hand on whoever steers clients: its API, and its health checks."""

from __future__ import annotations

from collections.abc import Sequence

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import (
    Action,
    BlindHealthChecks,
    LoseControlPlane,
    RestoreControlPlane,
    SteeringAction,
    UnblindHealthChecks,
)
from harness.faults.hand import Applied
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
        return [self._timed(action) for action in actions]

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            self._do(action)
        except WorldError as error:
            return Applied(action, start_ns, monotonic_ns(), str(error))
        return Applied(action, start_ns, monotonic_ns())

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
