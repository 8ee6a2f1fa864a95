"""The commits of every database of a world, in their own order, as far as all of them tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.history.events import Commit
from harness.live.replication import Replicated, ReplicationWatch
from harness.topology.subject import Subject
from harness.topology.timing import Timing
from harness.units import to_ns
from harness.world.regions import CommitFeed, RegionServer

REPLICATION_PATIENCE_S = 150.0
"""Production seconds in which a write must have been seen in every database, before a drill goes on without."""


class FollowedCommits:
    """What was committed in one drill, and whether it was replicated. Nothing is known before `begin`."""

    def __init__(self, databases: Sequence[str], subject: Subject, timing: Timing) -> None:
        self._databases = databases
        self._subject = subject
        self._timing = timing
        self._commits: list[Commit] = []
        self._feeds: Sequence[CommitFeed] | None = ()
        self._replication = ReplicationWatch(())

    def begin(self, servers: Iterable[RegionServer]) -> None:
        """Follow them anew. None of it where a server keeps no order of commits: then scans must do."""
        self._commits.clear()
        promised = self._subject.replication == "promised"
        patience_ns = to_ns(self._timing.interval_s(REPLICATION_PATIENCE_S))
        self._replication = ReplicationWatch(self._databases, None if promised else patience_ns)
        feeds = [server.commits() for server in servers]
        known = [feed for feed in feeds if feed is not None]
        self._feeds = known if self._subject.tables and len(known) == len(feeds) else None

    def poll(self) -> Sequence[Commit] | None:
        """All of them so far; None where a database does not tell, or no longer."""
        if self._feeds is None:
            return None
        for told in [feed.poll() for feed in self._feeds]:
            if told is None:
                self._feeds = None
                return None
            new = [event for event in told if isinstance(event, Commit)]
            self._commits += new
            self._replication.take(new)
        return self._commits

    def replicated(self, now_ns: int) -> Replicated:
        """Which databases a write has not reached."""
        return self._replication.state(now_ns)
