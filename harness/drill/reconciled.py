"""What a case keeps of a reconciliation of two databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CaseReconciled:
    """The table that clients write was made the same in two databases, by a plan.

    policy: who decided: `newest:ATTRIBUTE`, `a` or `b` (the first or the second database), `hand`. keys: that differed;
    copied, deleted: by database in which that was done, of keys that were in one alone; conflicts: keys that were in
    both and different; won: by database whose item stands now. losers: some of the values that were replaced or
    deleted. undecided: keys that the policy did not decide; left: keys that differ afterwards.
    """

    table: str
    databases: tuple[str, ...]
    policy: str
    keys: int
    copied: Mapping[str, int]
    deleted: Mapping[str, int]
    conflicts: int
    won: Mapping[str, int]
    losers: tuple[str, ...]
    undecided: int
    left: int
    asked_ns: int
    done_ns: int
