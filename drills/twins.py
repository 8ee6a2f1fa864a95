"""Every drill as it is, and its negative twins: one that must go red, and one without its fault that must be INVALID.

    python drills/twins.py [NAME ...] [--environment NAME | --everywhere] [--resume] [--reports DIR]

A green that nobody has seen red is no evidence. Without failover most drills must go red; `RED` names the broken
design that turns those red in which failover is not what is asked. Each drill runs where it can (`HOMES`), or all of
them in the environment that is named. Prints a line for each run that did not end as it must, then a table; exit code
0 when all did, else 1. A control is its own twin, and runs as it is only. How each ended is kept in the reports'
folder: `--resume` runs what is missing there, for this state of the code, and tells of all.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "broken_designs"))

import bank
import everywhere
from rich.console import Console
from rich.table import Table
from twin_record import Ended, Record, state_of_the_code

from harness.drill.catalogue import KnownDrill, select
from harness.scheduling import child

AS_IT_IS, RED_TWIN, NO_FAULT = "as it is", "red twin", "fault=none"
EXPECTED: Mapping[str, str] = {AS_IT_IS: "MET", RED_TWIN: "MISSED", NO_FAULT: "INVALID"}
AGAIN = ("--rerun-invalid", "1")
"""A machine that stalls proves nothing: such a run has a second try, and the report shows both."""
EMBEDDED = "embedded"
HOMES: Mapping[str, str] = {
    "kubernetes.feature": "kubernetes", "digitalocean.feature": "digitalocean",
    "database-power-cycled": "dynoxide", "global_tables.feature": "global-tables",
    "strong-table-region-lost": "global-tables-strong", "global-table-both-sides-wrote": "global-tables-active",
    "both-sides-wrote-reconciled": "global-tables-active",
    "streams_lambda.feature": "streams-lambda", "recovery.feature": "backups", "shopify.feature": "shopify",
    "archives.feature": "shopify",
    "third_parties.feature": "shopify", "routing_controls.feature": "route53-routing-controls",
    "audience.feature": "audience",
}  # fmt: skip
"""By feature file or drill, the environment that can do what they need; all others run in `embedded`."""
STEERED = (
    "region-lost-black-holed", "region-lost-refused", "region-heals-failback",
    "control-failover-disabled", "control-fault-never-applied",
)  # fmt: skip
"""What every way of steering clients must come through."""
ELSEWHERE: Mapping[str, Sequence[str]] = {
    "places": ("region-lost-black-holed", "database-lost-in-primary"),
    "cloudflare": (*STEERED, "control-plane-lost-during-failover", "provider-health-checks-blind", "name-server-lost"),
    "cloudflare-proxied": (*STEERED, "provider-health-checks-blind"),
    "akamai": (*STEERED, "control-plane-lost-during-failover", "provider-health-checks-blind", "nxdomain-blink"),
    "route53-weighted": (*STEERED, "resolver-lost"),
    "route53-latency": STEERED,
    "route53-routing-controls": STEERED,
}
"""What `--everywhere` runs in a further environment as well."""
_CONTROL = "control-"
_CONTROLS = ("record-replaced-nxdomain",)
"""Those that are controls by another name."""
LEFT_OUT = "not measurable here"
CONSOLE = Console(highlight=False)


@dataclass(frozen=True)
class Red:
    """What turns a drill red. options: of `drill run`; design: one of tests/broken_designs, drilled instead."""

    options: tuple[str, ...] = ("--set", "failover=off")
    design: str = ""

    def __str__(self) -> str:
        return self.design or self.options[-1]


RED: Mapping[str, Red] = {
    "pods-of-a-place-killed": Red((), "bare_pods_that_nobody_restarts"),
    "pod-frozen": Red((), "one_pod_is_all_there_is"),
    "bad-deploy": Red((), "old_pods_end_before_new_ones_are_ready"),
    "liveness-on-database": Red((), "liveness_asks_the_database"),
    "global-table-both-sides-wrote": Red((), "global_table_clocks_differ"),
    "both-sides-wrote-reconciled": Red(("--set", "reconcile=primary")),
    "lambda-poison-record": Red((), "poison_blocks_the_function"),
    "table-corrupted-restored": Red(("--set", "restore=late")),
    "region-gone-rebuilt": Red(("--set", "restore=off")),
    "webhook-burst-region-lost": Red((), "webhooks_acknowledged_before_they_are_kept"),
    "webhooks-twice-and-out-of-order": Red((), "webhooks_done_as_often_as_they_come"),
    "forged-webhooks": Red((), "signatures_unchecked_on_the_standby"),
    "subscription-removed": Red((), "subscribed_at_the_start_only"),
    "outage-longer-than-retries": Red((), "webhooks_are_relied_on"),
    "secret-rotated-during-failover": Red((), "old_secret_forgotten_at_once"),
    "admin-api-throttled": Red((), "throttled_taken_for_nothing_new"),
    "routing-control-failover": Red((), "one_cluster_endpoint_is_all_it_knows"),
    "third-party-lost": Red((), "third_parties_told_once"),
    "third-party-in-maintenance": Red((), "third_parties_stormed"),
    "third-party-lies": Red((), "third_parties_believed"),
    "theme-restored": Red(("--set", "restore=off")),
    "resolver-lost": Red(("--set", "dns.resolvers=1")),
    "name-server-lost": Red(("--set", "dns.name_servers=1")),
    "nxdomain-blink": Red(("--set", "steering.negative_ttl_s=900")),
    "app-database-restored": Red(("--set", "restore=damaged")),
}
"""Drills in which failover is not what is asked: what they show is the doing of whoever runs pods, or replicates, or of
an application that is told; or of DNS with nobody else to ask, or with a long memory."""

RED_IN: Mapping[tuple[str, str], Red] = {
    ("cloudflare", "provider-health-checks-blind"): Red((), "last_resort_is_the_standby"),
}
"""The same for a drill in one of the further environments, where something else is what turns it red there."""


def run(names: Sequence[str], options: Sequence[str], reports: Path) -> list[Ended]:
    """Run drills; how each ended. A run that left no evidence gives nothing."""
    latest = reports / "latest"
    latest.unlink(missing_ok=True)
    command = [sys.executable, "-m", "harness.cli.main", "run", *names, *options, "--reports", str(reports)]
    child.run(command, Path.cwd(), os.environ, everywhere.LIMIT_S, None)
    if not latest.exists():
        return []
    body = json.loads((latest / "run.json").read_text(encoding="utf-8"))
    ended = [Ended(drill["name"], drill["verdict"], "; ".join(drill["reasons"])) for drill in body["drills"]]
    return ended + [Ended(left["name"], LEFT_OUT, left["reason"]) for left in body["not_measured"]]


def is_control(name: str) -> bool:
    """Whether a drill is broken on purpose, and so its own twin."""
    return name.startswith(_CONTROL) or name in _CONTROLS


def home_of(drill: KnownDrill) -> str:
    """The environment in which a drill can be run."""
    return HOMES.get(drill.name) or HOMES.get(drill.file.name, EMBEDDED)


def red_of(name: str, environment: str = EMBEDDED) -> Red:
    """What must turn a drill red."""
    return RED_IN.get((environment, name)) or RED.get(name, Red())


def unsaid(ended: Ended, environment: str = EMBEDDED) -> list[str]:
    """What a red drill has to say of the broken design that turns it red, and has not said: red for another reason."""
    design = red_of(ended.drill, environment).design
    words = bank.designs()[design].caught_by.get(ended.drill, ()) if design else ()
    return [word for word in words if not re.search(word, ended.reason, re.IGNORECASE)]


def plan(names: Sequence[str], environment: str = EMBEDDED) -> Iterator[tuple[str, list[str], Red]]:
    """The runs for these drills: what is expected, of which drills, and what is changed for it."""
    yield AS_IT_IS, list(names), Red(())
    twins = [name for name in names if not is_control(name)]
    reds = {name: red_of(name, environment) for name in twins}
    for red in dict.fromkeys(reds.values()):
        yield RED_TWIN, [name for name in twins if reds[name] == red], red
    if twins:
        yield NO_FAULT, twins, Red(("--set", "fault=none"))


def drilled(environment: str, names: Sequence[str], reports: Path, record: Record) -> dict[tuple[str, str], Ended]:
    """Every run of these drills in one environment."""
    for expected, wanted, red in plan(names, environment):
        of = [name for name in wanted if record.ended(environment, expected, name) is None]
        if not of:
            continue
        CONSOLE.print(f"{expected}{'' if expected == AS_IT_IS else f' ({red})'}: {', '.join(of)}", markup=False)
        again = () if expected == NO_FAULT else AGAIN
        with tempfile.TemporaryDirectory() as folder:
            options = [*red.options, "--environment", environment, *again]
            if red.design:
                written = bank.write(bank.designs()[red.design], Path(folder))
                home = str(written.environment or environment)
                options = ["--subject", str(written.subject), "--environment", home, *again]
            for ended in run(of, options, reports):
                record.add(environment, expected, ended)
    asked = [(name, kind, record.ended(environment, kind, name)) for name in names for kind in EXPECTED]
    return {(name, kind): ended for name, kind, ended in asked if ended is not None}


def places_of(drills: Iterable[KnownDrill], environment: str | None, *, further: bool) -> dict[str, list[str]]:
    """By environment, the drills that run there. further: some of them in other environments as well."""
    found: dict[str, list[str]] = {}
    for drill in drills:
        found.setdefault(environment or home_of(drill), []).append(drill.name)
    for name, drills_there in ELSEWHERE.items() if further else ():
        here = found.setdefault(name, [])
        here += [drill for drill in drills_there if drill not in here]
    return found


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--environment", help="run all of them there; without it, each where it can be run")
    parser.add_argument("--everywhere", action="store_true", help="some of them in further environments as well")
    parser.add_argument("--resume", action="store_true", help="only what has no record in the reports' folder yet")
    parser.add_argument("--reports", type=Path, default=Path("reports"))
    arguments = parser.parse_args()
    wanted = places_of(select(arguments.names), arguments.environment, further=arguments.everywhere)
    record = Record(arguments.reports / "twins.jsonl", state_of_the_code(everywhere.ROOT), resume=arguments.resume)
    code = 0
    for environment, names in wanted.items():
        CONSOLE.print(f"\nin {environment}:", markup=False)
        if (why := everywhere.lacking(environment)) is not None:
            CONSOLE.print(f"{', '.join(names)} not run, for {environment} is not here: {why}", markup=False)
            continue
        found = drilled(environment, names, arguments.reports, record)
        code = max(code, report(names, found, CONSOLE, environment))
    return code


def report(
    wanted: Sequence[str], found: Mapping[tuple[str, str], Ended], console: Console, environment: str = EMBEDDED
) -> int:
    """Show what ended how. Returns the exit code."""
    table = Table("drill", *EXPECTED, "red by", box=None, pad_edge=False)
    wrong = []
    for name in wanted:
        row = []
        for kind, expected in EXPECTED.items():
            if kind != AS_IT_IS and is_control(name):
                row.append("-")
                continue
            ended = found.get((name, kind))
            row.append("not run" if ended is None else ended.verdict)
            if (
                kind == RED_TWIN
                and ended is not None
                and ended.verdict == expected
                and (words := unsaid(ended, environment))
            ):
                wrong.append(f"{name} ({kind}) is red for another reason, not said: {', '.join(words)}: {ended.shown}")
            if ended is None or ended.verdict not in (expected, LEFT_OUT):
                why = "left no evidence" if ended is None else f"ended {ended.verdict}: {ended.shown}"
                wrong.append(f"{name} ({kind}) must end {expected}, and {why}")
        table.add_row(name, *row, "itself" if is_control(name) else str(red_of(name, environment)))
    console.print(table)
    for sentence in wrong:
        console.print(sentence, markup=False)
    console.print(f"{len(wrong)} runs ended wrongly" if wrong else "every drill and every twin ended as it must")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
