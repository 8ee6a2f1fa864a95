"""Seeded chance: the same seed, proxy, toxic and order of connections give the same draws, whatever the timing.

A toxic numbers the connections that it meets from 0 (those that were open when it was added first, oldest first).
Removing and adding it again starts over.
"""

from __future__ import annotations

from random import Random


def stream(seed: int, proxy: str, toxic: str, number: int) -> Random:
    """The stream of draws of one toxic for the `number`-th connection that it meets."""
    return Random(f"{seed}/{proxy}/{toxic}/{number}")
