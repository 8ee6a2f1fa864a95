"""What a drill files, without what the environment gave to the subject and to its requests.

An application may repeat a secret as the id or the value of an item. Everything that is filed of one drill is masked by
one hand, so that what was the same stays the same, and what differed still differs: the verdict is not touched by it.
What stands for a text is made with a key that is kept nowhere, so that nobody can try texts out.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.drill.case_files import Filed
from harness.history.events import Completion, Event, Invoke
from harness.wire.masking import Mask


def masked(filed: Filed, values: Iterable[str]) -> Filed:
    """The files of a drill without these values."""
    mask = Mask(values)
    if not mask:
        return filed
    hand = _Hand(mask, filed.events)
    commits = filed.commits
    final = filed.final
    looks = tuple(
        replace(look, items={hand.key(key): hand.key(value) for key, value in look.items.items()})
        for look in filed.case.looks
    )
    return Filed(
        replace(filed.case, looks=looks),
        [hand.event(event) for event in filed.events],
        None if commits is None else [replace(c, k=hand.key(c.k), v=hand.value(c.v)) for c in commits],
        None
        if final is None
        else {
            database: {
                table: {hand.key(key): hand.value(value) for key, value in items.items()}
                for table, items in tables.items()
            }
            for database, tables in final.items()
        },
    )


def masked_events(events: Sequence[Event], values: Iterable[str]) -> Sequence[Event]:
    """A history without these values, where there is nothing beside it."""
    mask = Mask(values)
    if not mask:
        return events
    hand = _Hand(mask, events)
    return [hand.event(event) for event in events]


class _Hand:
    """Masks every text that the application gave, each always alike. What we named ourselves holds no secret of its,
    and numbers are left where there are counters, for they are counted with."""

    def __init__(self, mask: Mask, events: Sequence[Event]) -> None:
        self._mask = mask
        self._key = secrets.token_bytes(16)
        invokes = {event.op: event for event in events if isinstance(event, Invoke)}
        completions = [event for event in events if isinstance(event, Completion)]
        given = {c.k for c in completions if c.op in invokes and c.k != invokes[c.op].k}
        named = {invoke.k for invoke in invokes.values() if invoke.f in ("put", "add")}
        self._ours = {*invokes, *(invoke.v for invoke in invokes.values()), *(named - given)}
        self._counts = any(invoke.f == "add" for invoke in invokes.values())
        self._known: dict[str, str] = {}

    def key(self, text: str) -> str:
        """A text, or what stands for it."""
        if text in self._ours or (self._counts and text.isdecimal()):
            return text
        if text not in self._known:
            self._known[text] = self._standing(text) if self._mask.finds(text) else text
        return self._known[text]

    def value(self, text: str | None) -> str | None:
        """The same, where there may be none."""
        return None if text is None else self.key(text)

    def _standing(self, text: str) -> str:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=6)
        return f"{self._mask.text(text)}#{digest.hexdigest()}"

    def event(self, event: Event) -> Event:
        """What clients said and were told."""
        if isinstance(event, Invoke):
            key = self.key(event.k)
            return event if key == event.k else replace(event, k=key)
        if isinstance(event, Completion):
            key, value, region = self.key(event.k), self.value(event.v), self.value(event.region)
            if (key, value, region) != (event.k, event.v, event.region):
                return replace(event, k=key, v=value, region=region)
        return event
