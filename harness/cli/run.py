"""`drill run`: pytest over the wanted feature files, with a live view, a summary, and the contract's exit codes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from harness.cli import options as shared
from harness.live.ground import warm

EXAMPLES = """
Examples:

`drill run region-lost-black-holed`

`drill run region-lost-refused --subject my-app/subject.yaml --set objective.rto_s=30`

`drill run features/mine.feature --profile production --seed 7`

`drill run features/mine.feature::the-database-hangs`

`drill run control-failover-disabled --trials 3`

`drill run --rerun-invalid 2` (again only what proved nothing, and shown as such)

A drill's name is its scenario's title in small letters with dashes. Each example of an outline is a drill: where its
rows give one name, the values of the row are put behind it, and a number (from 2, in the order of the rows) where that
is not enough. `drill list` shows the names, `drill steps` what scenarios are written in.

Exit codes: 0 all met, 1 something missed (with --strict: or any warning remains, or a cell of the resiliency matrix is
worse than in the runs before), 2 unknown, invalid or aborted by a stop condition, 3 input or harness, 130 interrupted.

Ctrl-C, SIGTERM and SIGHUP stop a run in the same way: healed, everything taken down. `pytest drills/` takes the same
options, except --keep, and stops likewise; its exit codes are pytest's own.
"""


def run(
    drills: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names (see drill list), .feature files, or FILE::NAME for one drill of a file. Default: all. "
            "What is named twice runs once: --trials repeats."
        ),
    ] = None,
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    seed: shared.Seed = None,
    trials: Annotated[
        str | None, typer.Option(metavar="INTEGER", help="How often to run each drill: at most 1000 times.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override what the scenario says.")
    ] = None,
    reports: Annotated[str | None, typer.Option(help="Folder for the evidence. Default: reports.")] = None,
    rerun_invalid: Annotated[
        str | None,
        typer.Option(
            metavar="INTEGER",
            help="How often a drill that ended INVALID runs again, at most 10 times; every attempt is kept. "
            "No other verdict is tried again.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when any warning remains, too.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree beforehand to what the drills do to a stack that is not ours.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the world up after a failure, until Ctrl-C.")] = False,
) -> None:
    """Run drills: stand the world up, break it, watch the clients, file the evidence."""
    options = shared.resolved(
        environment=environment, subject=subject, profile=profile, seed=seed, trials=trials, set=set_,
        reports=reports, keep=keep or None, strict=strict or None, rerun_invalid=rerun_invalid, yes=yes or None,
    )  # fmt: skip
    with ExitStack() as stack:
        # Moto takes longest to import, so its parent starts first; pytest is imported beside it.
        servers = warm(stack, options)
        from harness.cli.pytest_run import run_drills
        from harness.drill.catalogue import select

        raise typer.Exit(run_drills(select(drills or []), options, servers))
