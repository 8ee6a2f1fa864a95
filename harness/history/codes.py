"""What stands beside the columns of a history: the texts that codes stand for, and the codes that are fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history.events import Operation
from harness.outcome import Outcome

Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

PUT, GET, DELETE, ADD = range(4)
FUNCTIONS = ("put", "get", "delete", "add")
OK, FAIL, INFO = range(3)
OUTCOMES = (Outcome.OK, Outcome.FAIL, Outcome.INFO)

NEVER_NS = 1 << 62
"""A time after every other: when an operation without an answer ended."""
ABSENT = -1
"""The value of an item that is not there; any code of a text that is None."""
NO_EPOCH = -NEVER_NS - 1
"""Where an answer named no epoch; what one does name is cut off at NEVER_NS either way."""
UNKNOWN = -2
"""This and everything below it: a value that no write of the history has, see `Names.strange`."""


@dataclass
class Names:
    """The texts that codes stand for. ops: by row of the whole history. strange: values that no write of it wrote.

    source: the operation of a row, where it was an object already; it may have more fields than there are columns.
    grouped: rows of puts that one request made together with others, ascending; group: of each, the first of its group.
    Rows are those of the whole history.
    """

    ops: Sequence[str]
    keys: Sequence[str]
    clients: Sequence[str]
    cohorts: Sequence[str]
    addresses: Sequence[str] = ()
    regions: Sequence[str] = ()
    strange: list[str] = field(default_factory=list)
    source: Callable[[int], Operation] | None = None
    grouped: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    group: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @cached_property
    def key_codes(self) -> dict[str, int]:
        """Key -> code."""
        return {key: code for code, key in enumerate(self.keys)}

    @cached_property
    def op_rows(self) -> dict[str, int]:
        """Operation id -> row of the whole history."""
        return {op: row for row, op in enumerate(self.ops)}

    def group_of(self, row: int) -> int | None:
        """The first row of a row's group; None: it is in none."""
        at = int(np.searchsorted(self.grouped, row))
        return int(self.group[at]) if at < len(self.grouped) and self.grouped[at] == row else None

    def value_code(self, text: str | None) -> int:
        """The code of a value, which it gets where it has none: see `Columns.value`."""
        if text is None:
            return ABSENT
        row = self.op_rows.get(text)
        if row is not None:
            return row
        if text not in self._strange_codes:
            self._strange_codes[text] = UNKNOWN - len(self.strange)
            self.strange.append(text)
        return self._strange_codes[text]

    @cached_property
    def _strange_codes(self) -> dict[str, int]:
        return {text: UNKNOWN - place for place, text in enumerate(self.strange)}

    def text_of(self, value: int) -> str | None:
        """What a value's code stands for."""
        if value >= 0:
            return self.ops[value]
        return None if value == ABSENT else self.strange[UNKNOWN - value]


def code(names: Sequence[str], name: str) -> int:
    """A text's code; one that no row has where it is not known."""
    return names.index(name) if name in names else UNKNOWN
