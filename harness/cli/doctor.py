"""`drill doctor`: can this machine run drills, and does a subject work at all, without any fault?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from harness.cli import options as shared
from harness.reporting import terminal

if TYPE_CHECKING:
    from harness.world.diagnosis import Diagnosis

EXAMPLES = """
Examples:

`drill doctor`

`drill doctor --subject my-app/subject.yaml`

Exit codes: 0 nothing failed (warnings do not fail), 3 something did.
"""

EXIT_FAILED = 3


def doctor(
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    check_subject: Annotated[
        bool, typer.Option("--check-subject", help="Start the environment's own subject too (implied by --subject).")
    ] = False,
) -> None:
    """Look at this machine; with --subject, start it without a fault and try PUT, GET and DELETE through both edges."""
    from harness.cli import diagnosis
    from harness.cli.trial import try_subject
    from harness.world.diagnosis import State

    options = shared.resolved(environment=environment, subject=subject, profile=profile)
    console = terminal.console()
    findings = diagnosis.machine(options)
    if subject is not None or check_subject:
        console.print(Text(f"starting {options.subject.subject} without any fault ..."))
        findings += try_subject(options)
    console.print(_table(findings))
    failed = [finding for finding in findings if finding.state is State.FAIL]
    console.print(Text(f"\n{summary(findings)}"))
    raise typer.Exit(EXIT_FAILED if failed else 0)


def summary(findings: list[Diagnosis]) -> str:
    """How many failed, and how many could not be tried."""
    from harness.world.diagnosis import State

    failed, skipped = (sum(one.state is state for one in findings) for state in (State.FAIL, State.SKIPPED))
    text = f"{failed} of {len(findings)} failed" if failed else "nothing failed"
    return f"{text}, {skipped} not tried" if skipped else text


def _table(findings: list[Diagnosis]) -> Table:
    from harness.world.diagnosis import State

    styles = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red", State.SKIPPED: "dim"}
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        found = Text(finding.text, overflow="fold")
        if finding.hint:
            found.append(f"\n{finding.hint}", style="dim")
        table.add_row(Text(finding.state, style=styles[finding.state]), Text(finding.what), found)
    return table
