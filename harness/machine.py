"""The shape of every decision core: frozen state, `step(state, event, now_ns) -> (state, effects)`.

A machine never reads a clock, a socket or a global random stream: time comes in as `now_ns` (integer
nanoseconds), randomness as a value inside an event or a seeded stream in the state. What it wants done comes
out as effects, and a thin driver does it. The same core therefore runs in real time and in a simulator.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

State = TypeVar("State")
Event_contra = TypeVar("Event_contra", contravariant=True)
Effect_co = TypeVar("Effect_co", covariant=True)


class Machine(Protocol[State, Event_contra, Effect_co]):
    """A pure decision core.

    `now_ns` never decreases from one step to the next. `step` raises only for a programming error.
    """

    def step(self, state: State, event: Event_contra, now_ns: int) -> tuple[State, tuple[Effect_co, ...]]:
        """The next state, and what must be done, when `event` happens at `now_ns`."""
        ...
