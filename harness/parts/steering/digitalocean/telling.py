"""What people hear of the API: calls that changed something or were refused, and what the record says from then on."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engines.dns.answering import AnswerChanged
from harness.history.events import Happening
from harness.history.source import Source
from harness.parts.steering.digitalocean.model import Called

DRILL = "the drill"
"""Whose calls are the adversary's."""
_PATH_CHARACTERS = 200
_REFUSED = 400


def call_told(call: Called, now_ns: int) -> Happening:
    """A call, under the name of who made it."""
    outcome = str(call.status) if call.status else "carried out, and never answered"
    good = None if call.status == 0 else call.status < _REFUSED
    what = f"{call.method} {call.path[:_PATH_CHARACTERS]}"
    source: Source = "harness" if call.by == DRILL else "world"
    return Happening("call", call.by, what, now_ns, outcome, lasts=False, good=good, source=source)


def answer_told(changed: AnswerChanged, places: Mapping[str, str], now_ns: int) -> Happening:
    """What a record says: by the names of the places where these are known."""

    def named(addresses: tuple[str, ...]) -> str:
        return " + ".join(places.get(address, address) for address in addresses) or "no such name"

    parts = [", ".join(changed.addresses), f"TTL {changed.ttl_s} s" if changed.addresses else "", changed.by]
    text = ", ".join(part for part in parts if part)
    what, good = named(changed.addresses), None if changed.addresses else False
    return Happening("record", changed.name, what, now_ns, text, good=good, before=named(changed.before))
