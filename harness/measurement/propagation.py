"""How long replication took for each item, and when each observer's DNS answer changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.history.events import Commit, DnsAnswer, Event, Operation
from harness.measurement.models import acknowledged, address_of
from harness.measurement.statistics import quantile


@dataclass(frozen=True)
class Propagation:
    """Replication delays of acknowledged puts, ascending, and the puts that never arrived.

    A delay is from the acknowledgement to the commit on the other side, 0 when that came first.
    """

    delays_ns: tuple[int, ...]
    never: tuple[str, ...]

    def quantiles_ns(self) -> dict[str, int]:
        """p50, p90, p99 and max; empty without delays."""
        if not self.delays_ns:
            return {}
        named = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        return {name: quantile(self.delays_ns, q) for name, q in named.items()}


def replication(
    operations: Iterable[Operation], from_address: str, other_side: Iterable[Commit], until_ns: int | None = None
) -> Propagation:
    """Delays of puts acknowledged through from_address until their value was committed in other_side's log.

    until_ns: only puts acknowledged before it (the fault's onset, to measure the steady state).
    """
    arrived: dict[str, int] = {}
    for commit in other_side:
        if commit.v is not None:
            arrived[commit.v] = min(commit.mono_ns, arrived.get(commit.v, commit.mono_ns))
    delays: list[int] = []
    never: list[str] = []
    for o in operations:
        if not acknowledged(o) or o.invoke.f != "put" or address_of(o) != from_address or o.returned_ns is None:
            continue
        if until_ns is not None and o.returned_ns >= until_ns:
            continue
        if o.invoke.op in arrived:
            delays.append(max(0, arrived[o.invoke.op] - o.returned_ns))
        else:
            never.append(o.invoke.op)
    return Propagation(tuple(sorted(delays)), tuple(never))


def answer_changes(events: Iterable[Event | Commit]) -> Mapping[str, tuple[DnsAnswer, ...]]:
    """Per observer, the witness's DNS answers that differ from the one before; the first answer is no change."""
    last: dict[str, frozenset[str]] = {}
    changes: dict[str, list[DnsAnswer]] = {}
    answers = [e for e in events if isinstance(e, DnsAnswer) and e.source == "witness"]
    for answer in sorted(answers, key=lambda a: a.mono_ns):
        addresses = frozenset(answer.addresses)
        seen = changes.setdefault(answer.client, [])
        if answer.client in last and last[answer.client] != addresses:
            seen.append(answer)
        last[answer.client] = addresses
    return {client: tuple(seen) for client, seen in changes.items()}


def answer_at(events: Iterable[Event | Commit], client: str, moment_ns: int) -> tuple[str, ...] | None:
    """The addresses that an observer last saw at or before moment_ns; None before its first answer."""
    seen = [
        e for e in events
        if isinstance(e, DnsAnswer) and e.source == "witness" and e.client == client and e.mono_ns <= moment_ns
    ]  # fmt: skip
    return max(seen, key=lambda a: a.mono_ns).addresses if seen else None
