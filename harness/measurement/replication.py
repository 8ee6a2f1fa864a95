"""Whether writes are being replicated: the same value was committed to every database within the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from harness.clock import NS_PER_S
from harness.history.events import Commit

RECENT_NS = 10 * NS_PER_S


class ReplicationSeen:
    """Fed one commit at a time, O(1) each; remembers only what is recent."""

    def __init__(self, databases: Iterable[str], recent_ns: int = RECENT_NS) -> None:
        self._databases = frozenset(databases)
        self._recent_ns = recent_ns
        self._newest_ns = 0
        self._arrived: dict[str, set[str]] = {}
        self._order: deque[tuple[int, str]] = deque()
        self._everywhere_ns: int | None = None

    def add(self, commits: Iterable[Commit]) -> None:
        """Take new commits into account."""
        for commit in commits:
            self._newest_ns = max(self._newest_ns, commit.mono_ns)
            if commit.v is None or commit.region not in self._databases:
                continue
            if commit.v not in self._arrived:
                self._arrived[commit.v] = set()
                self._order.append((commit.mono_ns, commit.v))
            arrived = self._arrived[commit.v]
            arrived.add(commit.region)
            if arrived == self._databases:
                self._everywhere_ns = max(self._everywhere_ns or 0, commit.mono_ns)
        while self._order and self._order[0][0] < self._newest_ns - self._recent_ns:
            self._arrived.pop(self._order.popleft()[1], None)

    @property
    def lately(self) -> bool:
        """Whether a value has reached every database lately; of a single database, whether anything was written."""
        return self._everywhere_ns is not None and self._everywhere_ns >= self._newest_ns - self._recent_ns
