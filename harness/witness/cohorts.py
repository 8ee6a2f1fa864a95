"""Builds the clients of every cohort for one start: new caches, new connections, new ledgers, one common origin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.history.events import DnsAnswer
from harness.names import CohortName
from harness.units import to_ns
from harness.witness.attempts import Calls
from harness.witness.audience import calls_of, route_of
from harness.witness.cache_policy import CachePolicy
from harness.witness.client import Client
from harness.witness.grid import Grid, phase
from harness.witness.ledger import Ledgers, LedgerState, Offers
from harness.witness.members import Member
from harness.witness.models import Cohort
from harness.witness.resolver import Resolver
from harness.witness.resolver_cache import CacheState
from harness.witness.routes import (
    KEPT_IDLE,
    FixedAddress,
    FreshRoute,
    HeldAddress,
    PooledRoute,
    Route,
    WarmPooledRoute,
)
from harness.witness.surroundings import Surroundings
from harness.witness.tasks import TaskSet
from harness.witness.workloads.mix import Mix
from harness.workload import Workload


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


def known(workload: Workload) -> Offers:
    """What a workload says that its application offers."""
    names_keys = workload.put is None or workload.put.id is None
    return Offers(workload.functions, names_keys, absent=workload.absent_id, groups=workload.group is not None)


def build(around: Surroundings) -> list[Scheduled]:
    """The clients of all cohorts and of the audience, in the order of the configuration."""
    kinds = [_of_cohort(around, name, cohort) for name, cohort in around.config.cohorts.items() if cohort.clients]
    kinds += [_of_audience(around, member) for member in around.config.audience]
    total = sum(kind.clients for kind in kinds)
    scheduled: list[Scheduled] = []
    books = Ledgers(around.prefix)
    for place, kind in enumerate(kinds):
        for number in range(kind.clients):
            name = f"{kind.name}-{number}"
            book = LedgerState(
                around.prefix, len(scheduled), total, kind.delete_every, kind.mix, kind.side, around.offers
            )
            books.open(name, book)
            client = Client(
                name,
                kind.name,
                around.config.record,
                around.config.workload,
                kind.calls(number),
                books,
                kind.route(number),
                around.tasks,
                around.tally,
                around.record,
                around.written,
            )
            share = phase(number, kind.clients, place, len(kinds))
            scheduled.append(Scheduled(client, to_ns(kind.period_s), share, kind.closely))
    return scheduled


def longest_s(clients: Sequence[Scheduled]) -> float:
    """How long any call of theirs may take."""
    return max((scheduled.client.calls.longest_s for scheduled in clients), default=0.0)


def warm(clients: Sequence[Scheduled], tasks: TaskSet, timeout_s: float) -> None:
    """Have those that keep connections from the start open them."""
    for scheduled in clients:
        if isinstance(scheduled.client.route, WarmPooledRoute):
            tasks.spawn(scheduled.client.route.warm(timeout_s))


@dataclass(frozen=True)
class _Kind:
    """Clients of one kind. calls, route: of the one with that number."""

    name: str
    clients: int
    period_s: float
    delete_every: int
    closely: int
    mix: Mix
    side: str | None
    calls: Callable[[int], Calls]
    route: Callable[[int], Route]


def _of_cohort(around: Surroundings, name: CohortName, cohort: Cohort) -> _Kind:
    mix, side = _mix(around, name)
    return _Kind(
        name.value, cohort.clients, cohort.period_s, cohort.delete_every, cohort.closely, mix, side,
        lambda number: Calls(around.config.timeout_s), lambda number: _route(around, name, cohort, number),
    )  # fmt: skip


def _of_audience(around: Surroundings, member: Member) -> _Kind:
    """They write keys of their own, and delete none: what a library sends twice can then do no harm."""
    return _Kind(
        member.cohort, member.clients, member.period_s, 0, 1, "own", None,
        lambda number: calls_of(around, member, number), lambda number: route_of(around, member, number),
    )  # fmt: skip


_SIDED = (CohortName.PINNED_A, CohortName.PINNED_B, CohortName.DIRECT_A, CohortName.DIRECT_B)


def _mix(around: Surroundings, name: CohortName) -> tuple[Mix, str | None]:
    """Which workloads a cohort takes part in, and the address that it stays with."""
    if around.config.keys == "own":
        return "own", None
    return ("sided", around.config.edge_of(name)) if name in _SIDED else ("roaming", None)


def _route(around: Surroundings, name: CohortName, cohort: Cohort, number: int) -> Route:
    if name in (CohortName.DIRECT_A, CohortName.DIRECT_B):
        return FreshRoute(FixedAddress(around.config.edge_of(name)), around.dial)
    if name in (CohortName.PINNED_A, CohortName.PINNED_B):
        return WarmPooledRoute(FixedAddress(around.config.edge_of(name)), around.dial, cohort.connections)
    resolver = _resolver(around, f"{name}-{number}", number / cohort.clients, cohort.min_ttl_s)
    if name is CohortName.KEEPALIVE:
        return PooledRoute(HeldAddress(resolver), around.dial, KEPT_IDLE)
    return FreshRoute(resolver, around.dial)


def _resolver(around: Surroundings, client: str, share: float, min_ttl_s: float) -> Resolver:
    state = CacheState(around.origin_ns, share, CachePolicy(least_ns=to_ns(min_ttl_s)))

    def changed(answer: DnsAnswer) -> None:
        around.record(answer)

    return Resolver(client, around.config.record, around.dns, state, around.tasks, changed)
