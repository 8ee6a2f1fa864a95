"""What a corruption of the drill's own shows in what was recorded, told apart from whatever the subject did.

A corrupted value says what it replaced (`harness.names.CORRUPTED`). Where the drill corrupted values, and one is seen
under the key of the very write that it names, after the corruption began, then it is the corruption's doing: whoever
judges the subject takes it for what was there before. Everything else stays as it was seen, and is judged: a corrupted
value under another key, before the corruption, or of a write that nobody made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.history.events import CanaryProbe, Commit, Completion, Event, Invoke
from harness.measurement.models import FaultInterval
from harness.names import CORRUPTED
from harness.outcome import Bracket

Tables = Mapping[str, Mapping[str, Mapping[str, str | None]]]


@dataclass(frozen=True)
class Sight:
    """Somebody was shown a corrupted value. key: "" of a canary's look at the item that the bad version made."""

    key: str
    sent_ns: int
    returned_ns: int


class Corruption:
    """One or more corruptions of a drill. began_ns: of the first one. events: the history as it was seen."""

    def __init__(self, began_ns: int, events: Iterable[Event]) -> None:
        self._began_ns = began_ns
        self._seen = list(events)
        # Where the application makes the ids, an operation's key is that of its answer.
        self._keys = {e.op: e.k for e in self._seen if isinstance(e, Invoke) and e.f == "put"}
        self._keys |= {e.op: e.k for e in self._seen if isinstance(e, Completion) and e.f == "put"}

    def before(self, key: str, value: str | None) -> str | None:
        """What a value was before it was corrupted; a value that the corruption does not explain stays as it is."""
        if value is None or not value.startswith(CORRUPTED):
            return value
        found = value.removeprefix(CORRUPTED)
        return found if self._keys.get(found, key) == key else value

    def events(self) -> list[Event]:
        """The history as it would have been."""
        return [self._event(event) for event in self._seen]

    def _event(self, event: Event) -> Event:
        if not isinstance(event, Completion) or event.f != "get" or event.mono_ns < self._began_ns:
            return event
        before = self.before(event.k, event.v)
        # A client reads what clients wrote: whatever else a corrupted value names is nothing that it explains.
        return replace(event, v=before) if before != event.v and before in self._keys else event

    def commits(self, commits: Sequence[Commit] | None) -> Sequence[Commit] | None:
        """The same of the databases' own order of commits."""
        if commits is None:
            return None
        return [c if c.mono_ns < self._began_ns else replace(c, v=self.before(c.k, c.v)) for c in commits]

    def tables(self, tables: Tables | None) -> Tables | None:
        """The same of tables that were read when everything was over."""
        if tables is None:
            return None
        return {
            database: {name: {k: self.before(k, v) for k, v in items.items()} for name, items in held.items()}
            for database, held in tables.items()
        }

    def sights(self, links: Iterable[str]) -> list[Sight]:
        """Who was shown what is corrupt, in order of time: clients, and the canaries of these links."""
        sent = {e.op: e.mono_ns for e in self._seen if isinstance(e, Invoke) and e.f == "get"}
        wanted = set(links)
        found = [
            Sight(e.k, sent.get(e.op, e.mono_ns), e.mono_ns)
            for e in self._seen
            if isinstance(e, Completion) and e.f == "get" and self._event(e) is not e
        ]
        found += [
            Sight("", e.mono_ns, e.returned_ns)
            for e in self._seen
            if isinstance(e, CanaryProbe) and e.link in wanted and not e.ok and e.returned_ns >= self._began_ns
        ]
        return sorted(found, key=lambda sight: sight.returned_ns)


def corrupt_in(tables: Tables | None, table: str | None) -> dict[str, tuple[str, ...]]:
    """By database, the keys of one table whose values are corrupt. tables: as they were read, corruption included."""
    found = {
        database: tuple(sorted(k for k, v in held.get(table or "", {}).items() if (v or "").startswith(CORRUPTED)))
        for database, held in (tables or {}).items()
    }
    return {database: keys for database, keys in found.items() if keys}


def gone_for(onset: FaultInterval, sights: Sequence[Sight], clean_ns: int | None) -> Bracket:
    """For how long something was amiss: corrupted values were to be had, or tables were gone.

    clean_ns: when the last of it had been mended, None where that never came. At least up to the last look that was
    shown it, at most up to that.
    """
    last_ns = max((sight.sent_ns for sight in sights), default=onset.start_high_ns)
    low_ns = max(0, last_ns - onset.start_high_ns)
    if clean_ns is None:
        return Bracket(low_ns, None)
    return Bracket(low_ns, max(low_ns, clean_ns - onset.start_low_ns))
