"""Recycled keys: put, delete and put again, on one key of one client, until an outcome is unknown.

A put waits for the acknowledgement of the delete before it, so that a put that vanishes, or a delete that comes back,
is certain. Every few rounds it does not wait, and goes on after a delete of which nobody knows: then both may be in
flight at once, as with a client that lost its patience. Any other unknown outcome ends the key: a new one is begun.

    absent --put--> putting --ok--> present --delete--> deleting --ok--> absent
      ^---- fail ------'               ^------ fail ---------'
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.outcome import Outcome

HASTY_EVERY = 4
"""One round in so many puts again without waiting for its delete."""

Stage = Literal["absent", "putting", "present", "deleting"]


@dataclass(frozen=True)
class Write:
    """It is time for a write. op: the id that it will have."""

    op: str


@dataclass(frozen=True)
class Settled:
    """A write of this client to a recycled key ended."""

    op: str
    outcome: Outcome


@dataclass(frozen=True)
class Chosen:
    """Effect: do this with that key."""

    f: Literal["put", "delete"]
    key: str


Event = Write | Settled


@dataclass(frozen=True)
class RecycledState:
    """One client's key. name: what its keys begin with. number: of the key. waiting: id of the write under way."""

    name: str
    number: int = 0
    rounds: int = 0
    stage: Stage = "absent"
    waiting: str | None = None

    @property
    def key(self) -> str:
        """The key now."""
        return f"{self.name}-{self.number}"


def step(state: RecycledState, event: Event, now_ns: int) -> tuple[RecycledState, tuple[Chosen, ...]]:
    """The next state, and what to do: nothing while an acknowledgement is awaited."""
    return _settled(state, event) if isinstance(event, Settled) else _write(state, event)


def _write(state: RecycledState, event: Write) -> tuple[RecycledState, tuple[Chosen, ...]]:
    hasty = state.rounds % HASTY_EVERY == HASTY_EVERY - 1
    if state.stage == "absent" or (state.stage == "deleting" and hasty):
        rounds = state.rounds + (state.stage == "deleting")
        return replace(state, stage="putting", rounds=rounds, waiting=event.op), (Chosen("put", state.key),)
    if state.stage == "present":
        return replace(state, stage="deleting", waiting=event.op), (Chosen("delete", state.key),)
    return state, ()


def _settled(state: RecycledState, event: Settled) -> tuple[RecycledState, tuple[Chosen, ...]]:
    if event.op != state.waiting:
        return state, ()  # of a key that was given up, or a delete that a hasty put did not wait for
    deleting = state.stage == "deleting"
    if event.outcome is Outcome.INFO:
        if deleting and state.rounds % HASTY_EVERY == HASTY_EVERY - 1:
            return replace(state, waiting=None), ()
        return replace(state, number=state.number + 1, rounds=0, stage="absent", waiting=None), ()
    if event.outcome is Outcome.FAIL:
        return replace(state, stage="present" if deleting else "absent", waiting=None), ()
    if deleting:
        return replace(state, stage="absent", rounds=state.rounds + 1, waiting=None), ()
    return replace(state, stage="present", waiting=None), ()
