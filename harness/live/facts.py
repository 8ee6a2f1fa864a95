"""What the live world knows of itself: versions, capabilities, and the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib import metadata

import psutil

from harness import __version__
from harness.faults.needs import WRITES_ON_BOTH_SIDES
from harness.topology.subject import Subject
from harness.wire.placeholders import values
from harness.world.part import Part

_PACKAGES = ("pytest", "pytest-bdd", "allure-pytest")


def versions(parts: Iterable[Part]) -> dict[str, str]:
    """Versions by name, those of the parts among them."""
    found = {"harness": __version__, "python": platform.python_version()}
    for part in parts:
        found.update(part.versions())
    return found | {name: metadata.version(name) for name in _PACKAGES}


def capabilities(parts: Iterable[Part], subject: Subject) -> dict[str, bool | str]:
    """What can honestly be measured here, each True or a sentence why not; one part that lacks it is enough."""
    no_tables = "not measurable here: the subject lists no tables to compare"
    found: dict[str, bool | str] = {"rto": True, "rpo_items": True if subject.tables else no_tables}
    one_side = "not measurable here: the subject does not say that both sides may write (`consistency: {writes: both}`)"
    found[WRITES_ON_BOTH_SIDES] = True if subject.consistency.writes == "both" else one_side
    for part in parts:
        for name, can in part.capabilities().items():
            if found.get(name, True) is True:
                found[name] = can
    return found


def hidden(parts: Iterable[Part], subject: Subject) -> list[str]:
    """Values of the environment that no log of a process may show."""
    return [*values(subject.variables(), os.environ), *(value for part in parts for value in part.hidden())]


def machine() -> dict[str, str]:
    """The machine in a few words."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count() or 1),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
    }
