"""Global tables in model time: the machines of items, a clock that jumps, and paths that can be cut. Pure.

For tests and benchmarks, and for whoever wants to know what to expect of a distribution of delays: thousands of region
losses take seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.parts.data.global_tables import model
from harness.parts.data.global_tables.lag import LagLaw
from harness.parts.data.global_tables.model import Image, Item, Path, Version
from harness.units import NS_PER_S

RETRY_NS = NS_PER_S // 5


@dataclass(frozen=True, slots=True)
class Loss:
    """What a region had acknowledged when it was lost, and another one did not show. age_ns: of the oldest, or 0."""

    items: int
    age_ns: int


@dataclass
class Simulation:
    """Some regions. skew_ns: of their clocks; flight_ns: how long a message takes over a path."""

    regions: tuple[str, ...]
    lag: LagLaw
    seed: int = 0
    skew_ns: Mapping[str, int] = field(default_factory=dict)
    flight_ns: int = 0
    now_ns: int = 0
    items: dict[str, Item] = field(default_factory=dict)
    cut: set[Path] = field(default_factory=set)
    lost: list[model.Lost] = field(default_factory=list)
    latencies_ns: list[int] = field(default_factory=list)
    written: list[tuple[str, Version]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue: list[tuple[int, int, str, model.Event]] = []
        self._count = 0

    def write(self, region: str, key: str, image: Image | None) -> Version:
        """Somebody writes now; what it became."""
        self._count += 1
        lags_ns = {
            other: self.lag.draw_ns(self.seed, region, other, self._count) for other in self.regions if other != region
        }
        at_ns = self.now_ns + self.skew_ns.get(region, 0)
        self._step(key, model.Written(region, at_ns, image, lags_ns))
        version = self.items[key].shown[region]
        self.written.append((key, version))
        return version

    def run_until(self, then_ns: int) -> None:
        """Let time pass."""
        while self._queue and self._queue[0][0] <= then_ns:
            self.now_ns, _, key, event = heapq.heappop(self._queue)
            self._step(key, event)
        self.now_ns = max(self.now_ns, then_ns)

    def settle(self, limit_s: float = 3_600.0) -> None:
        """Until nothing waits any more, or so long."""
        limit_ns = self.now_ns + round(limit_s * NS_PER_S)
        while self._queue and self._queue[0][0] <= limit_ns:
            self.run_until(self._queue[0][0])

    def behind(self, source: str, target: str) -> Iterator[Version]:
        """The writes of a region that another one does not show, nor anything newer."""
        for item in self.items.values():
            ours, theirs = item.shown.get(source), item.shown.get(target)
            if ours is not None and ours.stamp.region == source and (theirs is None or theirs.stamp < ours.stamp):
                yield ours

    def loss(self, source: str, target: str) -> Loss:
        """What is lost if a region is lost now."""
        ages_ns = [self.now_ns - version.stamp.ns for version in self.behind(source, target)]
        return Loss(len(ages_ns), max(ages_ns, default=0))

    def _step(self, key: str, event: model.Event) -> None:
        self.items[key], effects = model.step(self.items.get(key, Item()), event, self.now_ns)
        for effect in effects:
            match effect:
                case model.Wake(path=path, due_ns=due_ns):
                    self._later(due_ns, key, model.Due(path))
                case model.Send(path=path) if path in self.cut:
                    self._step(key, model.Failed(path, RETRY_NS))
                case model.Send(path=path, version=version):
                    self._later(self.now_ns + self.flight_ns, key, model.Arrived(path, version))
                    self._later(self.now_ns + self.flight_ns, key, model.Settled(path, version.stamp))
                case model.Apply(region=region, version=version):
                    self._step(key, model.Landed(region, version))
                case model.Lost():
                    self.lost.append(effect)
                case model.Replicated(latency_ns=latency_ns):
                    self.latencies_ns.append(latency_ns)

    def _later(self, then_ns: int, key: str, event: model.Event) -> None:
        self._count += 1
        heapq.heappush(self._queue, (then_ns, self._count, key, event))
