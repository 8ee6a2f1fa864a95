"""`drill dns check`: what a zone of one's own would answer at each loss, before anything is broken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.errors import InputError, Problem

if TYPE_CHECKING:
    from harness.parts.steering.route53.brought.review import Finding, Outlook, Review

EXAMPLES = """
Examples:

`aws route53 list-resource-record-sets --hosted-zone-id Z1 > zone.json`

`aws route53 list-health-checks > checks.json`

`drill dns check zone.json --health-checks checks.json`

`terraform show -json plan.out > plan.json && drill dns check plan.json --zone example.com`

`drill dns check config/example.com.yaml --objective 120` (octoDNS)

`drill dns check zones/*.yaml` (several at once)

Nothing is asked of any name server, and nothing is changed.

Exit codes: 0 nothing serious was found, 1 something was, 3 the file cannot be read or is none of these.
"""
EXIT_FOUND = 1
OBJECTIVE_S = 150.0

app = typer.Typer(help="Look at zones.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Zones, as they are kept in files."""


@app.command("check", epilog=EXAMPLES)
def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Zones: AWS's own list of record sets, a Terraform plan, or octoDNS."),
    ],
    zone: Annotated[
        str | None, typer.Option(help="Its name, where the file has several zones, or does not say it.")
    ] = None,
    health_checks: Annotated[Path | None, typer.Option(help="What `aws route53 list-health-checks` printed.")] = None,
    objective: Annotated[
        float, typer.Option(min=1, max=86_400, help="Recovery time that is promised to clients, in seconds.")
    ] = OBJECTIVE_S,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Say what would happen at each loss: who is answered with, after how long, and what is wrong with the zone."""
    from harness.parts.steering.route53.brought.reading import read
    from harness.parts.steering.route53.brought.review import review, unnamed

    problems: list[Problem | str] = []
    zones = []
    if zone is not None and len(files) > 1:
        problems.append(f"--zone {zone}: of one file, and {len(files)} are named")
    for file in dict.fromkeys(files):
        try:
            zones.append(read(file, zone, health_checks))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*dict.fromkeys(problems))
    reviews = [review(one, objective) for one in zones]
    unused = unnamed(zones)
    if as_json:
        told = [_data(one.name, found, one.notes) for one, found in zip(zones, reviews, strict=True)]
        first = {**told[0], "findings": [*told[0]["findings"], *_findings(unused)]}
        typer.echo(json.dumps({"zones": told, "findings": _findings(unused)} if told[1:] else first, indent=2))
    else:
        for one, found in zip(zones, reviews, strict=True):
            _show(one.name, found, one.notes, objective)
        _show_findings(unused)
    raise typer.Exit(EXIT_FOUND if any(found.serious for found in reviews) else 0)


def _show(name: str, found: Review, notes: tuple[str, ...], objective_s: float) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    from harness.reporting import terminal

    out = terminal.console()
    out.print(Text(f"Zone {name}", style="bold"))
    if found.outlooks:
        columns = [
            Column(word, overflow="fold") for word in ("When this is lost", "for", "clients are led to", "after")
        ]
        table = Table(*columns, box=None, pad_edge=False)
        for one in found.outlooks:
            table.add_row(*map(Text, (one.loss.target, f"{one.loss.name} {one.loss.type}", _led(one), _after(one))))
        out.print(table)
    if found.single:
        count = f"{len(found.single)} name{'s' * (len(found.single) > 1)}"
        shown = ", ".join(found.single[:5]) + (", ..." if len(found.single) > 5 else "")
        out.print(Text(f"{count} with one target and no failover: {shown}"))
    for note in notes:
        out.print(Text(f"note: {note}"), soft_wrap=True)
    _show_findings(found.findings)
    if found.serious:
        return
    if not found.outlooks:
        out.print(Text("✓ nothing serious; but no name here has anything to fail over to"))
        return
    out.print(
        Text(f"✓ nothing serious: at each loss, clients are led elsewhere within {objective_s:g} s, or nobody is")
    )


def _show_findings(findings: Sequence[Finding]) -> None:
    from rich.text import Text

    from harness.reporting import terminal

    for finding in findings:
        place = "" if finding.where is None else f"{finding.where}: "
        terminal.console().print(Text(f"{'✗' if finding.serious else '!'} {place}{finding.text}"), soft_wrap=True)


def _led(one: Outlook) -> str:
    if one.loss.stays:
        return f"what is lost{', some of them' * (len(one.loss.during) > 1)}"
    if one.loss.during == one.loss.before:
        return "whom they were led to before"
    return ", ".join(sorted(one.loss.during)) or "nothing"


def _after(one: Outlook) -> str:
    if one.loss.stays or one.loss.during == one.loss.before:
        return "-"
    if one.detect_s is None:
        watched = any(record.health_check_id for record in one.loss.path)
        return f"{'an unknown time' if watched else 'its balancer has noticed'}, and TTL {one.ttl_s} s"
    return f"{one.detect_s[0]:.0f} - {one.detect_s[1]:.0f} s, and TTL {one.ttl_s} s"


def _data(name: str, found: Review, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "zone": name,
        "losses": [
            {
                "name": one.loss.name, "type": one.loss.type, "lost": one.loss.target,
                "before": sorted(one.loss.before), "during": sorted(one.loss.during), "stays": one.loss.stays,
                "detect_s": one.detect_s, "ttl_s": one.ttl_s,
            }
            for one in found.outlooks
        ],
        "single": list(found.single),
        "notes": list(notes),
        "findings": _findings(found.findings),
    }  # fmt: skip


def _findings(found: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {"serious": one.serious, "where": None if one.where is None else str(one.where), "text": one.text}
        for one in found
    ]
