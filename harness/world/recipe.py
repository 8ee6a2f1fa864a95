"""How a program that a part runs, and that is none of ours, gets onto this machine: told first, done on demand.

A part that needs one has a module `install.py` in its folder with `RECIPE`. `drill install NAME` follows it into a
folder of the user's cache; the part asks harness.world.installed where that is, and says what to do where it is not.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """A program that installing needs. what: its name for people, with the version and why, for instance "Python 3.13,
    since LocalStack runs on no other"; find: where it is on this machine, None when it is not; get: how to get it."""

    name: str
    what: str
    find: Callable[[], Path | None]
    get: str


@dataclass(frozen=True)
class Step:
    """One command of an installation. text: what it does, for people; env: in addition to the user's own."""

    text: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """A file that is written and not fetched. path: below the folder; executable: whether it is a program."""

    path: str
    text: str
    executable: bool = False


@dataclass(frozen=True)
class Recipe:
    """One program of somebody else's.

    name: as `drill install` takes it; version: pinned; about: what it is, in a sentence; licence: as its package says;
    downloads: what comes from where; size_mb: on the disk, when all is done; program: the file below the folder that is
    there when it is whole; steps: the commands, given the folder and where each tool was found; files: written after
    the steps; needs: other recipes, by name, that must be there first.
    """

    name: str
    version: str
    about: str
    licence: str
    downloads: str
    size_mb: int
    program: str
    steps: Callable[[Path, Mapping[str, Path]], Sequence[Step]]
    tools: Sequence[Tool] = ()
    files: Callable[[Path], Sequence[File]] = lambda _: ()
    needs: Sequence[str] = ()


def environment_steps(python: Path, environment: Path, text: str, packages: Sequence[str]) -> Sequence[Step]:
    """Packages in a Python environment of their own, whatever the user's pip is told elsewhere. text: of the second."""
    pip = (str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    return (
        Step("make an environment of its own", (str(python), "-m", "venv", str(environment))),
        Step(text, (*pip, *packages), {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0"}),
    )


def on_path(name: str) -> Callable[[], Path | None]:
    """Finds a tool along the PATH."""

    def find() -> Path | None:
        found = shutil.which(name)
        return None if found is None else Path(found)

    return find


def python(*versions: str) -> Callable[[], Path | None]:
    """Finds an interpreter of one of these versions ("3.13"): along the PATH, then where pyenv and uv keep theirs.

    A name on the PATH may be a shim that only says that its version is not chosen, so each is asked.
    """

    def find() -> Path | None:
        for version in versions:
            for candidate in _pythons(version):
                if _is_version(candidate, version):
                    return candidate
        return None

    return find


def _pythons(version: str) -> Sequence[Path]:
    named = shutil.which(f"python{version}")
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local" / "share" / "uv" / "python"))
    kept = [*pyenv.glob(f"{version}.*/bin/python"), *uv.glob(f"cpython-{version}.*/bin/python{version}")]
    return ([] if named is None else [Path(named)]) + sorted(kept, reverse=True)


def _is_version(candidate: Path, version: str) -> bool:
    import subprocess

    asked = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version
