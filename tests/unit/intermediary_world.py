"""Intermediaries in a world of numbers: two places, two tables, one API, and a clock that goes as fast as it can."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reference.active_region import Record
from reference.intermediary.decision import Decision
from reference.intermediary.leadership import Asserted, Claim, TableRead
from reference.intermediary.looking import Look
from reference.intermediary.settings import IntermediarySettings, load
from reference.intermediary.state import (
    ARecord,
    Assert,
    Called,
    DropRecord,
    ReadRecord,
    ReadTables,
    State,
    Testify,
    Tick,
    WriteRecord,
)

S, MS = 1_000_000_000, 1_000_000
NYC, SFO, EAST, WEST = "nyc3", "sfo3", "us-east-1", "us-west-2"
ADDRESS = {NYC: "127.0.1.10", SFO: "127.0.2.10"}
DATABASE = {NYC: EAST, SFO: WEST}
POINTS = ("ams3", "fra1", "sgp1")
SECRET = "token"


def environ(**changes: str) -> dict[str, str]:
    """What an intermediary is told, in production's time."""
    places = ", ".join(
        f'{{"name": "{place}", "address": "{ADDRESS[place]}", "database": "{DATABASE[place]}", '
        f'"primary": {str(place == NYC).lower()}, "from": {{"ams3": "127.0.0.1:1", "fra1": "127.0.0.1:2", '
        f'"sgp1": "127.0.0.1:3"}}}}'
        for place in (NYC, SFO)
    )
    return {
        "DIGITALOCEAN_API_URL": "http://127.0.0.1:9", "DIGITALOCEAN_TOKEN": SECRET, "DNS_DOMAIN": "example.com",
        "DNS_RECORD": "app.example.com", "DNS_TTL": "60", "PLACES": f"[{places}]", "TIME_SCALE": "1", **changes,
    }  # fmt: skip


@dataclass
class Api:
    """What the provider's API holds, and how it behaves: well, throttled, failing, unanswered, lost."""

    records: dict[int, str] = field(default_factory=lambda: {1: ADDRESS[NYC]})
    mode: str = "well"
    after_s: float = 2.0
    next_id: int = 2
    calls: list[tuple[int, str, str]] = field(default_factory=list)  # (when, by whom, what)
    writes: list[tuple[int, str, str]] = field(default_factory=list)  # (when, by whom, the address)


class Instance:
    """One intermediary: its machine, and whether its process lives and runs."""

    def __init__(self, world: World, name: str, settings: IntermediarySettings) -> None:
        self.world, self.name, self.settings = world, name, settings
        self.machine = Decision(settings.rules, f"{name}_{next(world.boots)}")
        self.state: State = self.machine.start(world.now_ns)
        self.alive = True
        self.frozen = False
        self.waiting: list[Callable[[], None]] = []
        self.testified: list[tuple[int, str, bool]] = []

    @property
    def leads(self) -> bool:
        return self.alive and self.state.seat.leads(self.world.now_ns)

    def run(self, work: Callable[[], None]) -> None:
        """What the process does: later, where it stands still; never, where it is dead."""
        if self.frozen:
            self.waiting.append(work)
        elif self.alive:
            work()

    def has_testified(self, place: str, well: bool, since_ns: int) -> bool:
        return any(at >= since_ns and (where, how) == (place, well) for at, where, how in self.testified)

    def thaw(self) -> None:
        self.frozen, waiting, self.waiting = False, self.waiting, []
        for work in waiting:
            self.run(work)

    def happened(self, event: Any) -> None:
        self.state, effects = self.machine.step(self.state, event, self.world.now_ns)
        for effect in effects:
            self.world.do(self, effect)
        self.world.check()


class World:
    """Everything, and its clock. Faults are done by changing it between two calls of `go`."""

    def __init__(self, *names: str, seed: int = 0, **changes: str) -> None:
        self.now_ns = 1_000 * S
        self.random = random.Random(seed)
        self.boots = itertools.count()
        self.changes = changes
        self.api = Api()
        self.claims: dict[str, Claim | None] = {EAST: None, WEST: None}
        self.records: dict[str, Record] = dict.fromkeys((EAST, WEST), Record(EAST, 1))
        self.lost_tables: set[str] = set()
        self.cut: set[tuple[str, str]] = set()  # (vantage point, place)
        self.places: dict[str, str] = {NYC: "well", SFO: "unwell"}  # or black-hole, refused
        self.led: list[tuple[int, str]] = []
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.instances: dict[str, Instance] = {}
        for name in names or ("a",):
            self.start(name)

    # -- time ----------------------------------------------------------------------------------------------------
    def later(self, delay_ns: int, work: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now_ns + delay_ns, next(self._numbers), work))

    def go(self, seconds: float, until: Callable[[], bool] | None = None) -> float:
        """Let time pass, or until something holds; how long that was."""
        began_ns, end_ns = self.now_ns, self.now_ns + round(seconds * S)
        while self._queue and self._queue[0][0] <= end_ns:
            self.now_ns, _, work = heapq.heappop(self._queue)
            work()
            if until is not None and until():
                return (self.now_ns - began_ns) / S
        assert until is None, "it never came to that"
        self.now_ns = end_ns
        return seconds

    # -- who runs ------------------------------------------------------------------------------------------------
    def start(self, name: str) -> Instance:
        delay = {"b": "20"}.get(name, "0")
        settings = load(environ(CLAIM_DELAY_SECONDS=delay, **self.changes))
        instance = self.instances[name] = Instance(self, name, settings)
        self.later(self.random.randrange(2500 * MS), lambda: self._tick(instance))
        for point in POINTS:
            for place in (NYC, SFO):
                self.later(self.random.randrange(5 * S), lambda p=point, at=place: self._look(instance, p, at))
        return instance

    @property
    def leaders(self) -> list[str]:
        return [name for name, instance in self.instances.items() if instance.leads]

    def check(self) -> None:
        """The one law: never two that may act."""
        assert len(self.leaders) <= 1, self.leaders
        for name in self.leaders:
            if not self.led or self.led[-1][1] != name:
                self.led.append((self.now_ns, name))

    def _tick(self, instance: Instance) -> None:
        if instance.alive:
            instance.run(lambda: instance.happened(Tick()))
            self.later(2500 * MS, lambda: self._tick(instance))

    def _look(self, instance: Instance, point: str, place: str) -> None:
        if not instance.alive:
            return
        how = "black-hole" if (point, place) in self.cut else self.places[place]
        took_ns = 2 * S if how == "black-hole" else 10 * MS
        reason = "" if how == "well" else how
        self.later(took_ns, lambda: instance.run(lambda: instance.happened(Look(point, place, not reason, reason))))
        self.later(max(5 * S, took_ns), lambda: self._look(instance, point, place))

    # -- what they do --------------------------------------------------------------------------------------------
    def do(self, instance: Instance, effect: Any) -> None:
        match effect:
            case ReadTables():
                for region in (EAST, WEST):
                    self._table(instance, region, lambda r: TableRead(r, True, self.records[r], self.claims[r]))
            case Assert(claim=claim, wanted=wanted):
                for region, held in wanted.items():
                    self._table(
                        instance,
                        region,
                        lambda r, c=claim, h=held, at=self.now_ns: self._assert(r, c, h, at),
                        Asserted(region, claim, "failed", self.now_ns),
                    )
            case ReadRecord() | WriteRecord() | DropRecord():
                self.later(5 * MS, lambda: instance.run(lambda: self._call(instance, effect)))
            case Testify(place=place, well=well):
                instance.testified.append((self.now_ns, place, well))

    def _table(self, instance: Instance, region: str, call: Callable[[str], Any], failed: Any = None) -> None:
        failed = failed or TableRead(region, False)

        def reached() -> None:
            if region in self.lost_tables:
                self.later(1 * S, lambda: instance.run(lambda: instance.happened(failed)))
                return
            answer = call(region)
            self.later(5 * MS, lambda: instance.run(lambda: instance.happened(answer)))

        self.later(5 * MS, lambda: instance.run(reached))

    def _assert(self, region: str, claim: Claim, wanted: Claim | None, sent_ns: int) -> Asserted:
        held = self.claims[region]
        own = held is not None and (held.holder, held.epoch) == (claim.holder, claim.epoch)
        if held == wanted or (own and wanted is not None and wanted.holder == claim.holder):
            self.claims[region] = claim
            return Asserted(region, claim, "taken", sent_ns)
        return Asserted(region, claim, "refused", sent_ns, held)

    def _call(self, instance: Instance, effect: ReadRecord | WriteRecord | DropRecord) -> None:
        api = self.api

        def answer(called: Called, delay_ns: int = 10 * MS) -> None:
            self.later(delay_ns, lambda: instance.run(lambda: instance.happened(called)))

        if not isinstance(effect, ReadRecord) and self.now_ns >= effect.send_by_ns:
            answer(Called("not-sent"))
            return
        api.calls.append((self.now_ns, instance.name, type(effect).__name__))
        if api.mode == "lost":
            answer(Called("unknown", detail="time-out"), 2 * S)
        elif api.mode == "throttled":
            answer(Called("throttled", after_s=api.after_s))
        elif api.mode == "failing":
            answer(Called("unknown", detail="503"))
        else:
            called = self._carried_out(instance, effect)
            lost = api.mode == "unanswered" and not isinstance(effect, ReadRecord)
            answer(Called("unknown", detail="time-out") if lost else called, 2 * S if lost else 10 * MS)

    def _carried_out(self, instance: Instance, effect: ReadRecord | WriteRecord | DropRecord) -> Called:
        api = self.api
        match effect:
            case ReadRecord():
                return Called("done", tuple(ARecord(number, at, 60) for number, at in sorted(api.records.items())))
            case WriteRecord(id=None, address=address):
                api.records[api.next_id] = address
                api.next_id += 1
            case WriteRecord(id=int(number), address=address):
                if number not in api.records:
                    return Called("missing")
                api.records[number] = address
            case DropRecord(id=number):
                return Called("done" if api.records.pop(number, None) else "missing")
        self.api.writes.append((self.now_ns, instance.name, address))
        return Called("done")

    # -- what goes wrong -----------------------------------------------------------------------------------------
    def lose_platform(self, place: str, how: str = "black-hole", decided_after_s: float | None = 45.0) -> None:
        """A place is lost; the one decider moves to the other side after some time, and that place is well then."""
        self.places[place] = how
        if decided_after_s is not None:
            other = SFO if place == NYC else NYC
            self.later(round(decided_after_s * S), lambda: self.decide(DATABASE[other]))

    def decide(self, region: str) -> None:
        """The one decider moves to a region."""
        record = Record(region, max(r.epoch for r in self.records.values()) + 1)
        for table in (EAST, WEST):
            if table not in self.lost_tables:
                self.records[table] = record
        for place, database in DATABASE.items():
            if self.places[place] in ("well", "unwell"):
                self.places[place] = "well" if database == region else "unwell"

    @property
    def addresses(self) -> list[str]:
        return list(self.api.records.values())
