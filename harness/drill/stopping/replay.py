"""Does a drill's history show why it was aborted? The same machine, fed from the recorded events in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from harness.drill.stopping import machine
from harness.drill.stopping.conditions import COMMAND, StopConditions
from harness.drill.stopping.machine import Abort, Arm, Breach, CommandEnded, Disarm, Ended
from harness.history.events import Completion, Event, Invoke, StopEvent
from harness.units import NS_PER_S

NOTICED_WITHIN_NS = 2 * NS_PER_S
"""A drill looks every half second; what it has not noticed by then, it has overlooked."""


class Pairing:
    """Joins what clients sent to what they got, as it comes. What was sent beside the even grid is left out: where it
    hurts there is more of that, so that a share would weigh failures more."""

    def __init__(self) -> None:
        self._sent_ns: dict[str, int | None] = {}

    def take(self, events: Iterable[Event]) -> Iterator[Ended]:
        """Those that have ended."""
        for event in events:
            if isinstance(event, Invoke):
                self._sent_ns[event.op] = None if event.extra else event.mono_ns
            elif isinstance(event, Completion):
                sent_ns = self._sent_ns.pop(event.op, None)
                if sent_ns is not None:
                    yield Ended(event, sent_ns)


def aborted(events: Iterable[Event]) -> StopEvent | None:
    """What the history says of a condition that held."""
    return next((event for event in events if isinstance(event, StopEvent) and event.f == "abort"), None)


def shown(conditions: StopConditions, events: Sequence[Event], abort: StopEvent) -> Breach | None:
    """The condition that held, as the events until then show it; None where they do not.

    events: in order of time. What was decided may be told at the very moment of what showed it.
    """
    found = _first(conditions, (event for event in events if event.mono_ns <= abort.mono_ns))
    return None if found is None or found[1].kind != abort.condition else found[1]


def missed(conditions: StopConditions, events: Sequence[Event]) -> Breach | None:
    """A condition that held for so long before all was healed that it should have ended the drill, and did not."""
    if not conditions or aborted(events) is not None or (found := _first(conditions, events)) is None:
        return None
    held_ns, breach = found
    ends = (e.mono_ns for e in events if isinstance(e, StopEvent) and e.f == "disarmed" and e.mono_ns >= held_ns)
    healed_ns = next(ends, None)
    return breach if healed_ns is None or healed_ns - held_ns > NOTICED_WITHIN_NS else None


def _first(conditions: StopConditions, events: Iterable[Event]) -> tuple[int, Breach] | None:
    """What held first, and when that was clear."""
    state, pairing = machine.initial(conditions), Pairing()
    for event in events:
        for one in chain(pairing.take((event,)), _of_stop(event)):
            state, effects = machine.step(state, one, event.mono_ns)
            for effect in effects:
                if isinstance(effect, Abort):
                    return event.mono_ns, effect.breach
    return None


def _of_stop(event: Event) -> Iterator[machine.Event]:
    if not isinstance(event, StopEvent):
        return
    if event.f == "armed":
        yield Arm()
    elif event.f == "disarmed":
        yield Disarm()
    elif event.f == "command" and event.condition == COMMAND and None not in (event.from_ns, event.until_ns):
        yield CommandEnded(event.from_ns or 0, event.until_ns or 0, event.code, event.output)
