"""Allure 3, which makes a page of a run's Allure results: how it is installed, found and run.

It is no part of any world: `drill install` has its recipe beside those of the parts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import InputError, SubjectError, WorldError
from harness.processes.forkserver import ForkServer
from harness.world import installed
from harness.world.recipe import Recipe, Step, Tool, on_path

VERSION = "3.18.0"
LIMIT_S = 600.0
_MAJOR = VERSION.partition(".")[0]
_NODE = "Node.js 20 or later"
_LOG = "allure"
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
"""What it is told of the user's environment: nothing by which it could speak to a service."""


def _steps(folder: Path, tools: Mapping[str, Path]) -> Sequence[Step]:
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--loglevel=error")
    command = (str(tools["npm"]), "install", f"--prefix={folder}", "--global=false", *quiet, f"allure@{VERSION}")
    return (Step(f"npm install allure {VERSION}", command),)


RECIPE = Recipe(
    name="allure",
    version=VERSION,
    about="Allure 3, which `drill report --allure` draws with",
    licence="Apache-2.0",
    downloads="it and some 160 packages from npm, about 15 MB",
    size_mb=60,
    program="node_modules/.bin/allure",
    steps=_steps,
    tools=(
        Tool("node", _NODE, on_path("node"), "https://nodejs.org"),
        Tool("npm", "npm, which comes with Node.js", on_path("npm"), "https://nodejs.org"),
    ),
)


def program() -> Path:
    """The one that `drill install` brought, else one of its major version along the PATH.

    Raises InputError that says how to get it.
    """
    if shutil.which("node") is None:
        raise InputError(f"`drill report --allure` needs {_NODE}, and there is none along the PATH: https://nodejs.org")
    ours = installed.installed(RECIPE)
    if ours is not None:
        return ours
    found = shutil.which("allure")
    if found is not None and _version(found).partition(".")[0] == _MAJOR:
        return Path(found)
    other = f" ({found} is another version of it)" if found is not None else ""
    raise InputError(
        f"`drill report --allure` needs Allure {_MAJOR}, which is not installed{other}: `drill install allure` "
        f"(downloads {RECIPE.downloads}; about {RECIPE.size_mb} MB on the disk), "
        f"or `npm install --global allure@{VERSION}`"
    )


def _version(path: str) -> str:
    try:
        asked = [path, "--version"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def run(command: Sequence[str], folder: Path) -> None:
    """Run it once, with `folder` as its home and for its output. It ends with us, however we end.

    Raises WorldError with the end of what it printed.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment = {**kept, "HOME": str(folder), "TMPDIR": str(folder), "ALLURE_NO_ANALYTICS": "true"}
    with ForkServer([], folder) as servers:
        try:
            process = servers.exec(_LOG, command, environment, folder)
        except SubjectError as error:
            raise WorldError(f"Allure: {error}") from error
        ended = process.wait(LIMIT_S)
        tail = "".join(f"\n    {line}" for line in process.log_tail())
    if ended is None:
        raise WorldError(f"Allure had not ended after {LIMIT_S:.0f} s, and was stopped{tail}")
    if process.returncode:
        raise WorldError(f"Allure ended with exit code {process.returncode}{tail}")
