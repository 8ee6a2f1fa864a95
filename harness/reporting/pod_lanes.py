"""What pods did, arranged for drawing: for each of them, what it was from when on. Judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.history.events import Commit, Event, PodEvent
from harness.reporting.spans import Row, changes_as_spans
from harness.reporting.wording import one_line
from harness.units import NS_PER_S

READY, NOT_READY = "ready", "not ready"
STARTING, ENDING, ENDED, WAITING, GONE = "starting", "being ended", "ended", "back-off", "gone"
_BECOMES = {
    "started": STARTING,
    "ready": READY,
    "unready": NOT_READY,
    "killing": ENDING,
    "deleted": ENDING,
    "exited": ENDED,
    "backoff": WAITING,
    "gone": GONE,
}
FAILED = frozenset({NOT_READY, ENDING, ENDED, WAITING})


def pod_rows(events: Iterable[Event | Commit], zero_ns: int, end_s: float) -> list[Row]:
    """A row for each pod, in the order of their places and names."""
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for event in events:
        if isinstance(event, PodEvent) and event.pod and event.what in _BECOMES:
            at_s = (event.mono_ns - zero_ns) / NS_PER_S
            found[f"{event.place}, {event.pod}"].append((at_s, _BECOMES[event.what]))
    rows = []
    for name, changes in sorted(found.items()):
        spans = changes_as_spans(changes, end_s)
        rows.append(Row(one_line(name, 40), tuple(span for span in spans if span.label != GONE)))
    return rows
