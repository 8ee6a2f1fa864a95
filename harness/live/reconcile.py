"""What an operator does to make the tables of two databases the same again: a plan, its writes, and a comparison.

It is what `drill reconcile` does, on the region's real API and past every link.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.clock import monotonic_ns
from harness.comparison import by_python
from harness.comparison.differences import Difference
from harness.comparison.live import Calls, LiveTable, Pace
from harness.comparison.records import Shape
from harness.comparison.result import Result
from harness.drill.reconciled import CaseReconciled
from harness.errors import WorldError
from harness.reconciliation.applying import apply
from harness.reconciliation.deciding import A, B, Policy, tally
from harness.reconciliation.plan import Plan, write_plan
from harness.stored import value_of
from harness.topology.subject import Subject, Table
from harness.world.regions import RegionServer

_LOSERS_SHOWN = 1000
_API = "api"


class _Nobody:
    """Hears how far a comparison is, and tells nobody."""

    def reading(self, side: str, items: int, of: int) -> None: ...

    def comparing(self, done: int, of: int) -> None: ...


def reconcile(servers: Sequence[RegionServer], subject: Subject, policy: Policy) -> CaseReconciled:
    """Make the table that clients write the same in two databases. servers: those of A and B.

    Raises WorldError where there is no such table, or no API to do it by.
    """
    table = subject.judged_table
    if table is None or any(_API not in server.endpoints() for server in servers):
        raise WorldError("nothing can be reconciled: no table, or no API to do it by")
    asked_ns = monotonic_ns()
    with tempfile.TemporaryDirectory(prefix="drill-reconcile-") as folder, _opened(servers, table) as sides:
        home = Path(folder)
        found = _compared(sides, home / "before")
        names = [server.region for server in servers]
        plan = write_plan(home / "plan", names, sides[0].names or (), policy, found.differences())
        done = apply(plan, {"A": sides[0], "B": sides[1]}, lambda _: None)
        left = _compared(sides, home / "after").counts.different
        return _told(table, plan, names, done.undecided, left, asked_ns)


@contextmanager
def _opened(servers: Sequence[RegionServer], table: Table) -> Iterator[list[LiveTable]]:
    with ExitStack() as stack:
        sides = []
        for server in servers:
            host, port = server.endpoints()[_API]
            calls = Calls(server.region, f"http://{host}:{port}")
            stack.callback(calls.close)
            sides.append(
                LiveTable(f"{server.region}:{table.name}", calls, table.name, Pace(share=1.0, consistent=True))
            )
        yield sides


def _compared(sides: Sequence[LiveTable], folder: Path) -> Result:
    shape = Shape(sides[0].names or ())
    return by_python.compare(sides, shape, folder, _Nobody())


def _told(table: Table, plan: Plan, names: Sequence[str], undecided: int, left: int, asked_ns: int) -> CaseReconciled:
    pairs = [(action.difference, action.winner) for action in plan.actions()]
    came = tally(pairs)
    side = dict(zip("AB", names, strict=True))
    return CaseReconciled(
        table=table.name,
        databases=tuple(names),
        policy=f"{plan.policy.by}:{plan.policy.attribute}" if plan.policy.attribute else plan.policy.by,
        keys=len(pairs),
        copied={side[to]: count for to, count in came.copies.items()},
        deleted={side[to]: count for to, count in came.deletes.items()},
        conflicts=sum(came.conflicts.values()),
        won={side[A.upper()]: came.conflicts[A], side[B.upper()]: came.conflicts[B]},
        losers=tuple(_losers(table, pairs))[:_LOSERS_SHOWN],
        undecided=undecided,
        left=left,
        asked_ns=asked_ns,
        done_ns=monotonic_ns(),
    )


def _losers(table: Table, pairs: Sequence[tuple[Difference, str]]) -> Iterator[str]:
    """The values that were replaced by another one, or deleted."""
    for difference, winner in pairs:
        text = {A: difference.right, B: difference.left}.get(winner)
        value = None if text is None else value_of(table.value, json.loads(text))
        if value is not None:
            yield value
