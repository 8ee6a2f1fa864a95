"""What a subscription's failures come to: it is in order, it fails, its owner is warned, it is removed. Pure.

The rule of removal, and why it is read so, is at the top of `delivery`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.parts.commerce.shopify.delivery import REMOVED_AFTER, WARNED_AFTER


@dataclass(frozen=True, slots=True)
class Standing:
    """removable: it was made by the Admin API, and not by the app's configuration. taken_ns: when something was last
    taken; None: never. failures: attempts in a row, of whichever message, since then."""

    removable: bool = True
    taken_ns: int | None = None
    failures: int = 0
    warned: bool = False
    removed: bool = False

    def silent_since(self, begun_ns: int) -> bool:
        """Whether nothing has been taken from there on."""
        return self.taken_ns is None or self.taken_ns < begun_ns


@dataclass(frozen=True, slots=True)
class Took:
    """The application has taken an attempt."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An attempt has failed. failed: how many retries of its message have, this one included, 0: it was the first
    attempt; begun_ns: when that one was made."""

    failed: int
    begun_ns: int


@dataclass(frozen=True, slots=True)
class Fails:
    """Effect: it has begun to fail."""


@dataclass(frozen=True, slots=True)
class Works:
    """Effect: it is in order again. failures: how many there were."""

    failures: int


@dataclass(frozen=True, slots=True)
class Warn:
    """Effect: a mail to its owner."""

    failures: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Effect: it is deleted."""


Event = Took | Refused
Effect = Fails | Works | Warn | Remove


def step(state: Standing, event: Event, now_ns: int) -> tuple[Standing, tuple[Effect, ...]]:
    """The next state, and what to do."""
    if state.removed:
        return state, ()
    if isinstance(event, Took):
        effects: tuple[Effect, ...] = (Works(state.failures),) if state.failures else ()
        return replace(state, taken_ns=now_ns, failures=0, warned=False), effects
    state = replace(state, failures=state.failures + 1)
    effects = (Fails(),) if state.failures == 1 else ()
    if not state.silent_since(event.begun_ns):
        return state, effects
    if event.failed >= REMOVED_AFTER and state.removable:
        return replace(state, removed=True), (*effects, Remove())
    if event.failed >= WARNED_AFTER and not state.warned:
        return replace(state, warned=True), (*effects, Warn(event.failed))
    return state, effects
