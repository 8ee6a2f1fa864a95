"""`drill reconcile`: makes two live tables the same again, by a plan that is shown before anything is written."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress
from rich.text import Text

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.comparison.live import LiveTable, Pace
    from harness.comparison.result import Result
    from harness.reconciliation.deciding import Policy
    from harness.reconciliation.plan import Plan

EXAMPLES = """
Examples:

`drill reconcile us-east-1:orders us-west-2:orders --policy newest:version --plan orders.plan`

`drill reconcile --plan orders.plan --apply`

`drill reconcile A B --policy hand --plan orders.plan`: a person sets `winner` (a, b, leave) in the plan, line by line.

`--policies FILE` has a policy for each table: {"orders": {"policy": "newest:version", "missing": "copy"}}.

Nothing is written without --apply. Exit codes: 0 the tables are the same (after --apply: compared again), 1 they are
not yet, 3 something is wrong, 130 interrupted: the same command goes on.
"""

EXIT_NOT_YET = 1
_SHOWN = 20


def reconcile(
    a: Annotated[str | None, typer.Argument(help="One live table.", metavar="A")] = None,
    b: Annotated[str | None, typer.Argument(help="The other one.", metavar="B")] = None,
    plan: Annotated[Path, typer.Option(help="The file of the plan.")] = Path("reconcile.plan"),
    policy: Annotated[str | None, typer.Option(help="newest:ATTRIBUTE, a, b or hand.")] = None,
    missing: Annotated[str | None, typer.Option(help="What is in one table alone: copy, delete or hand.")] = None,
    policies: Annotated[Path | None, typer.Option(help="A JSON file with a policy for each table.")] = None,
    key: Annotated[str | None, typer.Option(help="Attributes of the key, by commas, to be sure of it.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Apply the plan, and compare the tables again.")] = False,
    read_share: Annotated[float, typer.Option(help="Read no more than this share of a table's capacity.")] = 0.5,
) -> None:
    """Plan how two tables become the same again, show it, and apply it with --apply."""
    from harness.comparison.live import Pace

    pace = Pace(read_share)
    if apply:
        if a or b or policy or policies:
            raise InputError(
                "--apply takes tables and policy from the plan: leave them out, or make a new plan without it"
            )
        raise typer.Exit(_apply(plan, pace))
    if not a or not b:
        raise InputError("name two tables, or --apply a plan")
    raise typer.Exit(_plan((a, b), plan, _policy(a, policy, missing, policies), key, pace))


def _policy(table: str, policy: str | None, missing: str | None, policies: Path | None) -> Policy:
    from harness.comparison.live import named
    from harness.reconciliation.deciding import policy_of

    if policies is None:
        return policy_of(policy or "hand", missing)
    if policy is not None:
        raise InputError("--policy or --policies, not both")
    found = named(table)
    try:
        told = json.loads(policies.read_text(encoding="utf-8"))
        one = told[found[1] if found else table]
        return policy_of(one["policy"], one.get("missing", missing))
    except OSError as error:
        raise InputError(f"{policies}: it cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise InputError(f"{policies}: it has no policy for {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{policies}: it is no JSON object of tables with their policies: {error}") from error


@contextlib.contextmanager
def _tables(texts: Sequence[str], pace: Pace) -> Iterator[list[LiveTable]]:
    from harness.comparison.live import live_table

    with contextlib.ExitStack() as stack:
        found = []
        for text in texts:
            table = live_table(text, pace)
            if table is None:
                raise InputError(f"{text} is no live table: REGION:TABLE, REGION:TABLE@ENDPOINT or an ARN")
            stack.callback(table.close)
            found.append(table)
        yield found


@contextlib.contextmanager
def _compared(tables: Sequence[LiveTable], key: str | None) -> Iterator[Result]:
    from harness.cli import diff_view
    from harness.cli.diff import shaped
    from harness.comparison import by_python
    from harness.comparison.selection import Selection

    shape = shaped(tables, key, frozenset(), null_is_missing=False, selection=Selection())
    with tempfile.TemporaryDirectory(prefix="drill-reconcile-") as folder, diff_view.progress(tables) as watcher:
        yield by_python.compare(tables, shape, Path(folder), watcher)


def _plan(texts: Sequence[str], file: Path, policy: Policy, key: str | None, pace: Pace) -> int:
    from harness.reconciliation.plan import write_plan

    with _tables(texts, pace) as tables, _compared(tables, key) as result:
        made = write_plan(file, texts, tables[0].names or (), policy, result.differences())
        _show(made)
        return 0 if result.are_equal else EXIT_NOT_YET


def _show(plan: Plan) -> None:
    from rich.table import Table

    from harness.reconciliation.deciding import tally
    from harness.reporting.terminal import console
    from harness.reporting.wording import clean

    out = console()
    table = Table("key", "now", "winner", "why", box=None, pad_edge=False)
    pairs = []
    for action in plan.actions():
        pairs.append((action.difference, action.winner))
        if action.number < _SHOWN:
            cells = (action.difference.key, action.difference.kind, action.winner, action.reason)
            table.add_row(*(Text(clean(cell, 80)) for cell in cells))
    if not pairs:
        out.print("the tables are the same: there is nothing to do")
        return
    out.print(table)
    if len(pairs) > _SHOWN:
        out.print(f"and {len(pairs) - _SHOWN} more")
    told = tally(pairs)
    won = told.conflicts
    for line in (
        f"copied: {told.copies['B']} to B, {told.copies['A']} to A",
        f"deleted: {told.deletes['B']} in B, {told.deletes['A']} in A",
        f"conflicts: {sum(won.values())}, of which A wins {won['a']}, B wins {won['b']}, left {won['leave']}",
        f"undecided: {told.undecided}",
        f"nothing has been written; the plan is {plan.file}: drill reconcile --plan {plan.file} --apply",
    ):
        out.print(Text(line), soft_wrap=True)


def _apply(file: Path, pace: Pace) -> int:
    from rich.console import Console

    from harness.reconciliation.applying import apply
    from harness.reconciliation.plan import read_plan
    from harness.reporting.terminal import console
    from harness.reporting.wording import clean

    plan = read_plan(file)
    out = console()
    with _tables((plan.a, plan.b), pace) as tables:
        total = sum(1 for _ in plan.actions())
        shown = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
        with shown:
            bar = shown.add_task("applying", total=total)
            done = apply(plan, dict(zip("AB", tables, strict=True)), lambda number: shown.update(bar, completed=number))
        out.print(Text(f"written: {done.written}; found done already: {done.already}; undecided: {done.undecided}"))
        for line in done.changed[:_SHOWN]:
            out.print(Text(clean(f"changed since the plan was made, and not touched: {line}")), soft_wrap=True)
        with _compared(tables, None) as result:
            if result.are_equal:
                out.print(Text("converged: the tables are the same, compared item by item", style="green"))
                return 0
            left = result.counts.different
    out.print(Text(f"not yet: {left} keys differ; make another plan, or decide what is undecided", style="red"))
    return EXIT_NOT_YET
