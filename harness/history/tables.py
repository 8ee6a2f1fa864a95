"""What a table holds, and the commits to it, in the codes of a history's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT, Names
from harness.history.columns import Columns
from harness.history.events import Commit


@dataclass(frozen=True, eq=False)
class TableState:
    """A table at some moment. values: by code of a key, the code of its value, ABSENT where it is not there.

    foreign: items under keys that no operation named.
    """

    names: Names
    values: NDArray[np.int32]
    foreign: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: int) -> str | None:
        """The value of a key, by its code."""
        return self.names.text_of(int(self.values[key]))


def state_of(columns: Columns, items: Mapping[str, str] | TableState) -> TableState:
    """A table, in the codes of some columns."""
    if isinstance(items, TableState):
        return items
    names = columns.names
    values = np.full(len(names.keys), ABSENT, np.int32)
    codes, value_code = names.key_codes, names.value_code
    foreign = {}
    for key, value in items.items():
        at = codes.get(key)
        if at is None:
            foreign[key] = value
        else:
            values[at] = value_code(value)
    return TableState(names, values, foreign)


@dataclass(frozen=True, eq=False)
class CommitColumns:
    """The commits to one table of one side, in the order in which they took effect.

    key: code of a key; of one that no operation named, len(names.keys) + its place in `foreign`. value: ABSENT for an
    item that was removed.
    """

    names: Names
    key: NDArray[np.int32]
    value: NDArray[np.int32]
    at_ns: NDArray[np.int64]
    foreign: tuple[str, ...] = ()

    def key_text(self, code: int) -> str:
        """The key that a code stands for."""
        known = len(self.names.keys)
        return self.names.keys[code] if code < known else self.foreign[code - known]

    def state_at(self, moment_ns: int) -> TableState:
        """What the table held after every commit up to and including moment_ns; foreign keys are left out."""
        known = np.flatnonzero((self.at_ns <= moment_ns) & (self.key < len(self.names.keys)))
        values = np.full(len(self.names.keys), ABSENT, np.int32)
        values[self.key[known]] = self.value[known]  # of several, the last one counts
        return TableState(self.names, values)


def commits_of(columns: Columns, commits: Iterable[Commit] | CommitColumns) -> CommitColumns:
    """The commits of one side to one table, in the codes of some columns."""
    if isinstance(commits, CommitColumns):
        return commits
    names, foreign = columns.names, dict[str, int]()
    ordered = sorted(commits, key=attrgetter("seq"))
    codes, known = names.key_codes, len(names.keys)
    keys = [
        codes[c.k] if c.k in codes else known + foreign.setdefault(c.k, len(foreign)) for c in ordered
    ]  # fmt: skip
    return CommitColumns(
        names,
        np.asarray(keys, np.int32),
        np.asarray([names.value_code(c.v) for c in ordered], np.int32),
        np.asarray([c.mono_ns for c in ordered], np.int64),
        tuple(foreign),
    )
