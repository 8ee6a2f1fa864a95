"""What people hear of a provider: calls that changed something or were refused, and what a name says from then on."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engines.dns.answering import AnswerChanged
from harness.engines.provider.values import Called
from harness.history.events import DnsAnswer, Happening
from harness.history.source import Source
from harness.names import AUTHORITATIVE

_PATH_CHARACTERS = 200
_REFUSED = 400


def call_told(call: Called, now_ns: int, *, unanswered: str = "never answered", source: Source = "world") -> Happening:
    """A call, under the name of who made it. unanswered: what became of one without an answer."""
    outcome = str(call.status) if call.status else unanswered
    good = None if call.status == 0 else call.status < _REFUSED
    what = f"{call.method} {call.path[:_PATH_CHARACTERS]}"
    return Happening("call", call.by, what, now_ns, outcome, lasts=False, good=good, source=source)


def answer_told(changed: AnswerChanged, places: Mapping[str, str], now_ns: int) -> Happening:
    """What a name says: by the names of the places where these are known. places: by address."""

    def named(addresses: tuple[str, ...]) -> str:
        return " + ".join(places.get(address, address) for address in addresses) or "no such name"

    parts = [", ".join(changed.addresses), f"TTL {changed.ttl_s} s" if changed.addresses else "", changed.by]
    text = ", ".join(part for part in parts if part)
    what, good = named(changed.addresses), None if changed.addresses else False
    return Happening("record", changed.name, what, now_ns, text, good=good, before=named(changed.before))


def answered(changed: AnswerChanged, now_ns: int) -> DnsAnswer:
    """The same for whoever measures: what the name servers say from now on."""
    return DnsAnswer("world", AUTHORITATIVE, changed.name, changed.addresses, changed.ttl_s, now_ns)
