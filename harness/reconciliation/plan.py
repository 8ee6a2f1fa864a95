"""The plan as a file: one line of JSON for what it is of, then one for each key, with who wins and why.

People may change `winner` (a, b, leave) in any line before it is applied. A plan is made in whole: it is moved to its
place when it is finished, so what is cut short is never taken for one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.comparison.differences import Difference
from harness.comparison.result import from_row, to_row
from harness.errors import InputError, Problem
from harness.reconciliation.deciding import DECISIONS, Policy, decide

FORMAT = "drill-plan/1"


@dataclass(frozen=True)
class Action:
    """A key of the plan. number: of its line's place; winner, reason: see `deciding.Decision`."""

    number: int
    difference: Difference
    winner: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """A plan that lies in a file. a, b: the tables as they were typed; names: of the key."""

    file: Path
    a: str
    b: str
    names: tuple[str, ...]
    policy: Policy

    def actions(self) -> Iterator[Action]:
        """One after the other. Raises InputError with the line of what is wrong."""
        with self.file.open(encoding="utf-8") as file:
            next(file)
            for number, line in enumerate(file):
                yield _action(self.file, number, line)


def write_plan(
    file: Path, sides: Sequence[str], names: Sequence[str], policy: Policy, found: Iterable[Difference]
) -> Plan:
    """Decide every difference, and keep it. Raises InputError where the file cannot be written."""
    fresh = file.with_name(file.name + ".new")
    head = {
        "format": FORMAT, "a": sides[0], "b": sides[1], "key": list(names),
        "policy": {"by": policy.by, "attribute": policy.attribute, "missing": policy.missing},
    }  # fmt: skip
    try:
        with fresh.open("w", encoding="ascii") as lines:
            lines.write(json.dumps(head) + "\n")
            for difference in found:
                decision = decide(policy, difference)
                row = json.loads(to_row(difference))
                lines.write(json.dumps({"winner": decision.winner, "reason": decision.reason} | row) + "\n")
        os.replace(fresh, file)
    except OSError as error:
        raise InputError(Problem(str(file), None, f"it cannot be written: {error.strerror}")) from error
    return Plan(file, sides[0], sides[1], tuple(names), policy)


def read_plan(file: Path) -> Plan:
    """A plan from its file. Raises InputError."""
    try:
        with file.open(encoding="utf-8") as lines:
            head = json.loads(next(lines, ""))
        if head["format"] != FORMAT:
            raise InputError(Problem(str(file), 1, f"it is {head['format']}, and not {FORMAT}"))
        return Plan(file, head["a"], head["b"], tuple(head["key"]), Policy(**head["policy"]))
    except OSError as error:
        raise InputError(Problem(str(file), None, f"it cannot be read: {error.strerror}")) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(Problem(str(file), 1, f"it is no plan of drill reconcile: {error!r}")) from error


def _action(file: Path, number: int, line: str) -> Action:
    try:
        body: dict[str, Any] = json.loads(line)
        winner = body["winner"]
        if winner not in DECISIONS:
            raise InputError(Problem(str(file), number + 2, f"winner is {winner!r}: there are {', '.join(DECISIONS)}"))
        return Action(number, from_row(line), winner, str(body["reason"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(Problem(str(file), number + 2, f"it is no line of a plan: {error!r}")) from error
