"""What is lost for good after a failback, by when it was: the failback itself has no part in most of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.final_state import FinalState
from harness.measurement.models import address_of


@dataclass(frozen=True)
class Before:
    """What the failback found. missing: ids of writes that recovery points count up to then; later: only after it.

    place: the one that comes back; taken_over_ns: when the other side had taken over from it, None where not known.
    void: ids of writes that a place acknowledged after that, while it was cut off.
    """

    missing: Collection[str] = ()
    later: Collection[str] = ()
    place: str = "the place that was lost"
    taken_over_ns: int | None = None
    void: Collection[str] = ()


NOTHING_BEFORE = Before()


def losses(
    final: FinalState,
    operations: Iterable[Operation],
    before: Before,
    address: str,
    back_ns: int | None,
    until_ns: int | None,
) -> Mapping[str, Sequence[str]]:
    """Ids by when they were lost, in words. What was written or lost in a later episode is that one's affair.

    address: of the place that service came back to; back_ns: since when, None if never; until_ns: the next episode.
    """
    found: dict[str, list[str]] = {}
    lost, columns = (*final.lost, *final.resurrected), columns_of(operations)
    by_id = {o.invoke.op: o for o in columns.operations(columns.rows_of(lost))}
    for op in lost:
        write = by_id.get(op)
        if op in before.later or (write is not None and until_ns is not None and write.sent_ns >= until_ns):
            continue
        how = "in the failback" if write is None else _when(write, before, address, back_ns)
        found.setdefault(how, []).append(op)
    return found


def _when(write: Operation, before: Before, address: str, back_ns: int | None) -> str:
    if write.invoke.op in before.missing:
        return "missing when the other side took over already, and not brought back since"
    if write.invoke.op in before.void:
        return f"acknowledged by {before.place} while the other side served"
    if back_ns is not None and write.sent_ns > back_ns:
        return "written after the failback"
    if before.taken_over_ns is not None and write.sent_ns > before.taken_over_ns and address_of(write) == address:
        return f"acknowledged by {before.place} while the other side served"
    return "in the failback"
