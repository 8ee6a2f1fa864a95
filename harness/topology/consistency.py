"""What a subject promises of its data: the `consistency:` section of its file. Every drill judges it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.topology.environment import LONGEST_S, Spec


class Consistency(Spec):
    """Left out altogether, the defaults are promised.

    writes: one side accepts writes at a time, or both may; left out: as the steady state shows. reads: `session`: own
    writes are seen, and what was seen never goes back; `strong`: whoever reads sees the newest acknowledged value;
    `eventual`: no older than staleness_s (wall seconds, in either profile). deletes: what was deleted stays so
    (`final`), or may come back (`undoable`). groups: what one request of `workload.group` wrote is there together
    wherever clients are served (`whole`), or each item comes by itself (`items`), as global tables do it. order: kept
    within each item alone (`items`), or no write is seen without those that its client knew (`causal`).
    """

    writes: Literal["one", "both"] | None = None
    reads: Literal["session", "strong", "eventual"] = "session"
    staleness_s: Annotated[float, Field(ge=0, le=LONGEST_S)] | None = None
    deletes: Literal["final", "undoable"] = "final"
    groups: Literal["whole", "items"] = "whole"
    order: Literal["items", "causal"] = "items"

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        """A bound is what `eventual` means, and nothing else has one."""
        if self.reads == "eventual" and self.staleness_s is None:
            raise ValueError("reads: eventual needs staleness_s, how many seconds old a read may be")
        if self.reads != "eventual" and self.staleness_s is not None:
            raise ValueError(f"staleness_s is only for reads: eventual, and these are {self.reads}")
        return self
