"""A whole world in fast forward: a backend for drills whose clock only runs when somebody sleeps on it.

What happens in it is a `Story`: how the subject behaves when its region is lost. Faults are planned over the true
wiring of the embedded environment, clients work on the same grid as the witness's and keep the same books, and every
event carries the simulated time. What becomes of the data is in simulated_data.py. Nothing is random, so a drill that
is run twice gives the same history.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from simulated_data import TABLE, Replication, Tables

from harness.clock import Clock
from harness.drill.backend import Archive, Rebuild, Runbook, SteadyEvidence
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.drill.plan import DrillPlan
from harness.drill.reconciled import CaseReconciled
from harness.drill.settings import Settings, parse_settings
from harness.drill.stopping.command import Said
from harness.errors import WorldError
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.history.events import (
    CanaryProbe,
    Commit,
    Completion,
    DnsAnswer,
    Event,
    FaultEvent,
    Function,
    HealthTransition,
    Invoke,
)
from harness.names import link_name
from harness.outcome import Outcome
from harness.topology.environment import Environment
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Subject
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_MS, to_ns
from harness.wire.exchange import Response
from harness.witness import attention
from harness.witness.attention import AttentionState
from harness.witness.grid import Grid
from harness.witness.ledger import Ledgers, LedgerState, Offers, Planned, Read, Settled, Write
from harness.witness.samples import Samples
from harness.witness.workloads.mix import Mix
from harness.world.assembly import build
from harness.world.part import Blueprint, Edge
from harness.world.wires import Arrow

ROOT = Path(__file__).parents[2]
EAST, WEST = "us-east-1", "us-west-2"
EDGES = {EAST: "127.0.1.10", WEST: "127.0.2.10"}
GHOST = "127.0.9.9"
"""An address that belongs to no place of the environment."""
LOOK_NS = 200 * NS_PER_MS
"""How much of what happens comes at once to whoever waits for something to happen."""
LATENCY_NS = 5 * NS_PER_MS
CANARY_PERIOD_NS = 250 * NS_PER_MS
REFUSAL = Response(
    409, {"content-type": "application/json"}, b'{"error": "not active"}', reusable=True, reason="Conflict"
)
"""What a region that is not active says to a write."""
CLOSELY = 4
"""How much more often clients look where it hurts."""


def environment() -> Environment:
    """The embedded environment as shipped."""
    return load_environment(ROOT / "environments" / "embedded.yaml")


@dataclass(frozen=True)
class World:
    """What a simulated world is made of, where it is not the embedded one as shipped."""

    environment: Environment
    subject: Subject
    timing: Timing


def slow_environment(rate_per_s: float, period_s: float = 1.0) -> World:
    """The embedded environment with fewer operations: of the judged clients, and of each other client and kind."""
    shipped = environment()
    workload = shipped.workload.model_copy(update={"rate_per_s": rate_per_s, "other_period_s": period_s})
    return World(shipped.model_copy(update={"workload": workload}), subject(), Timing(Profile.FAST))


def subject() -> Subject:
    """The reference subject as shipped."""
    return load_subject(ROOT / "reference" / "subject.yaml", environment())


def links() -> list[Link]:
    """Every link of the embedded world."""
    return [arrow.link for arrow in arrows(Blueprint(environment(), subject(), Timing(Profile.FAST)))]


class Nowhere:
    """Ground on which nothing runs: every process is ready at once, and listens nowhere."""

    folder = Path()

    def __init__(self, environment: Environment) -> None:
        self.edges = {p.name: Edge(p.name, f"127.0.{n}.10", f"127.0.{n}.10", 80)
                      for n, p in enumerate(environment.places, 1)}  # fmt: skip
        self._ports = count(1001)

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Any:
        address = ["127.0.0.1", next(self._ports)]
        told: dict[str, Any] = dict.fromkeys(("listen", "admin", "api", "dns"), address)
        asked = (*config.get("resolvers", ()), *config.get("name_servers", ()))
        ways = [(source, to) for source in ("clients", "canary", *asked) for to in asked]
        told["links"] = {f"{source}->{to}:dns": ["127.0.0.1", next(self._ports)] for source, to in ways}
        return SimpleNamespace(name=name, ready=lambda timeout_s: told)

    def free_port(self) -> int:
        return next(self._ports)

    def on_close(self, action: Any) -> None:
        """Nothing is taken down."""

    def run(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path, answers: Any) -> Any:
        return SimpleNamespace(name=name, ready=lambda timeout_s: {})

    def outlives(self, what: str, family: str, kind: str, handle: Mapping[str, str]) -> None:
        """Nothing is made."""

    def launcher(self) -> Any:
        """Nobody starts anything."""


def arrows(blueprint: Blueprint) -> list[Arrow]:
    """Every arrow of a world that is not started."""
    ground, parts = Nowhere(blueprint.environment), build(blueprint)
    for part in parts:
        part.start(ground)
    return [arrow for part in parts for arrow in part.arrows()]


@dataclass(frozen=True)
class Story(Replication):
    """How the subject behaves, and (as Replication tells) what becomes of its data.

    Seconds are wall seconds of the simulation; None: never. takeover_s: from the loss of the active region until the
    standby accepts writes; answer_s: from there until DNS answers with it; failback_s: from the heal until the primary
    accepts again. hasty: takes over even when the loss is over by then. relapse: the standby fails between these two
    moments after takeover; relapse_back: the primary, after its return (None: for good). fenced: a side that is not
    active refuses writes. bites: faults do something. lateness_s: of the witness. answer_changes_at_s: the answer
    changes at this moment although nothing was lost. stalls: replication heeds a stall. unsent: operations that the
    witness was too late to send. overloaded: some calls to the databases take too long, whatever is broken. stray: one
    of so many operations of the clients fails, whatever else happens; 0: none. void_s: a side whose database is lost
    goes on acknowledging writes for that long, and stores none. own_keys: clients write keys of their own only. counts:
    the application offers increments. groups: it writes two items at once. lacks: capabilities that this world has not,
    and why.
    command: of each run of the stop command how long it takes, and its exit code (None: it never ends); the last one is
    said again and again.
    """

    takeover_s: float | None = 3.0
    answer_s: float = 1.0
    failback_s: float | None = 2.0
    hasty: bool = False
    relapse: tuple[float, float] | None = None
    relapse_back: tuple[float, float | None] | None = None
    fenced: bool = True
    unsent: int = 0
    overloaded: bool = False
    stray: int = 0
    stalls: bool = True
    bites: bool = True
    lateness_s: float = 0.0
    answer_changes_at_s: float | None = None
    steady: bool = True
    deaths: tuple[str, ...] = ()
    takeovers: int = 1000
    later_takeover_s: float | None = None
    return_s: float | None = 1.0
    ghost: bool = False
    canary_period_s: float = CANARY_PERIOD_NS / 1e9
    void_s: float = 0.0
    own_keys: bool = False
    counts: bool = False
    groups: bool = False
    lacks: tuple[tuple[str, str], ...] = ()
    command: tuple[tuple[float, int | None], ...] = ()


class SimulatedClock:
    """Time that passes when somebody sleeps: what falls due until then happens in order of time."""

    def __init__(self) -> None:
        self.ns = to_ns(1000)
        self._due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()

    def now_ns(self) -> int:
        return self.ns

    def sleep_s(self, seconds: float) -> None:
        self.run_until(self.ns + to_ns(seconds))

    def run_until(self, until_ns: int) -> None:
        """Let happen what falls due until then."""
        due = self._due
        while due and due[0][0] <= until_ns:
            self.ns, _, happen, arguments = heapq.heappop(due)
            happen(*arguments)
        self.ns = until_ns

    @property
    def next_ns(self) -> int | None:
        """When the next thing falls due."""
        return self._due[0][0] if self._due else None

    def forget(self) -> None:
        """Nothing that was to happen happens."""
        self._due.clear()

    def after(self, delay_ns: int, happen: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._due, (self.ns + delay_ns, next(self._order), happen, arguments))


@dataclass
class HeldFault:
    """A fault of the simulation; see harness.drill.backend.ActiveFault."""

    world: SimulatedBackend
    fault: Fault
    plan: Plan
    started: FaultEvent
    stopped: FaultEvent | None = None

    @property
    def kinds_used(self) -> tuple[str, ...]:
        return ("black_hole: simulated",) if self.fault.mode == "black-hole" else ()

    def heal(self) -> None:
        if self.stopped is None:
            now_ns = self.world.clock.now_ns()
            self.stopped = replace(self.started, f="stop", mono_ns=now_ns, until_ns=now_ns + NS_PER_MS)
            self.world.healed(self)


@dataclass
class Client:
    """One client: whom it asks (an address of its own, or a cached DNS answer)."""

    cohort: str
    name: str
    address: str
    attention: AttentionState = field(default_factory=AttentionState)
    grids: tuple[Grid, Grid] = (Grid(0, 1), Grid(0, 1))
    samples: Samples = field(default_factory=Samples)
    looking: set[bool] = field(default_factory=set)
    """Whether it looks closely by writes (True), by reads (False)."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a request. stored: an acknowledged write takes effect."""

    outcome: Outcome
    after_ns: int
    error: str | None = None
    stored: bool = True


@dataclass
class SimulatedCommand:
    """A stop command of the simulation; see harness.drill.stopping.command.CommandUnderWay."""

    clock: SimulatedClock
    ends_ns: int
    code: int | None
    number: int

    def ended(self) -> Said | None:
        done = self.code is not None and self.clock.ns >= self.ends_ns
        return Said(self.code, (f"looked {self.number} times",)) if done else None

    def end(self) -> Said:
        return Said(None, (f"ended in look {self.number}",))


class SimulatedBackend:
    """See harness.drill.backend.Backend."""

    def __init__(self, story: Story = Story(), options: Any = None, folder: Path | None = None) -> None:
        self.story = story
        self.environment = environment() if options is None else options.environment
        self.subject = subject() if options is None else options.subject
        self.timing = Timing(Profile.FAST) if options is None else options.timing
        self.edges: Mapping[str, str] = EDGES
        self._clock = SimulatedClock()
        self.clock: Clock = self._clock
        self._links = links()
        self._regions = {address: region for region, address in EDGES.items()}
        self._drills = count()
        self._strays = count(1)
        self.failures_left: dict[str, int] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def __enter__(self) -> SimulatedBackend:
        return self

    def __exit__(self, *error: object) -> None:
        self.heal_all()

    # --- one drill ---------------------------------------------------------------------------------------------

    def open_drill(self, folder: Path, settings: Settings) -> None:
        self._clock.forget()
        self._new: list[Event] = []
        self._tables = Tables((EAST, WEST), self.story, self._clock.now_ns, self._clock.after, self._replicates)
        self._clients: list[Client] = []
        self._ledgers = Ledgers(f"h{next(self._drills)}")
        self._lost_ns: dict[str, int] = {}
        self._held: list[HeldFault] = []
        self._seen_faults()
        self._taken_over = 0
        self._commands = 0
        self._epochs = {EAST: 1, WEST: 0}
        self._active: str | None = EAST
        self._accepting = {EAST}
        self._relapsed = self._gone_again = False
        self._answered = EDGES[EAST]
        self._frozen = False
        self._begun_ns = self._clock.ns
        self._working = True
        self._start_clients()
        for link in self._links:
            if link.from_canary:
                self._every(to_ns(self.story.canary_period_s), lambda name=link.name: self._probe(name))
        if self.story.answer_changes_at_s is not None:
            self._clock.after(to_ns(self.story.answer_changes_at_s), self._answer, WEST)

    def close_drill(self) -> Sequence[str]:
        self.stop_workload()
        return ()

    def poll(self) -> Sequence[Event]:
        found, self._new = self._new, []
        return found

    def wait(self, until_ns: int) -> None:
        while not self._new and self._clock.ns < until_ns:
            next_ns = self._clock.next_ns
            self._clock.run_until(
                until_ns if next_ns is None else min(until_ns, max(next_ns, self._clock.ns) + LOOK_NS)
            )

    def steady_evidence(self) -> SteadyEvidence:
        if not self.story.steady:
            return SteadyEvidence(("3 of 16 checkers of us-west-2 have data",))
        early = self._clock.ns - self._begun_ns < to_ns(1)
        return SteadyEvidence(("no write has been replicated yet",) if early else ())

    def disable_failover(self) -> None:
        self._frozen = True

    def stop_workload(self) -> int:
        self._working = False
        self._clock.sleep_s(1.2)
        return self.story.unsent

    def data(self) -> Mapping[str, Mapping[str, Mapping[str, str | None]]]:
        return {region: {TABLE: dict(items)} for region, items in self._tables.items.items()}

    def reconcile(self, databases: tuple[str, str], policy: str) -> CaseReconciled:
        """A side decides; the other one then holds what it does."""
        winner, loser = databases
        here, there = self._tables.items[winner], self._tables.items[loser]
        keys = [key for key in {*here, *there} if here.get(key) != there.get(key)]
        lost = tuple(text for key in keys if (text := there.get(key)) is not None)
        there.clear()
        there.update(here)
        now_ns = self._clock.now_ns()
        return CaseReconciled(
            TABLE, databases, policy, len(keys), {}, {}, len(keys), {winner: len(keys)}, lost, 0, 0, now_ns, now_ns
        )  # fmt: skip

    def run_stop_command(self) -> SimulatedCommand:
        runs = self.story.command or ((0.1, 0),)
        took_s, code = runs[min(self._commands, len(runs) - 1)]
        self._commands += 1
        return SimulatedCommand(self._clock, self._clock.ns + to_ns(took_s), code, self._commands)

    def runbook(self, database: str) -> Runbook:
        raise WorldError("nothing can be restored here")

    def archive(self, database: str) -> Archive:
        raise WorldError("nothing can be backed up here")

    def rebuild(self, database: str, survivor: str) -> Rebuild:
        raise WorldError("nothing can be rebuilt here")

    def written(self, database: str, items_max: int) -> Mapping[str, str | None] | None:
        items = dict(self._tables.items[database])
        return items if len(items) <= items_max else None

    def commits(self) -> Sequence[Commit] | None:
        return self._tables.commits

    def deaths(self) -> Sequence[str]:
        return self.story.deaths

    def versions(self) -> Mapping[str, str]:
        return {"harness": "simulated"}

    def capabilities(self) -> Mapping[str, bool | str]:
        return {"rto": True, "refused_operations": True, "poison_records": True} | dict(self.story.lacks)

    def calibration(self) -> Mapping[str, float]:
        return {"capacity_per_s": 1000.0, "rate_per_s": self.environment.workload.rate_per_s}

    def machine(self) -> Mapping[str, str]:
        return {"system": "simulated"}

    # --- faults ------------------------------------------------------------------------------------------------

    def inject(self, fault: Fault) -> HeldFault:
        plan = fault.plan(self._links, [ProcessRef(f"monitor.{WEST}", WEST)])
        now_ns = self._clock.ns
        started = FaultEvent("start", plan.kind, plan.target, plan.mode, now_ns, now_ns + NS_PER_MS, plan.links)
        held = HeldFault(self, fault, plan, started)
        for client in self._clients:
            self._attend(client, attention.Called())
        self._held.append(held)
        self._seen_faults()
        self._new.append(started)
        story, takeover_s = self.story, self.story.takeover_s
        if self._active is not None and not self._reachable(self._active) and takeover_s is not None:
            if self._taken_over and story.later_takeover_s is not None:
                takeover_s = story.later_takeover_s
            self._clock.after(to_ns(takeover_s), self._take_over, self._active)
        return held

    def healed(self, held: HeldFault) -> None:
        """The adversary has undone a fault."""
        assert held.stopped is not None
        self._held.remove(held)
        self._seen_faults()
        self._new.append(held.stopped)
        self._tables.healed()
        if not self.story.fenced:
            self._accepting.add(EAST)
        if self._active is None and self.story.return_s is not None:
            self._clock.after(to_ns(self.story.return_s), self._come_back)
        elif self._active == WEST and self.story.failback_s is not None:
            self._clock.after(to_ns(self.story.failback_s), self._fail_back)

    def heal_all(self) -> None:
        for held in list(getattr(self, "_held", ())):
            held.heal()

    def _seen_faults(self) -> None:
        """Another set of faults holds: what that means for each link is worked out once."""
        self._down: dict[str, str] = {}
        for held in reversed(self._held):
            if held.plan.kind != "gray-failure" and self.story.bites:
                self._down.update(dict.fromkeys(held.plan.links, held.plan.mode))
        shut = {region for h in self._held if h.plan.kind == "operations-refused" for region in h.plan.databases}
        self._reach = {region: self._path_works(region) and region not in shut for region in (EAST, WEST)}
        now_ns = self._clock.ns
        self._lost_ns = {r: self._lost_ns.get(r, now_ns) for r, works in self._reach.items() if not works}
        self._grays = {
            region: max((getattr(h.fault, "rate", 0.0) for h in self._held if h.fault.target == region), default=0.0)
            for region in (EAST, WEST)
        }

    def _cut(self, source: str, target: str, service: str) -> str | None:
        """The mode in which a link is lost; None: it works."""
        return self._down.get(link_name(source, target, service)) if self._down else None

    def _gray(self, region: str) -> float:
        """Share of requests that fail one by one."""
        return self._grays.get(region, 0.0)

    def _unlucky(self, region: str) -> bool:
        """Whether the next request is one of those: every n-th, so that shares come out exactly."""
        rate = self._gray(region)
        if not rate:
            return False
        left = self.failures_left.get(region, 0) + round(100 * rate)
        self.failures_left[region] = left % 100
        return left >= 100

    def _reachable(self, region: str) -> bool:
        """Whether a client's request reaches the region's database."""
        return self._reach[region]

    def _path_works(self, region: str) -> bool:
        path = (
            ("clients", region, "http"),
            (f"lb.{region}", f"storefront.{region}", "http"),
            (f"storefront.{region}", region, "dynamodb"),
        )
        return not any(self._cut(*link) for link in path)

    # --- the subject -------------------------------------------------------------------------------------------

    def _take_over(self, lost: str) -> None:
        other = WEST if lost == EAST else EAST
        gone = not self._reachable(lost)
        if self._frozen or self._active != lost or not (gone or self.story.hasty):
            return
        if not self._reachable(other):  # nowhere to go: the lease runs out, and the edge fails open
            self._active, self._accepting = None, set()
            self._clock.after(to_ns(self.story.answer_s), self._answer, EAST)
            return
        self._taken_over += 1
        if self._taken_over > self.story.takeovers:
            return
        self._accept(other)
        self._health(lost, "unhealthy", 3)
        if self.story.relapse is not None:
            begins_s, ends_s = self.story.relapse
            self._clock.after(to_ns(begins_s), lambda: setattr(self, "_relapsed", True))
            self._clock.after(to_ns(ends_s), lambda: setattr(self, "_relapsed", False))
        self._clock.after(to_ns(self.story.answer_s), self._answer, other)

    def _come_back(self) -> None:
        """The first region to return serves."""
        back = next((region for region in (WEST, EAST) if self._reachable(region)), None)
        if back is not None and self._active is None:
            self._accept(back)
            self._health(back, "healthy", 16)
            self._clock.after(to_ns(self.story.answer_s), self._answer, back)

    def _fail_back(self) -> None:
        if not self._reachable(EAST):
            return
        self._accept(EAST)
        self._health(EAST, "healthy", 16)
        if self.story.relapse_back is not None:
            begins_s, ends_s = self.story.relapse_back
            self._clock.after(to_ns(begins_s), lambda: setattr(self, "_gone_again", True))
            if ends_s is not None:
                self._clock.after(to_ns(ends_s), lambda: setattr(self, "_gone_again", False))
        self._clock.after(to_ns(self.story.answer_s), self._answer, EAST)

    def _accept(self, region: str) -> None:
        self._epochs[region] = max(self._epochs.values()) + 1
        self._active, self._accepting = region, {region}

    def _health(self, region: str, status: Any, healthy: int) -> None:
        self._new.append(HealthTransition(region, status, healthy, 16, self._clock.ns))

    def _replicates(self, source: str, target: str) -> bool:
        """Whether the replicator there can read the source and write the target."""
        cut = self._cut(f"replicator.{target}", source, "dynamodb") or self._cut(
            f"replicator.{source}", target, "dynamodb"
        )
        return not cut or not self.story.stalls

    # --- clients -----------------------------------------------------------------------------------------------

    def _every(self, period_ns: int, work: Callable[[], None], first_ns: int = 0) -> None:
        def tick() -> None:
            if self._working:
                work()
                self._clock.after(period_ns, tick)

        self._clock.after(first_ns, tick)

    def _start_clients(self) -> None:
        workload = self.environment.workload
        period_ns = to_ns(2 * workload.dns_clients / workload.rate_per_s)
        ttl_ns = to_ns(self.timing.interval_s(self.environment.edge.ttl_s))
        self._tell_answer("authoritative", self._answered)
        for number in range(workload.dns_clients):
            client = Client("dns", f"dns-{number}", "")
            self._every(ttl_ns, lambda c=client: self._resolve(c), ttl_ns * number // workload.dns_clients)
            self._resolve(client)
            self._work(client, period_ns, period_ns * number // workload.dns_clients)
        for cohort, region in (("direct-a", EAST), ("direct-b", WEST)):
            self._work(Client(cohort, f"{cohort}-0", EDGES[region]), to_ns(workload.other_period_s), 0)

    def _work(self, client: Client, period_ns: int, first_ns: int) -> None:
        functions: frozenset[Function] = frozenset(("put", "get", "delete"))
        offers = Offers(functions | {"add"} if self.story.counts else functions, groups=self.story.groups)
        mix: Mix = "own" if self.story.own_keys else "roaming" if client.cohort == "dns" else "sided"
        index, clients = len(self._ledgers.books), self.environment.workload.dns_clients + 2
        side = client.address if mix == "sided" else None
        book = LedgerState(self._ledgers.prefix, index, clients, mix=mix, side=side, offers=offers)
        self._ledgers.open(client.name, book)
        self._every(period_ns, lambda: self._plan(client, Write()), first_ns)
        self._every(period_ns, lambda: self._plan(client, Read()), first_ns + period_ns // 2)
        begin_ns, part_ns = self._clock.ns + first_ns, period_ns // CLOSELY
        client.grids = (Grid(begin_ns, part_ns), Grid(begin_ns + period_ns // 2, part_ns))
        self._clients.append(client)

    def _attend(self, client: Client, event: attention.Event) -> None:
        """Clients that follow the name look more closely where it hurts."""
        if client.cohort != "dns":
            return
        client.attention, _ = attention.step(client.attention, event, self._clock.ns)
        for is_write, grid in zip((True, False), client.grids, strict=True):
            if is_write not in client.looking and self._wanted(client, is_write):
                client.looking.add(is_write)
                self._look(client, is_write, grid.first_slot_after(self._clock.ns))

    def _wanted(self, client: Client, is_write: bool) -> bool:
        return self._working and (client.attention.writes if is_write else client.attention.reads(self._clock.ns))

    def _look(self, client: Client, is_write: bool, slot: int) -> None:
        """Wait for that part of a period, and for the next one as long as it is wanted."""

        def tick() -> None:
            if not self._wanted(client, is_write):
                client.looking.discard(is_write)
                return
            if slot % CLOSELY:
                self._plan(client, Write(extra=True) if is_write else Read(extra=True))
            self._look(client, is_write, slot + 1)

        self._clock.after(client.grids[0 if is_write else 1].planned_ns(slot) - self._clock.ns, tick)

    def _resolve(self, client: Client) -> None:
        if client.address != self._answered:
            client.address = self._answered
            self._tell_answer(client.name, self._answered)

    def _answer(self, region: str) -> None:
        if not self._frozen:
            self._answered = EDGES[region]
            self._tell_answer("authoritative", self._answered)

    def _tell_answer(self, who: str, address: str) -> None:
        ttl_s = self.timing.interval_s(self.environment.edge.ttl_s)
        self._new.append(DnsAnswer("witness", who, self.environment.edge.record, (address,), ttl_s, self._clock.ns))

    def _plan(self, client: Client, event: Write | Read) -> None:
        planned_ns = self._clock.ns
        if not self.story.lateness_s:
            self._send(client, event, planned_ns)
            return
        self._clock.after(to_ns(self.story.lateness_s), self._send, client, event, planned_ns)

    def _send(self, client: Client, event: Write | Read, planned_ns: int) -> None:
        fate = Fate(Outcome.OK, 0)
        for planned in self._ledgers.step(client.name, event, self._clock.ns):
            who = (planned.op, planned.p, client.name, client.cohort, planned.f, planned.k)
            self._new.append(
                Invoke(*who, planned.v, planned_ns, self._clock.ns, extra=planned.extra, group=planned.group)
            )
            if planned.group in (None, planned.op):  # one request has one fate
                fate = self._fate(self._regions[client.address], is_write=planned.f != "get")
            if client.cohort == "dns" and self.story.stray and not next(self._strays) % self.story.stray:
                fate = replace(fate, outcome=Outcome.INFO, error="reset")
            lost = fate.outcome is not Outcome.OK and client.cohort == "dns" and not any(self._reach.values())
            address = client.address
            if lost and self.story.ghost:
                fate, address = Fate(Outcome.OK, fate.after_ns, stored=False), GHOST
            self._clock.after(fate.after_ns, self._complete, client, planned, address, fate, self._clock.ns)

    def _fate(self, region: str, *, is_write: bool) -> Fate:
        timeout_ns = to_ns(self.environment.workload.timeout_s)
        mode = self._cut("clients", region, "http")
        if mode is not None:
            swallowed = mode == "black-hole"
            return Fate(Outcome.FAIL, *((timeout_ns, "connect-timeout") if swallowed else (NS_PER_MS, "refused")))
        if not self._reachable(region):
            if is_write and self._clock.ns - self._lost_ns[region] < to_ns(self.story.void_s):
                return Fate(Outcome.OK, LATENCY_NS, stored=False)
            return Fate(Outcome.INFO, timeout_ns, "timeout")
        if self._unlucky(region) or (self._relapsed and region == WEST) or (self._gone_again and region == EAST):
            return Fate(Outcome.INFO, LATENCY_NS, "reset")
        if is_write and region not in self._accepting:
            return Fate(Outcome.FAIL, LATENCY_NS)
        return Fate(Outcome.OK, LATENCY_NS)

    def _complete(self, client: Client, planned: Planned, address: str, fate: Fate, sent_ns: int) -> None:
        """address: who answers; one of no region is nobody's."""
        good, error = fate.outcome is Outcome.OK, fate.error
        region = self._regions.get(address)
        value = planned.v
        if good and region is not None and planned.f == "get":
            value = self._tables.read(region, planned.k)
        elif good and region is not None and fate.stored:
            self._tables.write(region, planned.f, planned.k, planned.v)
        epoch = self._epochs[region] if good and region is not None else None
        self._ledgers.step(client.name, Settled(planned, fate.outcome, address=address), self._clock.ns)
        self._new.append(
            Completion(
                planned.op, planned.p, client.name, client.cohort, planned.f, planned.k, value, fate.outcome,
                self._clock.ns, address, 200 if good else None if error else 409, error, region if good else None,
                epoch,
            )
        )  # fmt: skip
        answered = self._new[-1]
        if not good and error is None and isinstance(answered, Completion):
            sample = client.samples.take(answered, REFUSAL)
            self._new += [sample] if sample is not None else []
        self._attend(client, attention.Ended(planned.f != "get", good, sent_ns))

    def _probe(self, name: str) -> None:
        sent_ns = self._clock.ns
        source, _, rest = name.partition("->")
        target, _, service = rest.partition(":")
        mode = self._cut(source, target, service)
        grey = mode is None and self._held and any(name in h.plan.links for h in self._held) and self._unlucky(target)
        failed = mode is not None or bool(grey and self.story.bites)
        failed = failed or any(h.plan.databases and name in h.plan.canary.links for h in self._held)
        if self.story.overloaded and service == "dynamodb":
            failed = failed or not next(self._strays) % 5
        took_ns = to_ns(1) if mode == "black-hole" else 2 * NS_PER_MS

        self._clock.after(took_ns, self._probed, name, service, sent_ns, failed)

    def _probed(self, name: str, service: str, sent_ns: int, failed: bool) -> None:
        error = "timeout" if failed else None
        self._new.append(CanaryProbe(name, not failed, sent_ns, self._clock.ns, error, service))


def plan(*settings: str, name: str = "a-drill") -> DrillPlan:
    """What a drill is told, with `--set` texts."""
    return DrillPlan(name, "a feature", "a drill", (), parse_settings(settings))


def run_drill(
    folder: Path, scenario: Callable[[Drill], None], story: Story = Story(), *settings: str
) -> DrillResult:  # fmt: skip
    """Run a scenario to its end, as the pytest plugin does: what ends it early is given to `finish`."""
    from harness.errors import VerdictReached

    folder.mkdir(exist_ok=True)
    drill = Drill(SimulatedBackend(story), plan(*settings), folder)
    ended: VerdictReached | None = None
    try:
        scenario(drill)
    except VerdictReached as reached:
        ended = reached
    return drill.finish(ended)
