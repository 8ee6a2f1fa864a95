"""What a drill's evidence says of the interruptions that no fault explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.checkers.planned import in_words
from harness.drill.evidence import InterruptionResult
from harness.measurement.planned import PlannedInterruption
from harness.outcome import Bracket


def interruption_results(
    interruptions: Sequence[tuple[int, PlannedInterruption]], places: Mapping[str, str]
) -> tuple[InterruptionResult, ...]:
    """All of them, in order of time. interruptions: each with the number of its episode. places: by address."""
    return tuple(
        InterruptionResult(
            cause=one.cause.value,
            duration=one.duration,
            source=None if one.source is None else places.get(one.source, one.source),
            target=None if one.target is None else places.get(one.target, one.target),
            client=one.client,
            kind=one.kind,
            clients=one.clients,
            failures=one.failures,
            first_bad_ns=one.first_bad_ns,
            last_bad_ns=one.last_bad_ns,
            episode=index,
            text=in_words(one, places),
        )
        for index, one in interruptions
    )


def worst_interruption(found: Sequence[InterruptionResult]) -> Bracket | None:
    """The longest; None where there was none."""
    return max((one.duration for one in found), key=lambda one: one.length, default=None)
