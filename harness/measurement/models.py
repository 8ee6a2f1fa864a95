"""Values that several measurements share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.history.events import FaultEvent, Operation
from harness.names import AUTHORITATIVE, CohortName
from harness.outcome import Outcome

Kind = Literal["reads", "writes"]
KINDS: tuple[Kind, ...] = ("reads", "writes")

JUDGED_COHORT = CohortName.DNS.value
"""The cohort of clients that follow DNS honestly; objectives are judged by its worst client."""


def is_judged(observer: str) -> bool:
    """Whether it is a judged client, or the authoritative observer: the ones whose DNS answers must follow the plan."""
    return observer == AUTHORITATIVE or observer.startswith(f"{JUDGED_COHORT}-")


@dataclass(frozen=True)
class FaultInterval:
    """When a fault began and ended, each known only to lie between the first and the last link that was touched."""

    start_low_ns: int
    start_high_ns: int
    stop_low_ns: int | None = None
    stop_high_ns: int | None = None

    def __post_init__(self) -> None:
        if self.start_high_ns < self.start_low_ns:
            raise ValueError(f"a fault's onset cannot end before it starts: {self.start_low_ns} > {self.start_high_ns}")

    def held_between(self, from_ns: int, to_ns: int) -> bool:
        """Whether it may have held at any moment of [from_ns, to_ns]."""
        return self.start_low_ns <= to_ns and (self.stop_high_ns is None or from_ns <= self.stop_high_ns)

    @classmethod
    def of(cls, start: FaultEvent, stop: FaultEvent | None = None) -> FaultInterval:
        """The interval between a fault's two events in a history."""
        if stop is None:
            return cls(start.mono_ns, start.until_ns)
        return cls(start.mono_ns, start.until_ns, stop.mono_ns, stop.until_ns)


@dataclass(frozen=True)
class Padding:
    """What blurs a bracket: the steady state's p99.9 latency (request and reply) and the witness's own lateness."""

    latency_p999_ns: int = 0
    lateness_ns: int = 0

    @property
    def total_ns(self) -> int:
        return self.latency_p999_ns + self.lateness_ns


def kind_of(operation: Operation) -> Kind:
    """Whether an operation is a read or a write."""
    return "writes" if operation.is_write else "reads"


def address_of(operation: Operation) -> str | None:
    """The address that was dialled, None while it is unknown."""
    return None if operation.completion is None else operation.completion.address


def acknowledged(operation: Operation) -> bool:
    """A write that its client was told has happened."""
    return operation.is_write and operation.outcome is Outcome.OK
