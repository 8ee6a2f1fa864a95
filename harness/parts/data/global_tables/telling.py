"""What people and CloudWatch are told of replication: its state by path, how long changes took, who lost to whom."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.history.events import Happening
from harness.parts.data.global_tables.calling import Server, scope_of
from harness.parts.data.global_tables.model import Lost, Path
from harness.units import NS_PER_MS, NS_PER_S

KIND = "replication"
_LATE_NS = 5 * NS_PER_S
"""A change that waits for longer is told of."""


@dataclass
class _Seen:
    """Of one path."""

    failing: str = ""
    told: str = ""
    conflicts: list[str] = field(default_factory=list)
    taken: dict[str, list[int]] = field(default_factory=dict)


class Telling:
    """Gathers and tells. record: where events go."""

    def __init__(self, record: Callable[[Happening], None]) -> None:
        self._record = record
        self._paths: dict[Path, _Seen] = {}
        self.losers = 0

    def replicated(self, table: str, path: Path, latency_ns: int) -> None:
        """A change has come to where it had to."""
        self._of(path).taken.setdefault(table, []).append(latency_ns)

    def lost(self, table: str, effect: Lost) -> None:
        """A write has lost to a newer one. Nothing in AWS tells that; here it is told, as World truth."""
        self.losers += 1
        loser, winner = effect.loser.stamp, effect.winner.stamp
        apart_ms = (winner.ns - loser.ns) // NS_PER_MS
        text = f"one of {loser.region} in {table} lost to one of {winner.region} that is {apart_ms} ms newer"
        self._of((loser.region, effect.region)).conflicts.append(text)

    def conflicts(self) -> None:
        """Tell of those that there were since the last call, of each path at once."""
        for path, seen in self._paths.items():
            found, seen.conflicts = seen.conflicts, []
            if found:
                what = "a conflict" if len(found) == 1 else f"{len(found)} conflicts"
                self._say(f"{path[0]} to {path[1]}", what, found[-1], lasts=False)

    def failed(self, path: Path, why: str) -> None:
        """A message was not answered."""
        self._of(path).failing = why

    def answered(self, path: Path) -> None:
        """One was."""
        self._of(path).failing = ""

    def state(self, waiting: Mapping[Path, tuple[int, int]], paths: tuple[Path, ...]) -> None:
        """Tell of each path whether changes get through, when that is not as it was."""
        now_ns = monotonic_ns()
        for path in paths:
            seen = self._of(path)
            _, since_ns = waiting.get(path, (0, now_ns))
            stands_still = bool(seen.failing) and path in waiting
            late = now_ns - since_ns > _LATE_NS
            now = "stands still" if stands_still else "is late" if late else "replicates"
            if now == seen.told:
                continue
            self._say(f"{path[0]} to {path[1]}", now, seen.failing, good=now == "replicates", before=seen.told)
            seen.told = now

    def _say(
        self, thing: str, what: str, text: str, *, lasts: bool = True, good: bool | None = None, before: str = ""
    ) -> None:
        self._record(Happening(KIND, thing, what, monotonic_ns(), text=text, lasts=lasts, good=good, before=before))

    def _of(self, path: Path) -> _Seen:
        return self._paths.setdefault(path, _Seen())

    async def publish(self, servers: Mapping[str, Server]) -> None:
        """ReplicationLatency of what came since the last call, to CloudWatch in the region where it was written.

        In milliseconds, by table and receiving region (Developer Guide, "DynamoDB metrics and dimensions"). What waits
        tells nothing, and a region that is lost takes its metric along.
        """
        for path, seen in self._paths.items():
            taken, seen.taken = seen.taken, {}
            for table, latencies_ns in taken.items():
                try:
                    await _put_metric(servers[path[0]], table, path[1], latencies_ns)
                except WorldError:
                    return  # the world ends, or the region's server does


async def _put_metric(server: Server, table: str, receiving: str, latencies_ns: list[int]) -> None:
    values = [one / NS_PER_MS for one in latencies_ns]
    prefix = "MetricData.member.1"
    form = {
        "Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "AWS/DynamoDB",
        f"{prefix}.MetricName": "ReplicationLatency", f"{prefix}.Unit": "Milliseconds",
        f"{prefix}.Dimensions.member.1.Name": "TableName", f"{prefix}.Dimensions.member.1.Value": table,
        f"{prefix}.Dimensions.member.2.Name": "ReceivingRegion", f"{prefix}.Dimensions.member.2.Value": receiving,
        f"{prefix}.StatisticValues.SampleCount": str(len(values)), f"{prefix}.StatisticValues.Sum": str(sum(values)),
        f"{prefix}.StatisticValues.Minimum": str(min(values)), f"{prefix}.StatisticValues.Maximum": str(max(values)),
    }  # fmt: skip
    headers = {
        "Authorization": scope_of(server.region, "monitoring"), "X-Amz-Date": "20260101T000000Z",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Host": f"monitoring.{server.region}.amazonaws.com",
    }  # fmt: skip
    await server.passed_on(headers, urllib.parse.urlencode(form).encode())
