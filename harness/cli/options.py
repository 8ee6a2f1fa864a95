"""Options that several subcommands share, spelled once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.drill.options import RunOptions, resolve

Environment = Annotated[
    str | None, typer.Option("--environment", "-e", help="Environment: a name, or the path of a .yaml file.")
]
SubjectFile = Annotated[
    str | None, typer.Option("--subject", "-s", help="The system under test: a subject.yaml. Default: the reference.")
]
ProfileName = Annotated[
    str | None, typer.Option("--profile", "-p", help="fast (documented durations / 10) or production.")
]
# A text, since Python would take `1_0` for 10: harness.drill.options reads it.
Seed = Annotated[str | None, typer.Option(metavar="INTEGER", help="Seed of everything that is drawn at random.")]


def resolved(**given: Any) -> RunOptions:
    """Options of the command line over DRILL_* variables over [tool.drill]; see harness.drill.options."""
    return resolve(given, os.environ, Path.cwd(), secrets.randbelow(2**31))
