"""The two time profiles: `production` uses the documented constants, `fast` divides durations to fit CI."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness import scaling
from harness.units import to_ns, to_s


class Profile(StrEnum):
    """Which constants a run uses. Results are wall seconds of that profile and are never multiplied up."""

    FAST = "fast"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Timing:
    """Scales documented durations to a profile."""

    profile: Profile

    @property
    def scale(self) -> float:
        """0.1 in the fast profile, else 1: what the subject gets as TIME_SCALE."""
        return 0.1 if self.profile is Profile.FAST else 1.0

    def interval_s(self, documented_s: float) -> float:
        """An interval or hold-down in this profile, in seconds."""
        return to_s(scaling.interval_ns(to_ns(documented_s), self.scale))

    def ttl_s(self, documented_s: float) -> int:
        """A TTL in this profile, in whole seconds as on the wire; see `harness.scaling`."""
        return scaling.ttl_s(documented_s, self.scale)

    def timeout_s(self, documented_s: float) -> float:
        """A time-out in this profile, in seconds; see `harness.scaling`."""
        return to_s(scaling.timeout_ns(to_ns(documented_s), self.scale))
