"""What an environment file says of when a drill must stop at once: section `stop`.

How long clients suffer is scaled by the profile, as the outage is that they suffer from (`window_s`); what one request
or one command takes is wall time in every profile, as the workload's periods and time-outs are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.kit.config import Strict
from harness.topology.timing import Timing

ShareBelowAll = Annotated[float, Field(ge=0, le=0.99)]
"""More than this share: more than all there cannot be."""
Window = Annotated[float, Field(ge=1, le=3600)]
SHORTEST_WINDOW_S = 1.0
"""A window of a profile is never shorter than this: fewer requests than it holds would say little."""
Requests = Annotated[int, Field(ge=1, le=1_000_000)]


class StopErrors(Strict):
    """Stop when more than `share` of the requests fail that end within `window_s` (production seconds).

    place: of the clients that dial this place (its name or role) past DNS; left out: of those that follow DNS.
    requests: fewer of them in the window say nothing.
    """

    share: ShareBelowAll = 0.5
    window_s: Window = 30
    requests: Requests = 10
    place: str | None = None


class StopLatency(StopErrors):
    """Stop when more than `share` of the requests take longer than `above_ms` (wall time).

    A request that got no answer in time took longer; one that was refused at once has no latency, and does not count.
    """

    above_ms: Annotated[float, Field(ge=1, le=60_000)]


class StopCommand(Strict):
    """Stop when a command of yours exits non-zero, cannot be run, or gives no answer within `timeout_s`.

    command: program and arguments, no shell; run in the file's folder, first before the first fault, then `every_s`
    (wall time) after it was started before. `python` is the interpreter that runs the harness.
    """

    command: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    every_s: Annotated[float, Field(ge=0.5, le=3600)] = 5
    timeout_s: Annotated[float, Field(ge=0.1, le=600)] = 10


class Stop(Strict):
    """When a drill must stop at once: everything is healed, and it ends ABORTED. Any of the three is enough.

    They are watched while something is broken: from just before a fault until nothing of it holds any more.
    """

    errors: StopErrors | None = None
    latency: StopLatency | None = None
    command: StopCommand | None = None

    @property
    def stated(self) -> bool:
        """Whether there is any condition."""
        return any((self.errors, self.latency, self.command))


def window_s(condition: StopErrors, timing: Timing) -> float:
    """How far back a condition looks, in the wall seconds of a profile."""
    return max(SHORTEST_WINDOW_S, timing.interval_s(condition.window_s))
