"""What the process of global tables is told, when it starts and once the links are up."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.kit.address import LoopbackAddress
from harness.kit.config import Strict, Text


class GlobalTablesConfig(Strict):
    """regions: with a database. witness: a region without one, of strong consistency. lag_median_ns, lag_sigma: of a
    change. skew_ns: by region. seed: of all draws. events: file of history events. metric_period_ns: of
    ReplicationLatency.
    """

    regions: tuple[Text, ...]
    witness: Text | None = None
    consistency: Literal["eventual", "strong"] = "eventual"
    lag_median_ns: int = Field(gt=0)
    lag_sigma: float = Field(ge=0)
    skew_ns: dict[str, int] = Field(default_factory=dict)
    seed: int = 0
    events: Path
    metric_period_ns: int = Field(gt=0)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every region that takes part."""
        return (*self.regions, *filter(None, (self.witness,)))


class Connected(Strict):
    """The body of `POST /connect`: where each region's server and file of changes is, and by path the link to dial."""

    servers: dict[str, LoopbackAddress]
    changes: dict[str, Path]
    peers: dict[str, LoopbackAddress]


def path_name(source: str, target: str) -> str:
    """How a path is called in `Connected.peers`, and before people."""
    return f"{source}->{target}"
