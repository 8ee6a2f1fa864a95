"""What people hear of GTM: calls of the API, what the name says from then on, how servers stand."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engines.dns.answering import AnswerChanged
from harness.history.events import Happening, HealthTransition
from harness.names import AKAMAI
from harness.parts.steering.akamai.liveness import Stood
from harness.parts.steering.akamai.model import Called

_PATH_CHARACTERS = 200
_REFUSED = 400


def call_told(call: Called, now_ns: int) -> Happening:
    """A call, under the name of who made it."""
    what = f"{call.method} {call.path[:_PATH_CHARACTERS]}"
    return Happening("call", call.by, what, now_ns, str(call.status), lasts=False, good=call.status < _REFUSED)


def answer_told(changed: AnswerChanged, places: Mapping[str, str], now_ns: int) -> Happening:
    """What a name says: by the names of the places where these are known."""

    def named(addresses: tuple[str, ...]) -> str:
        return " + ".join(places.get(address, address) for address in addresses) or "no such name"

    text = ", ".join((*changed.addresses, *([f"TTL {changed.ttl_s} s"] if changed.addresses else [])))
    what, good = named(changed.addresses), None if changed.addresses else False
    return Happening("record", changed.name, what, now_ns, text, good=good, before=named(changed.before))


def health_told(stood: Stood, places: Mapping[str, str], now_ns: int) -> HealthTransition | None:
    """What most agents find of a place's edge; None where they find what they found before, or it is no place's."""
    place = places.get(stood.server)
    if place is None or stood.failing == stood.before.failing:
        return None
    return HealthTransition(
        place, "unhealthy" if stood.failing else "healthy", stood.well, stood.agents, now_ns, kind=AKAMAI
    )
