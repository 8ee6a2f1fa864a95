"""Follows a recipe: what is half done is never used, and goes away when it fails or is interrupted."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.clock import wall_time
from harness.errors import InputError, SubjectError, WorldError
from harness.live import allure_program
from harness.processes.forkserver import ForkServer
from harness.storable_text import write_json, write_text
from harness.topology.kinds import SECTIONS, folder_of, is_module, known, load
from harness.world import installed
from harness.world.recipe import Recipe, Step

Told = Callable[[str], None]
_LOG = "install"
_WAIT_S = 60.0


def recipes() -> Mapping[str, Recipe]:
    """Every program that can be installed, by name: parts bring them (`install.py` in a part's folder), and one is for
    reports."""
    found: dict[str, Recipe] = {}
    for section in SECTIONS:
        for kind in known(section):
            if is_module(f"{folder_of(section, kind)}.install"):
                recipe: Recipe = load(section, kind, "install").RECIPE
                found[recipe.name] = recipe
    return {**found, allure_program.RECIPE.name: allure_program.RECIPE}


def named(name: str, there_are: Mapping[str, Recipe]) -> Recipe:
    """The recipe of that name. Raises InputError that lists those there are."""
    if name not in there_are:
        raise InputError(f"nothing that is called {name!r} can be installed; there are: {', '.join(there_are)}")
    return there_are[name]


def install(recipe: Recipe, there_are: Mapping[str, Recipe], told: Told) -> Path:
    """Install a program and what it needs; its file. What is whole already is left alone. told: hears of each step.

    Raises InputError for a tool that is missing, WorldError for a step that failed, with the end of its output.
    """
    for name in recipe.needs:
        install(named(name, there_are), there_are, told)
    found = installed.installed(recipe)
    if found is not None:
        told(f"{recipe.name} {recipe.version} is installed: {found}")
        return found
    tools = _tools(recipe)
    with _alone(recipe):
        found = installed.installed(recipe)  # by whoever was waited for
        return _made(recipe, tools, told) if found is None else found


def remove(recipe: Recipe) -> bool:
    """Remove a program, also one that is half there. Whether there was anything."""
    folder = installed.folder_of(recipe)
    with _alone(recipe):
        there = folder.exists()
        if there:
            (folder / installed.MARK).unlink(missing_ok=True)  # first, so that nobody uses what is left
            shutil.rmtree(folder)
    return there


def _tools(recipe: Recipe) -> Mapping[str, Path]:
    found = {tool.name: tool.find() for tool in recipe.tools}
    missing = [tool for tool in recipe.tools if found[tool.name] is None]
    if missing:
        lacks = "; ".join(f"{tool.what} is not on this machine ({tool.get})" for tool in missing)
        raise InputError(f"{recipe.name} cannot be installed: {lacks}")
    return {name: path for name, path in found.items() if path is not None}


@contextmanager
def _alone(recipe: Recipe) -> Iterator[None]:
    """Two at once would write into one folder."""
    home = installed.cache()
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / f"{recipe.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"{home} cannot be written ({error}); set {installed.VARIABLE} to another folder") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _made(recipe: Recipe, tools: Mapping[str, Path], told: Told) -> Path:
    folder = installed.folder_of(recipe)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = False
    try:
        steps = recipe.steps(folder, tools)
        with ForkServer([], folder) as servers:
            for number, step in enumerate(steps, 1):
                told(f"{number}/{len(steps)} {step.text}")
                _run(recipe, step, servers, folder)
        for file in recipe.files(folder):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, file.text)
            path.chmod(0o755 if file.executable else 0o644)
        program = folder / recipe.program
        if not os.access(program, os.X_OK):
            raise WorldError(f"{recipe.name} was installed, and its program is missing: {program}")
        mark = {"name": recipe.name, "version": recipe.version, "at": wall_time().isoformat()}
        write_json(folder / installed.MARK, mark)
        whole = True
        return program
    finally:
        if not whole:
            shutil.rmtree(folder, ignore_errors=True)


def _run(recipe: Recipe, step: Step, servers: ForkServer, folder: Path) -> None:
    """One command, which ends with us, however we end, and with it whatever it has started."""
    try:
        process = servers.exec(_LOG, step.argv, {**os.environ, **step.env}, folder)
    except SubjectError as error:
        raise WorldError(f"{recipe.name}: {step.text}: {error}") from error
    while process.wait(_WAIT_S) is None:
        pass
    if process.returncode:
        tail = "".join(f"\n    {line}" for line in process.log_tail())
        raise WorldError(f"{recipe.name}: {step.text}: exit code {process.returncode}{tail}")
