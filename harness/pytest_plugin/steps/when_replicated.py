"""When, of a service that replicates the tables itself. See `when.py`."""

from __future__ import annotations

from pytest_bdd import parsers, when

from harness.drill.facade import Drill
from harness.pytest_plugin.amounts import lasting, milliseconds
from harness.pytest_plugin.steps.patterns import FOR

_WAY = r"(?: from (?P<source>\S+) to (?P<to>\S+?))?"


@when(parsers.re(rf"the replication service is paused{_WAY}{FOR}"))
def _paused(drill: Drill, source: str | None, to: str | None, seconds: str | None) -> None:
    """the replication service is paused[ from PLACE to PLACE][ for N seconds]

    What one region stores does not go to the other, in both directions or in one; what waits goes there after the heal.
    Example: the replication service is paused for 60 seconds
    Example: the replication service is paused from us-east-1 to us-west-2
    """
    drill.inject("replication-paused", source=source, to=to, for_s=lasting(seconds))


@when(parsers.re(rf"(?P<latency_ms>\d+) ms of latency are added to the replication service{_WAY}{FOR}"))
def _slowed(drill: Drill, latency_ms: str, source: str | None, to: str | None, seconds: str | None) -> None:
    """N ms of latency are added to the replication service[ from PLACE to PLACE][ for N seconds]

    Slows every message between the regions; the metric ReplicationLatency shows it.
    Example: 400 ms of latency are added to the replication service
    """
    ms, duration = milliseconds(latency_ms), lasting(seconds)
    drill.inject("replication-slowed", source=source, to=to, for_s=duration, latency_ms=ms)
