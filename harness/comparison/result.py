"""What a comparison came to: counts, and every difference as a line of JSON in a file, in the order of places."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.comparison.differences import CHANGED, ONLY_LEFT, ONLY_RIGHT, Change, Difference
from harness.comparison.selection import bounds

EXIT_EQUAL, EXIT_DIFFERENT, EXIT_UNKNOWN = 0, 1, 2


@dataclass
class Counts:
    """Keys by what became of them. settled: differed while tables were read, and did not when looked at again.

    attributes: how many items differ in each; kinds: how many places of each kind of difference.
    """

    read_left: int = 0
    read_right: int = 0
    equal: int = 0
    only_left: int = 0
    only_right: int = 0
    changed: int = 0
    settled: int = 0
    attributes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def different(self) -> int:
        """How many keys differ."""
        return self.only_left + self.only_right + self.changed

    def add(self, difference: Difference) -> None:
        """Count a difference."""
        self.only_left += difference.kind == ONLY_LEFT
        self.only_right += difference.kind == ONLY_RIGHT
        self.changed += difference.kind == CHANGED
        self.attributes.update({_attribute(change.path) for change in difference.changes})
        self.kinds.update(change.kind for change in difference.changes)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, the same for the same counts."""
        return {
            "items_a": self.read_left, "items_b": self.read_right, "equal": self.equal, "different": self.different,
            "only_in_a": self.only_left, "only_in_b": self.only_right, "changed": self.changed,
            "settled": self.settled, "attributes": dict(sorted(self.attributes.items())),
            "kinds": dict(sorted(self.kinds.items())),
        }  # fmt: skip

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Counts:
        """What `as_json` gave."""
        return cls(
            body["items_a"], body["items_b"], body["equal"], body["only_in_a"], body["only_in_b"], body["changed"],
            body["settled"], Counter(body["attributes"]), Counter(body["kinds"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Result:
    """rows: the file of differences; fraction: of the keys that were compared; total: no more items than that are in
    both sides together, None where it is not known."""

    counts: Counts
    rows: Path
    engine: str
    fraction: float = 1.0
    total: int | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether no key was in the sample, of tables that have some: then nothing is known."""
        return self.fraction < 1 and not (self.counts.read_left or self.counts.read_right) and self.total != 0

    @property
    def are_equal(self) -> bool:
        """Whether nothing was found to differ, by a comparison that found something to compare."""
        return not self.counts.different and not self.is_unknown

    @property
    def exit_code(self) -> int:
        """Of the command that compared."""
        return EXIT_UNKNOWN if self.is_unknown else EXIT_EQUAL if self.are_equal else EXIT_DIFFERENT

    def estimate(self) -> tuple[int, int]:
        """How many keys differ in all: the fewest and the most, right for 95 % of samples; exact without one.

        Never more than there are: what was found equal does not differ, and what differs may be on one side alone.
        """
        low, high = bounds(self.counts.different, self.fraction)
        if self.total is None or self.fraction >= 1:
            return low, high
        most = max(self.counts.different, self.total - 2 * self.counts.equal - self.counts.changed)
        return min(low, most), min(high, most)

    def differences(self) -> Iterator[Difference]:
        """One after the other, from the file."""
        with self.rows.open(encoding="ascii") as file:
            for line in file:
                yield from_row(line)


def _attribute(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def to_row(difference: Difference) -> str:
    """A line of JSON."""
    parsed = {
        "place": difference.place, "key": json.loads(difference.key), "kind": difference.kind,
        "a": _loaded(difference.left), "b": _loaded(difference.right),
        "changes": [
            {"path": one.path, "kind": one.kind, "a": _loaded(one.left), "b": _loaded(one.right)}
            for one in difference.changes
        ],
    }  # fmt: skip
    return json.dumps(parsed, sort_keys=True, separators=(",", ":")) + "\n"


def from_row(line: str) -> Difference:
    """What `to_row` gave."""
    body = json.loads(line)
    changes = tuple(Change(one["path"], one["kind"], _dumped(one["a"]), _dumped(one["b"])) for one in body["changes"])
    return Difference(body["place"], _text(body["key"]), body["kind"], _dumped(body["a"]), _dumped(body["b"]), changes)


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _dumped(given: Any) -> str | None:
    return None if given is None else _text(given)


def _text(given: Any) -> str:
    return json.dumps(given, sort_keys=True, separators=(",", ":"))
