"""What a running drill can say about itself at any moment, for whoever shows it. Values only; judged by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PhaseState = Literal["done", "current", "to come"]


@dataclass(frozen=True)
class PhaseProgress:
    """One step of the lifecycle. elapsed_s: how long it took, or has taken so far; None while it is to come."""

    name: str
    state: PhaseState
    elapsed_s: float | None = None


@dataclass(frozen=True)
class RegionService:
    """How requests fared during the last second. ok of total were served. label: a region, or a cohort of clients."""

    label: str
    ok: int
    total: int


@dataclass(frozen=True)
class LiveStatus:
    """A snapshot of a running drill.

    number, of: which drill of how many, from 1. elapsed_s: since the drill started. broken: what is broken now, in
    words. dns_answer: the authoritative answer, "" when not known. outage_s: how long the clients have been (or, once
    they are back, had been) without service, None before the fault. recovered: service has come back. objective_s:
    the promised recovery time. acked_writes: acknowledged so far. events: the last notable ones, newest last.
    """

    drill: str
    elapsed_s: float
    phases: tuple[PhaseProgress, ...] = ()
    number: int = 1
    of: int = 1
    broken: tuple[str, ...] = ()
    regions: tuple[RegionService, ...] = ()
    dns_answer: str = ""
    outage_s: float | None = None
    recovered: bool = False
    objective_s: float | None = None
    acked_writes: int = 0
    events: tuple[str, ...] = ()

    @property
    def current(self) -> PhaseProgress | None:
        """The phase that is under way; None before the first and after the last."""
        return next((phase for phase in self.phases if phase.state == "current"), None)
