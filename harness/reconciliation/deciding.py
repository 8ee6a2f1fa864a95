"""Who decides where two tables differ: the newest, a side, or a person. Pure.

An item that is in one table alone says nothing of why: it may not have arrived in the other yet, or may have been
deleted there. So that is a question of its own (`missing`), and copying is only the answer that loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harness.comparison.differences import CHANGED, ONLY_LEFT, Difference
from harness.errors import InputError

A, B, UNDECIDED, LEAVE = "a", "b", "undecided", "leave"
"""What is decided for a key: the state of A or B is to be that of both; nobody has decided; it stays as it is."""
DECISIONS = (A, B, UNDECIDED, LEAVE)
NEWEST, HAND = "newest", "hand"
COPY, DELETE = "copy", "delete"
MISSING = (COPY, DELETE, HAND)


@dataclass(frozen=True)
class Policy:
    """by: NEWEST, A, B or HAND, of items that are in both; attribute: what tells the newest, the larger one.

    missing: of an item that is in one table alone: COPY it, DELETE it, or HAND.
    """

    by: str = HAND
    attribute: str = ""
    missing: str = HAND


@dataclass(frozen=True)
class Decision:
    """winner: one of DECISIONS; reason: in words."""

    winner: str
    reason: str


@dataclass
class Tally:
    """What a plan comes to. copied: to B, to A; deleted: in B, in A; conflicts: in both and different, by winner."""

    copies: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0})
    deletes: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0})
    conflicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DECISIONS, 0))
    undecided: int = 0
    left: int = 0


def policy_of(text: str, missing: str | None = None) -> Policy:
    """The policy that is typed `newest:ATTRIBUTE`, `a`, `b` or `hand`.

    missing: None, as fits: a side's own state, a copy for the newest, a person's decision otherwise. Raises InputError.
    """
    by, _, attribute = text.partition(":")
    if by not in (NEWEST, A, B, HAND) or (by == NEWEST) != bool(attribute):
        raise InputError(f"{text} is no policy: there are newest:ATTRIBUTE, a, b and hand")
    if missing is not None and missing not in MISSING:
        raise InputError(f"{missing}: what is in one table alone is for {', '.join(MISSING)}")
    usual = {NEWEST: COPY, HAND: HAND}.get(by, "")
    return Policy(by, attribute, missing or usual)


def decide(policy: Policy, found: Difference) -> Decision:
    """Who wins a key."""
    if found.kind != CHANGED:
        return _alone(policy, found)
    if policy.by in (A, B):
        return Decision(policy.by, f"side {policy.by.upper()} decides")
    if policy.by == HAND:
        return Decision(UNDECIDED, "it is in both and different: a person decides")
    return _newest(policy.attribute, found)


def _alone(policy: Policy, found: Difference) -> Decision:
    there, absent = (A, B) if found.kind == ONLY_LEFT else (B, A)
    if policy.missing == COPY:
        return Decision(there, f"it is {found.kind}: copied")
    if policy.missing == DELETE:
        return Decision(absent, f"it is {found.kind}: deleted")
    if not policy.missing and policy.by in (A, B):
        return Decision(policy.by, f"it is {found.kind}, and side {policy.by.upper()} decides")
    return Decision(UNDECIDED, f"it is {found.kind}: not arrived in the other, or deleted there? A person decides")


def _newest(attribute: str, found: Difference) -> Decision:
    values = []
    for name, text in (("A", found.left), ("B", found.right)):
        value = json.loads(text or "{}").get(attribute)
        if value is None:
            return Decision(UNDECIDED, f"{attribute} is missing in {name}, so the newest is not known")
        values.append(value)
    (left, right) = values
    if left.keys() != right.keys() or not {"S", "N"} & left.keys():
        return Decision(UNDECIDED, f"{attribute} is {left} in A and {right} in B: they have no order")
    ((kind, a),), ((_, b),) = left.items(), right.items()
    one, other = (Decimal(a), Decimal(b)) if kind == "N" else (a, b)
    if one == other:
        return Decision(UNDECIDED, f"{attribute} is {a} in both, and they differ: both sides wrote it")
    return Decision(A if one > other else B, f"{attribute} is {a} in A and {b} in B: the larger one wins")


@dataclass(frozen=True)
class Write:
    """A write that an action asks for. side: "A" or "B"; item: None to delete; expected: what must be there."""

    side: str
    key: dict[str, Any]
    item: dict[str, Any] | None
    expected: dict[str, Any] | None


def write_of(winner: str, found: Difference) -> Write | None:
    """What a decision asks for; None where it asks for nothing."""
    if winner not in (A, B):
        return None
    left, right = (None if text is None else json.loads(text) for text in (found.left, found.right))
    key = json.loads(found.key)
    return Write("B", key, left, right) if winner == A else Write("A", key, right, left)


def tally(decided: Iterable[tuple[Difference, str]]) -> Tally:
    """What decisions come to."""
    found = Tally()
    for difference, winner in decided:
        found.undecided += winner == UNDECIDED
        found.left += winner == LEAVE
        if difference.kind == CHANGED:
            found.conflicts[winner] += 1
        elif (write := write_of(winner, difference)) is not None:
            (found.deletes if write.item is None else found.copies)[write.side] += 1
    return found
