"""What people hear of calls to DigitalOcean's API: whose they were, the adversary's among them."""

from __future__ import annotations

from harness.engines.provider import telling
from harness.engines.provider.values import Called
from harness.history.events import Happening
from harness.history.source import Source

DRILL = "the drill"
"""Whose calls are the adversary's."""
_UNANSWERED = "carried out, and never answered"


def call_told(call: Called, now_ns: int) -> Happening:
    """A call, under the name of who made it."""
    source: Source = "harness" if call.by == DRILL else "world"
    return telling.call_told(call, now_ns, unanswered=_UNANSWERED, source=source)
