"""What a design promises about its data, as far as clients can tell whether it was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Promise:
    """writes: on one side at a time, or on both; None: not stated, so as the steady state shows it.

    reads: `session`: a client sees its own writes, and never goes back in what it saw. `strong`: whoever reads, sees
    the newest acknowledged value. `eventual`: one no older than staleness_ns. deletes_final: what was deleted stays so.
    groups_whole: what one request wrote together is there together on every side that serves; else each item comes by
    itself, as global tables do it. causal: no side shows a write without those that its client knew when it sent it.
    """

    writes: Literal["one", "both"] | None = None
    reads: Literal["session", "strong", "eventual"] = "session"
    staleness_ns: int = 0
    deletes_final: bool = True
    groups_whole: bool = True
    causal: bool = False
