"""dynoxide as a region's server: a database that is no AWS service, with its data in a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.parts.regions.dynoxide.install import RECIPE
from harness.parts.regions.dynoxide.spec import Dynoxide as Spec
from harness.world.diagnosis import Diagnosis
from harness.world.installed import found_or_told, installed, needed
from harness.world.part import LOOPBACK, Blueprint
from harness.world.program_region import ProgramRegion

PROGRAM = "dynoxide"
_FILE = "region.db"


class Dynoxide(ProgramRegion):
    """One region. It does not tell regions apart, so each has a process of its own.

    The stream of a table that is deleted stays, and is that of the next table of its name.
    """

    called = "dynoxide"
    ordered_streams = True
    forgets_tables = False

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        super().__init__(blueprint, region)
        self.keeps_data = spec.data == "disk"

    def command(self, port: int) -> Sequence[str]:
        """See ProgramRegion."""
        found = program() or needed(RECIPE, "region_servers: dynoxide")
        at = ("--host", LOOPBACK, "--port", str(port), "--log", "quiet")
        return (str(found), *at, *(("--db-path", str(self.folder / _FILE)) if self.keeps_data else ()))

    def versions(self) -> Mapping[str, str]:
        """Of the program that `drill install` builds; one on the PATH is told by where it is."""
        found = shutil.which(PROGRAM)
        return {"dynoxide": RECIPE.version if found is None else f"the program {found}"}


def program() -> Path | None:
    """The program that would be started; None when there is none."""
    found = shutil.which(PROGRAM)
    return installed(RECIPE) if found is None else Path(found)


def build(blueprint: Blueprint, spec: Spec) -> list[Dynoxide]:
    """One for each region that has a database."""
    return [Dynoxide(blueprint, spec, region) for region in blueprint.environment.databases]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether there is a program to start."""
    yield found_or_told("dynoxide", program(), RECIPE)
