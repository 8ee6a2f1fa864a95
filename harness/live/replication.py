"""Whether writes are being replicated, told from the commits as they come: each is looked at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.history.events import Commit
from harness.units import NS_PER_S, to_s

RECENT_NS = 10 * NS_PER_S
_WAYS = "; if that is meant so, the subject file says `replication: none`, else `replication: promised`"


@dataclass(frozen=True)
class Replicated:
    """missing: why replication is not known to work, where it must; notes: that it does not, where it may not."""

    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ReplicationWatch:
    """Which values every database has committed in the last seconds. databases: by region.

    patience_ns: for so long after the first commit a write of every database is waited for; None: for ever.
    """

    def __init__(self, databases: Sequence[str], patience_ns: int | None = None) -> None:
        self._databases = frozenset(databases)
        self._patience_ns = patience_ns
        self._since_ns: int | None = None
        self._worked = False
        self._recent: deque[Commit] = deque()
        self._seen: dict[str, dict[str, int]] = {}
        self._complete = 0

    def take(self, commits: Iterable[Commit]) -> None:
        """More commits, of any of the databases."""
        newest_ns = 0
        for commit in commits:
            newest_ns = max(newest_ns, commit.mono_ns)
            self._since_ns = commit.mono_ns if self._since_ns is None else self._since_ns
            if commit.v is not None and commit.region in self._databases:
                self._recent.append(commit)
                self._count(commit.v, commit.region, 1)
        while self._recent and self._recent[0].mono_ns < newest_ns - RECENT_NS:
            gone = self._recent.popleft()
            self._count(str(gone.v), gone.region, -1)

    def _count(self, value: str, region: str, change: int) -> None:
        by_region = self._seen.setdefault(value, {})
        before = len(by_region) == len(self._databases)
        by_region[region] = by_region.get(region, 0) + change
        if not by_region[region]:
            del by_region[region]
        self._complete += (len(by_region) == len(self._databases)) - before
        if not by_region:
            del self._seen[value]

    def reasons(self) -> list[str]:
        """Why replication is not known to work; none when it is, or there is nothing to replicate to."""
        works = self._complete > 0 or len(self._databases) < 2
        return [] if works else ["no write has been replicated lately"]

    def state(self, now_ns: int) -> Replicated:
        """Whether replication works. What worked once must go on working; what never did is waited for, for a while."""
        reasons = self.reasons()
        if not reasons:
            self._worked = True
            return Replicated()
        if self._worked or self._patience_ns is None:
            return Replicated(missing=tuple(reasons))
        if self._since_ns is None or now_ns - self._since_ns <= self._patience_ns:
            return Replicated(missing=("no write has been replicated yet",))
        waited = f"within {to_s(self._patience_ns):.0f} s"
        return Replicated(notes=(f"nothing is replicated: no write came to every database {waited}{_WAYS}",))
