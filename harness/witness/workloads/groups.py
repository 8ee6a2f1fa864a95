"""Groups: two items under fresh keys that one request writes, all of it or nothing.

Each is written once and never again, so a part of one shows by itself. Its two items are read one after the other by
one client, in turn the first of them first and the second: where one is shown, the other must be there.
"""

from __future__ import annotations

KEPT = 16
"""Acknowledged groups that are read, the newest mostly: what is on its way to another side is seen there in part."""

Group = tuple[str, str]
"""The keys of its two items."""


def to_read(groups: tuple[Group, ...], turn: int) -> Group | None:
    """A group, as the key that is read now and the one that is read next; None: there is none yet."""
    if not groups:
        return None
    one, other = groups[-1] if turn % 4 else groups[turn // 4 % len(groups)]
    return (one, other) if turn % 2 else (other, one)
