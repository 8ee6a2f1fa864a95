"""What most hands do with a fault's actions: carry out one after the other, and note when each took effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action
from harness.faults.hand import Applied


def one_by_one(actions: Sequence[Action], do: Callable[[Action], str | None]) -> list[Applied]:
    """The results of `Hand.apply`. do: carries one out, and says why there was nothing to do, if so; raises WorldError
    when it failed, which is told and keeps no other from being tried."""
    return [_timed(action, do) for action in actions]


def _timed(action: Action, do: Callable[[Action], str | None]) -> Applied:
    start_ns = monotonic_ns()
    try:
        nothing = do(action)
    except WorldError as error:
        return Applied(action, start_ns, monotonic_ns(), str(error))
    return Applied(action, start_ns, monotonic_ns(), nothing, missing=nothing is not None)
