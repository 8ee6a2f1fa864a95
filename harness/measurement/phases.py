"""Where the recovery time went: phases between milestones, which add up to the total for any subject.

Milestones, in order; each counts as reached no earlier than the one before it (a running maximum):

    fault --detect--> the edge's health status of the lost region flips (world), at the latest when the answer changes
          --redirect--> the authoritative answer changes (seen by a client that asks every time)
          --activate--> the first write is acknowledged by the other side
          --dns_ttl--> the worst client's cached answer changes
          --settle--> that client's lasting success

A milestone that was never seen has no phase (None), and its time goes to the next one. A milestone after the lasting
success did not matter to it, and is cut off there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.history.events import Commit, DnsAnswer, Event, HealthTransition, Operation
from harness.measurement.models import FaultInterval, acknowledged, address_of
from harness.names import AUTHORITATIVE

PHASES = ("detect", "redirect", "activate", "dns_ttl", "settle")


def phases(
    events: Iterable[Event | Commit],
    operations: Iterable[Operation],
    fault: FaultInterval,
    *,
    lost_region: str,
    lost_address: str,
    survivor_address: str,
    worst_client: str,
    total_ns: int | None,
) -> dict[str, int | None]:
    """Nanoseconds per phase, in order of time; they add up to total_ns.

    total_ns: the worst dns client's `from_fault_ns`, measured from fault.start_low_ns; None (never recovered) gives
    the phases whose ends were seen, and None for `settle`.
    """
    start_ns = fault.start_low_ns
    context = list(events)
    redirected_ns = answer_left(context, AUTHORITATIVE, lost_address, start_ns)
    flipped_ns = _first(
        e.mono_ns
        for e in context
        if isinstance(e, HealthTransition)
        and e.kind == "route53"
        and e.target == lost_region
        and e.status == "unhealthy"
        and e.mono_ns >= start_ns
    )
    milestones = {
        "detect": flipped_ns if flipped_ns is None or redirected_ns is None else min(flipped_ns, redirected_ns),
        "redirect": redirected_ns,
        "activate": first_acknowledged(operations, survivor_address, start_ns),
        "dns_ttl": answer_left(context, worst_client, lost_address, start_ns),
    }
    return split(start_ns, milestones, None if total_ns is None else start_ns + total_ns)


def split(start_ns: int, milestones: Mapping[str, int | None], end_ns: int | None) -> dict[str, int | None]:
    """Phases between milestones by running maximum. end_ns: lasting success, which closes the last phase `settle`."""
    result: dict[str, int | None] = {}
    reached_ns = start_ns
    for name, moment_ns in milestones.items():
        if moment_ns is None:
            result[name] = None
            continue
        next_ns = max(reached_ns, moment_ns) if end_ns is None else min(max(reached_ns, moment_ns), end_ns)
        result[name] = next_ns - reached_ns
        reached_ns = next_ns
    result["settle"] = None if end_ns is None else end_ns - reached_ns
    return result


def answer_left(events: Iterable[Event | Commit], client: str, lost_address: str, since_ns: int) -> int | None:
    """When an observer's answer, seen by the witness, first went without lost_address; None: it never did."""
    return _first(
        e.mono_ns
        for e in events
        if isinstance(e, DnsAnswer)
        and e.source == "witness"
        and e.client == client
        and e.mono_ns >= since_ns
        and e.addresses
        and lost_address not in e.addresses
    )


def first_acknowledged(operations: Iterable[Operation], address: str, since_ns: int) -> int | None:
    """When the first write through `address` that was sent after since_ns was acknowledged."""
    return _first(
        o.returned_ns
        for o in operations
        if acknowledged(o) and address_of(o) == address and o.sent_ns >= since_ns and o.returned_ns is not None
    )


def _first(moments: Iterable[int]) -> int | None:
    return min(moments, default=None)
