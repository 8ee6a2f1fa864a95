"""How many of how many operations were served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """How many of how many operations were served."""

    good: int
    total: int

    @property
    def value(self) -> float | None:
        """0..1, None when there were none."""
        return self.good / self.total if self.total else None

    @property
    def failure_rate(self) -> float:
        """0..1; 0 when there were none."""
        return (self.total - self.good) / self.total if self.total else 0.0
