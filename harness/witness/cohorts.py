"""Builds the clients of every cohort for one start: new caches, new connections, new ledgers, one common origin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.history.events import DnsAnswer, Event
from harness.names import CohortName
from harness.units import to_ns
from harness.witness.cache_policy import CachePolicy
from harness.witness.channel import Channel, ExchangeError, dial
from harness.witness.client import Client, Tally
from harness.witness.dns_client import DnsClient
from harness.witness.grid import Grid, phase
from harness.witness.ledger import Ledgers, LedgerState, Offers
from harness.witness.models import Cohort, WitnessConfig
from harness.witness.outcomes import UNREACHABLE
from harness.witness.resolver import Resolver
from harness.witness.resolver_cache import CacheState
from harness.witness.routes import FixedAddress, FreshRoute, HeldAddress, PooledRoute, WarmPooledRoute
from harness.witness.tasks import TaskSet
from harness.witness.workloads.mix import Mix
from harness.witness.written import Note, nothing
from harness.workload import Workload

_KEPT_IDLE = 10
"""Idle connections that a keep-alive client keeps: the pool size of requests and urllib3."""


@dataclass(frozen=True)
class Scheduled:
    """A client, and its grids at a given origin and rate. closely: at how many parts of a period it looks where it
    hurts.
    """

    client: Client
    period_ns: int
    share: float
    closely: int = 1

    def grids(self, origin_ns: int, scale: float) -> tuple[Grid, Grid]:
        """Writes, and reads half a period later. scale: multiplies the rate."""
        period_ns = max(1, round(self.period_ns / scale))
        first_ns = origin_ns + round(self.share * period_ns)
        return Grid(first_ns, period_ns), Grid(first_ns + period_ns // 2, period_ns)


@dataclass(frozen=True)
class Surroundings:
    """What all clients of one start share. offers: what is known of the application. written: hears of each key
    before it is written."""

    config: WitnessConfig
    prefix: str
    origin_ns: int
    dns: DnsClient
    tasks: TaskSet
    tally: Tally
    record: Callable[[Event], None]
    offers: Offers = field(default_factory=Offers)
    written: Note = nothing

    async def dial(self, answered: str) -> Channel:
        """Connect to what an answered address stands for. Raises ExchangeError."""
        address = self.config.dial_address(answered)
        if address is None:
            raise ExchangeError(UNREACHABLE)
        return await dial(address, self.config.tls)


def known(workload: Workload) -> Offers:
    """What a workload says that its application offers."""
    names_keys = workload.put is None or workload.put.id is None
    return Offers(workload.functions, names_keys, absent=workload.absent_id, groups=workload.group is not None)


def build(around: Surroundings) -> list[Scheduled]:
    """The clients of all cohorts, in the order of the configuration."""
    cohorts = [(name, cohort) for name, cohort in around.config.cohorts.items() if cohort.clients]
    total = sum(cohort.clients for _, cohort in cohorts)
    scheduled: list[Scheduled] = []
    books = Ledgers(around.prefix)
    for place, (name, cohort) in enumerate(cohorts):
        for number in range(cohort.clients):
            mix, side = _mix(around, name)
            book = LedgerState(around.prefix, len(scheduled), total, cohort.delete_every, mix, side, around.offers)
            books.open(f"{name}-{number}", book)
            client = Client(
                f"{name}-{number}",
                name.value,
                around.config.record,
                around.config.workload,
                around.config.timeout_s,
                books,
                _route(around, name, cohort, number),
                around.tasks,
                around.tally,
                around.record,
                around.written,
            )
            share = phase(number, cohort.clients, place, len(cohorts))
            scheduled.append(Scheduled(client, to_ns(cohort.period_s), share, cohort.closely))
    return scheduled


_SIDED = (CohortName.PINNED_A, CohortName.PINNED_B, CohortName.DIRECT_A, CohortName.DIRECT_B)


def _mix(around: Surroundings, name: CohortName) -> tuple[Mix, str | None]:
    """Which workloads a cohort takes part in, and the address that it stays with."""
    if around.config.keys == "own":
        return "own", None
    return ("sided", around.config.edge_of(name)) if name in _SIDED else ("roaming", None)


def _route(around: Surroundings, name: CohortName, cohort: Cohort, number: int) -> FreshRoute | PooledRoute:
    if name in (CohortName.DIRECT_A, CohortName.DIRECT_B):
        return FreshRoute(FixedAddress(around.config.edge_of(name)), around.dial)
    if name in (CohortName.PINNED_A, CohortName.PINNED_B):
        return WarmPooledRoute(FixedAddress(around.config.edge_of(name)), around.dial, cohort.connections)
    resolver = _resolver(around, f"{name}-{number}", number / cohort.clients, cohort.min_ttl_s)
    if name is CohortName.KEEPALIVE:
        return PooledRoute(HeldAddress(resolver), around.dial, _KEPT_IDLE)
    return FreshRoute(resolver, around.dial)


def _resolver(around: Surroundings, client: str, share: float, min_ttl_s: float) -> Resolver:
    state = CacheState(around.origin_ns, share, CachePolicy(least_ns=to_ns(min_ttl_s)))

    def changed(answer: DnsAnswer) -> None:
        around.record(answer)

    return Resolver(client, around.config.record, around.dns, state, around.tasks, changed)
