"""Stop conditions that could never hold, or that are about a place that there is not."""

from __future__ import annotations

from collections.abc import Iterator

from harness.topology.environment import Environment, Place, Workload
from harness.topology.mistakes import Mistake
from harness.topology.stop import Stop, StopErrors, window_s
from harness.topology.timing import Timing

_DIALLED = 2
"""So many places, the first ones, have clients that dial them directly."""


def place_of(condition: StopErrors, environment: Environment) -> Place | None:
    """The place whose own clients count; None: those that follow DNS. Raises KeyError for no place that has any."""
    if condition.place is None:
        return None
    for place in environment.places[:_DIALLED]:
        if condition.place in (place.name, place.role):
            return place
    raise KeyError(condition.place)


def stop_mistakes(stop: Stop, environment: Environment) -> Iterator[Mistake]:
    """What is wrong with them in any profile. Locations are within the section."""
    for name, condition in (("errors", stop.errors), ("latency", stop.latency)):
        if condition is None:
            continue
        try:
            place_of(condition, environment)
        except KeyError:
            known = ", ".join(place.name for place in environment.places[:_DIALLED])
            text = f"stop.{name}.place: no clients dial {condition.place} directly; one of: {known}, or left out"
            yield Mistake((name, "place"), text)
    if stop.latency is not None and stop.latency.above_ms >= environment.workload.timeout_s * 1000:
        text = (
            f"stop.latency.above_ms: {stop.latency.above_ms:g} ms, but clients wait no longer than "
            f"{environment.workload.timeout_s:g} s (workload.timeout_s) for an answer: say less, or use stop.errors"
        )
        yield Mistake(("latency", "above_ms"), text)


def too_few(condition: StopErrors, workload: Workload, timing: Timing) -> str | None:
    """Why there can never be enough requests within the window in this profile; None where there can."""
    rate = workload.rate_per_s if condition.place is None else 2 / workload.other_period_s
    held = rate * window_s(condition, timing)
    if held >= condition.requests:
        return None
    return (
        f"requests: {condition.requests}, but in {window_s(condition, timing):g} s ({timing.profile} profile) clients "
        f"send {held:g} that count: say fewer, or a longer window_s"
    )
