"""Who carries a fault's actions out: the seam between the adversary, which knows what holds, and whoever can do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.errors import WorldError
from harness.faults.actions import Action
from harness.faults.model import Plan


@dataclass(frozen=True)
class Applied:
    """The result of one action, and when it took effect: somewhere between start_ns and until_ns.

    error None: it was done. Otherwise it may have been done all the same, unless `untouched`: nothing has changed.
    missing: nothing has changed because what it is about is not there, or not broken; that is no failure of an undo.
    kind: the class of error that it is told as.
    """

    action: Action
    start_ns: int
    until_ns: int
    error: str | None = None
    missing: bool = False
    untouched: bool = False
    kind: type[WorldError] = WorldError

    @property
    def may_hold(self) -> bool:
        """Whether there may be something to take back."""
        return self.error is None or not (self.missing or self.untouched)


class Hand(Protocol):
    """Power over one sort of things: links, processes, and whatever a world has besides."""

    def takes(self, action: Action) -> bool:
        """Whether it is the one for this action."""
        ...

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """Carry out actions that it takes, and tell the result of each, in the given order.

        What fails is told and not raised, and keeps no action that mends from being tried.
        """
        ...


@runtime_checkable
class Particular(Protocol):
    """A hand whose way of doing things depends on what it works with."""

    def kinds_used(self, plan: Plan) -> tuple[str, ...]:
        """How it does those parts of a plan that others do differently, e.g. `black_hole: accept-queue`."""
        ...
