"""What differs between two items: by path, with a word for the kind of difference. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.comparison.canonical import Item, Value, text_of

ONLY_LEFT, ONLY_RIGHT, CHANGED = "only in A", "only in B", "differs"
"""What can be wrong with a key."""
MISSING_LEFT, MISSING_RIGHT, TYPE, VALUE, MEMBERS, LENGTH = (
    "missing in A", "missing in B", "another type", "another value", "other members", "another length",
)  # fmt: skip
"""What can be wrong with an attribute."""
_SETS = ("SS", "NS", "BS")


@dataclass(frozen=True)
class Change:
    """One place in an item. path: `address.city`, `tags[2]`; left, right: DynamoDB JSON, None where nothing is."""

    path: str
    kind: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class Difference:
    """One key. place: of the key in the order; key: DynamoDB JSON; left, right: the items, None where there is none."""

    place: str
    key: str
    kind: str
    left: str | None
    right: str | None
    changes: tuple[Change, ...] = ()


def changes(left: Item, right: Item) -> Iterator[Change]:
    """Every place in which two canonical items differ, in the order of their attributes' names."""
    yield from _of_maps(left, right, "")


def _of_maps(left: Mapping[str, Value], right: Mapping[str, Value], before: str) -> Iterator[Change]:
    for name in sorted({*left, *right}):
        a, b = left.get(name), right.get(name)
        if a != b:
            yield from _of_values(a, b, f"{before}.{name}" if before else name)


def _of_values(a: Value | None, b: Value | None, path: str) -> Iterator[Change]:
    if a is None or b is None:
        yield _change(path, MISSING_LEFT if a is None else MISSING_RIGHT, a, b)
        return
    ((kind, left),), ((other, right),) = a.items(), b.items()
    if kind != other:
        yield _change(path, TYPE, a, b)
    elif kind == "M":
        yield from _of_maps(left, right, path)
    elif kind == "L":
        yield from _of_lists(left, right, path, a, b)
    else:
        yield _change(path, MEMBERS if kind in _SETS else VALUE, a, b)


def _of_lists(left: Any, right: Any, path: str, a: Value, b: Value) -> Iterator[Change]:
    if len(left) != len(right):
        yield _change(path, LENGTH, a, b)
        return
    for place, (one, other) in enumerate(zip(left, right, strict=True)):
        if one != other:
            yield from _of_values(one, other, f"{path}[{place}]")


def _change(path: str, kind: str, a: Value | None, b: Value | None) -> Change:
    return Change(path, kind, None if a is None else text_of(a), None if b is None else text_of(b))
