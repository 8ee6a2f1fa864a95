"""Where the recovery time went: phases between milestones, which add up to the total for any subject.

Milestones, in order; each counts as reached no earlier than the one before it (a running maximum):

    fault --detect--> the edge's health status of the lost region flips (world), at the latest when the answer changes
          --redirect--> the authoritative answer changes (seen by a client that asks every time)
          --activate--> the first write is acknowledged by the other side
          --dns_ttl--> the worst client's cached answer changes
          --settle--> that client's lasting success

Where somebody watches from outside and changes the answer by calls of an API, two others stand for `redirect`:

    fault --detect--> whoever watches has noticed, by its own word; where it was told to move before that, never seen
          --decide--> the first call to the API from then on that was to change something, or that the API refused
          --api--> the authoritative answer changes
          --activate--> as above; left out where the other side took writes before the answer changed: part of `decide`

Which milestones count is said by whatever steers traffic (harness.world.steering). A milestone that was never seen has
no phase (None), and its time goes to the next one. A milestone after the lasting success did not matter to it, and is
cut off there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history.events import Commit, DnsAnswer, Event, Happening, HealthTransition, Operation
from harness.history.happenings import CALL
from harness.measurement.models import FaultInterval
from harness.names import AUTHORITATIVE


@dataclass(frozen=True)
class Way:
    """Where milestones are looked for: from the loss of one place to another's service, or to its own return.

    context: events that are no operations. lost_*: "" where nothing is left behind, for a place just comes back.
    flips: the kinds of health transitions that tell when the edge has noticed. by_calls: the answer is changed by
    calls.
    """

    context: Sequence[Event | Commit]
    operations: Sequence[Operation]
    start_ns: int
    lost_region: str
    lost_address: str
    survivor_region: str
    survivor_address: str
    worst_client: str
    flips: Collection[str] = ()
    by_calls: bool = False

    def answered(self, client: str) -> int | None:
        """When an observer's answer became the survivor's."""
        if self.lost_address:
            return answer_left(self.context, client, self.lost_address, self.start_ns)
        return answer_came(self.context, client, self.survivor_address, self.start_ns)

    def flipped(self) -> int | None:
        """When the edge's checks noticed."""
        region, status = (self.lost_region, "unhealthy") if self.lost_region else (self.survivor_region, "healthy")
        return _first(
            e.mono_ns
            for e in self.context
            if isinstance(e, HealthTransition)
            and e.kind in self.flips
            and e.target == region
            and e.status == status
            and e.mono_ns >= self.start_ns
        )

    def called(self) -> int | None:
        """When a call was first made to change something, between when it was noticed and when the answer changed."""
        noticed_ns, changed_ns = self.flipped(), self.answered(AUTHORITATIVE)
        if noticed_ns is None or (changed_ns is not None and noticed_ns > changed_ns):
            noticed_ns = self.start_ns
        return _first(
            e.mono_ns
            for e in self.context
            if isinstance(e, Happening)
            and e.kind == CALL
            and e.source != "harness"
            and e.mono_ns >= noticed_ns
            and (changed_ns is None or e.mono_ns <= changed_ns)
        )


def _detected(way: Way) -> int | None:
    flipped_ns, answered_ns = way.flipped(), way.answered(AUTHORITATIVE)
    if flipped_ns is None or answered_ns is None or flipped_ns <= answered_ns:
        return flipped_ns
    return None if way.by_calls else answered_ns


MILESTONES: Mapping[str, Callable[[Way], int | None]] = {
    "detect": _detected,
    "redirect": lambda way: way.answered(AUTHORITATIVE),
    "decide": lambda way: way.called(),
    "api": lambda way: way.answered(AUTHORITATIVE),
    "activate": lambda way: first_acknowledged(way.operations, way.survivor_address, way.start_ns),
    "dns_ttl": lambda way: way.answered(way.worst_client),
}
"""Phase -> when it ends; the last one, `settle`, ends with the lasting success."""
STEPS = ("detect", "redirect", "activate", "dns_ttl")
"""The milestones of an edge whose own checks change the answer, in order."""
INTERMEDIARY_STEPS = ("detect", "decide", "api", "activate", "dns_ttl")
"""Those of somebody who watches from outside and changes it by calls of an API."""


def answers_move(steps: Collection[str]) -> bool:
    """Whether a DNS answer leads to one place at a time, and changes; a proxy in front of all places stays answered."""
    return not {"redirect", "api"}.isdisjoint(steps)


def phases(
    events: Iterable[Event | Commit],
    operations: Sequence[Operation],
    fault: FaultInterval,
    *,
    lost_region: str,
    lost_address: str,
    survivor_address: str,
    worst_client: str,
    total_ns: int | None,
    flips: Collection[str],
    survivor_region: str = "",
    steps: Sequence[str] = STEPS,
) -> dict[str, int | None]:
    """Nanoseconds per phase, in order of time; they add up to total_ns. steps: the milestones that count.

    total_ns: the worst dns client's `from_fault_ns`, measured from fault.start_low_ns; None (never recovered) gives
    the phases whose ends were seen, and None for `settle`. lost_region, lost_address: "" for a place that returns.
    flips: see Way.
    """
    start_ns = fault.start_low_ns
    way = Way(
        list(events), operations, start_ns, lost_region, lost_address, survivor_region, survivor_address,
        worst_client, flips, "decide" in steps,
    )  # fmt: skip
    milestones = {name: MILESTONES[name](way) for name in steps}
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
    if "decide" in result and result.get("activate") == 0:
        del result["activate"]
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


def answer_came(events: Iterable[Event | Commit], client: str, address: str, since_ns: int) -> int | None:
    """From when on, not before since_ns, an observer's answer had an address in it; None: it never had."""
    seen = [e for e in events if isinstance(e, DnsAnswer) and e.source == "witness" and e.client == client]
    before = max((e for e in seen if e.mono_ns < since_ns), key=lambda e: e.mono_ns, default=None)
    if before is not None and address in before.addresses:
        return since_ns
    return _first(e.mono_ns for e in seen if e.mono_ns >= since_ns and address in e.addresses)


def first_acknowledged(operations: Iterable[Operation], address: str, since_ns: int) -> int | None:
    """When the first write through `address` that was sent after since_ns was acknowledged."""
    from harness.history.gathering import columns_of  # numpy: whoever only predicts does without it

    columns = columns_of(operations).between(since_ns, None)
    moments = columns.returned_ns[columns.acknowledged & columns.dialled(address)]
    return int(moments.min()) if len(moments) else None


def _first(moments: Iterable[int]) -> int | None:
    return min(moments, default=None)
