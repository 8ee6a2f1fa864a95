"""What happened to the things of a world, told in one way whatever part it comes from: for pictures and lists.

Parts say it themselves (Happening). Pods have events of their own, since verdicts rest on them; their words are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.history.events import Commit, Event, Happening, PodEvent

POD, ROLLOUT, CALL, RECORD = "pod", "rollout", "call", "record"
_BECOMES: dict[str, tuple[str, bool | None]] = {
    "started": ("starting", None),
    "ready": ("ready", True),
    "unready": ("not ready", False),
    "killing": ("being ended", False),
    "deleted": ("being ended", False),
    "exited": ("ended", False),
    "backoff": ("back-off", False),
    "gone": ("", None),
    "rollout complete": ("complete", True),
    "rollout stalled": ("stands still", False),
}


def words(told: Happening) -> str:
    """What a thing became, or what was done: `out of rotation (answered its check with 503)`, `PUT /v2/x: 200`."""
    what = told.what or "gone"
    if not told.text:
        return what
    return f"{what} ({told.text})" if told.lasts else f"{what}: {told.text}"


def sentence(told: Happening) -> str:
    """`target nyc3, app-1-1: out of rotation (answered its check with 503)`."""
    return f"{told.kind} {'' if told.lasts else 'by '}{told.thing}: {words(told)}"


@dataclass(frozen=True)
class Repeated:
    """The same, several times in a row. last: the latest of them."""

    first: Happening
    last: Happening
    times: int = 1


def happening_of(event: Event | Commit) -> Happening | None:
    """An event as something that happened to a thing of the world; None for one that is about something else."""
    if isinstance(event, Happening):
        return event
    if not isinstance(event, PodEvent) or event.what not in _BECOMES:
        return None
    what, good = _BECOMES[event.what]
    kind, thing = (POD, event.pod) if event.pod else (ROLLOUT, event.workload)
    return Happening(kind, f"{event.place}, {thing}", what, event.mono_ns, event.text, good=good, source=event.source)


def happenings(events: Iterable[Event | Commit]) -> list[Happening]:
    """All that happened, in order of time."""
    found = [told for event in events if (told := happening_of(event)) is not None]
    return sorted(found, key=lambda told: told.mono_ns)


def folded(told: Sequence[Happening]) -> list[Repeated]:
    """One entry for what is said again and again of a thing, with nothing else of it between."""
    found: list[Repeated] = []
    latest: dict[tuple[str, str], int] = {}
    for one in told:
        key = (one.kind, one.thing)
        place = latest.get(key)
        if place is not None and repeats(found[place].last, one):
            found[place] = Repeated(found[place].first, one, found[place].times + 1)
            continue
        latest[key] = len(found)
        found.append(Repeated(one, one))
    return found


def repeats(before: Happening, told: Happening) -> bool:
    """Whether it is no news after what was told of the same thing before. What was done with success is, each time."""
    if told.good and not told.lasts:
        return False
    return (before.what, before.text, before.lasts, before.good) == (told.what, told.text, told.lasts, told.good)
