"""Which cuts of replication hold against what was seen: a cut over which changes came excuses nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.drill.case import Case, CaseFault
from harness.drill.cuts import cuts_of, doubtful
from harness.history.codes import NEVER_NS
from harness.history.columns import Columns
from harness.history.tables import CommitColumns
from harness.measurement.severed import Cut, Side, Unseen

LogOf = Callable[[str], CommitColumns | None]


def severed(case: Case, operations: Columns, log_of: LogOf) -> Sequence[Cut]:
    """What the faults of a case had cut, in order of time.

    A cut is refuted when the side that it leads to had a value that was written at the other side after it had begun:
    its commit log has it, or, where none is kept, it showed it. log_of: by place.
    """
    found = [
        cut
        for fault in case.faults
        for cut in cuts_of(case, fault)
        if all(
            _holds(fault, cut, Side(operations, place, case.by_address, log_of(place))) for place in sorted(cut.targets)
        )
    ]
    return sorted(found, key=lambda cut: cut.begun_ns)


def unseen_at(
    case: Case, operations: Columns, log_of: LogOf, out_of_reach: Mapping[str, frozenset[str]], cuts: Sequence[Cut]
) -> Mapping[str, Sequence[Unseen]]:
    """By address, what readers there need not have been shown; nothing where reads are promised to be strong."""
    found: dict[str, Sequence[Unseen]] = {}
    if case.promise is None or case.promise.reads != "strong":
        for place, ids in out_of_reach.items():
            side = Side(operations, place, case.by_address, log_of(place))
            found[case.addresses.get(place, "")] = side.unseen(operations.marked(ids), cuts)
    return found


def _holds(fault: CaseFault, cut: Cut, side: Side) -> bool:
    interval = fault.interval
    until_ns = NEVER_NS - 1 if interval.stop_low_ns is None else interval.stop_low_ns
    sent = side.sent_from(cut, interval.start_high_ns, until_ns)
    if side.received(sent, until_ns):
        return False
    return not doubtful(fault) or (side.log is not None and bool(sent.any()))
