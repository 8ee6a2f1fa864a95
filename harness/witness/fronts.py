"""Answers of proxies in front of all places: what they say of a place is that any may serve."""

from __future__ import annotations

from dataclasses import replace

from harness.history.events import DnsAnswer, Event
from harness.witness.models import WitnessConfig


def behind(event: Event, config: WitnessConfig) -> Event:
    """An answer with the address of a proxy in front is told as one with every edge behind it; all else as it is."""
    if isinstance(event, DnsAnswer) and not set(config.fronts).isdisjoint(event.addresses):
        return replace(event, addresses=tuple(sorted(config.edges.values())))
    return event
