"""Which of a cluster's five endpoints are away: in turn, so that at least three of them are there at any time. Pure.

Sources: ARC Developer Guide, "best practices for routing control": endpoints cycle through available and unavailable
states for maintenance; try each in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2")
"""Where a cluster's endpoints are, in the order in which DescribeCluster tells them."""
AWAY_MAX = len(REGIONS) - 3
"""At least three of five are always there."""


@dataclass(frozen=True)
class Maintenance:
    """count: how many are away at any time. turn_ns: for how long the same ones are. began_ns: of the first turn."""

    count: int
    turn_ns: int
    began_ns: int = 0

    def away(self, now_ns: int) -> tuple[str, ...]:
        """The regions whose endpoints are away now."""
        first = (now_ns - self.began_ns) // self.turn_ns if self.turn_ns else 0
        return tuple(REGIONS[(first + number) % len(REGIONS)] for number in range(self.count))
