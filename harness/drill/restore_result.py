"""What the evidence says of a restore."""

from __future__ import annotations

from dataclasses import dataclass

from harness.outcome import Bracket


@dataclass(frozen=True)
class RestoreResult:
    """A corrupted table, and what became of it.

    rto: for how long corrupted values were to be had, from when they were written; without an end where some still
    are. takes: how long the restore itself took, from asking for it: until the restored table was there, and until the
    last item had been put back. lost_low, lost_high: acknowledged writes that it could not bring back, and with those
    that nobody knows to have happened. lost_span_s: from the acknowledgement of the oldest of them to the corruption,
    or to the newest one where that came later. point_s: how long before the corruption the restored point was; below
    zero: after it. put_back, removed, still_corrupt: items. corrupt_reads: how often a client was shown such a value.
    """

    database: str
    rto: Bracket
    takes: Bracket | None = None
    lost_low: int = 0
    lost_high: int = 0
    lost_span_s: float | None = None
    lost_ids: tuple[str, ...] = ()
    point_s: float | None = None
    put_back: int = 0
    removed: int = 0
    corrupt_reads: int = 0
    still_corrupt: int = 0
