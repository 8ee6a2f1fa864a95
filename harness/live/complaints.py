"""What the parts of a world find wrong with the subject in it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.topology.subject import Subject
from harness.world.diagnosis import Complaint
from harness.world.part import Part
from harness.world.steering import Steering


def found(parts: Sequence[Part]) -> dict[str, tuple[Complaint, ...]]:
    """By place, what they find wrong with the subject there."""
    told: dict[str, tuple[Complaint, ...]] = {}
    for part in parts:
        for place, texts in part.complaints().items():
            told[place] = (*told.get(place, ()), *texts)
    return told


def announced(subject: Subject, steering: Steering) -> frozenset[str]:
    """What the edge finds wrong where nobody writes, of a subject whose edge health follows who does."""
    if subject.timing is None or not subject.timing.edge_follows:
        return frozenset()
    return frozenset(one.text for told in steering.complaints().values() for one in told)
