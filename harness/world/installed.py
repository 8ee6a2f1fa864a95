"""Where `drill install` keeps programs, and whether one is whole: a folder without its mark is never used."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.world.diagnosis import Diagnosis, State
from harness.world.recipe import Recipe

MARK = "installed.json"
"""Written last, so that a folder that has it is whole."""
VARIABLE = "DRILL_CACHE"


def cache() -> Path:
    """The folder of all programs: DRILL_CACHE, else `drill-harness` in the user's cache (XDG Base Directory)."""
    told = os.environ.get(VARIABLE)
    if told:
        return Path(told).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and Path(home).is_absolute() else Path.home() / ".cache") / "drill-harness"


def folder_of(recipe: Recipe) -> Path:
    """Where a program belongs, whether it is there or not. Another version has another folder."""
    return cache() / f"{recipe.name}-{recipe.version}"


def installed(recipe: Recipe) -> Path | None:
    """The program's file; None when it is not installed, or not to its end."""
    folder = folder_of(recipe)
    program = folder / recipe.program
    return program if marked(folder) is not None and os.access(program, os.X_OK) else None


def marked(folder: Path) -> dict[str, Any] | None:
    """What was written when an installation had ended; None for one that has not, or that nobody can read."""
    try:
        found = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def needed(recipe: Recipe, why: str) -> Path:
    """The program's file. why: who needs it. Raises InputError that says how to get it, and what that fetches."""
    found = installed(recipe)
    if found is None:
        half = folder_of(recipe).exists()
        state = "was installed only half" if half else "is not installed"
        raise InputError(
            f"{why} needs {recipe.name} {recipe.version}, which {state}: `drill install {recipe.name}` "
            f"(downloads {recipe.downloads}; about {recipe.size_mb} MB on the disk)"
        )
    return found


def found_or_told(what: str, program: Path | None, recipe: Recipe) -> Diagnosis:
    """For `drill doctor`: the program that would be started, or how to get it."""
    if program is not None:
        return Diagnosis(what, State.OK, f"the program {program}")
    hint = f"`drill install {recipe.name}` (downloads {recipe.downloads})"
    return Diagnosis(what, State.FAIL, f"{recipe.name} {recipe.version} is not installed", hint)
