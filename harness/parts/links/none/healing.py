"""Nothing of ours is ever broken where there are no links of ours."""

from __future__ import annotations

from collections.abc import Mapping


def heal(handle: Mapping[str, str]) -> list[str]:
    """See harness.world.links.heal."""
    return []


def broken(handle: Mapping[str, str]) -> tuple[str, ...]:
    """See harness.world.links.broken."""
    return ()
