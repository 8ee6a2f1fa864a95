"""A subject's programs: which interpreter runs them, whether they can import what they ask for, where they listen."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from harness.drill.options import RunOptions
from harness.live.backend import LiveWorld
from harness.topology.subject import Component, Subject
from harness.world.components.command import interpreter, virtual_environment
from harness.world.diagnosis import Diagnosis, State
from harness.world.platform import RunningTree

_LINES_SHOWN = 5
_TIMEOUT_S = 20.0
_DECIDED_S = 2.0
"""Others may be just behind the one that failed first."""
_POLL_S = 0.05
_PORT_HINT = "`port_env:` names the variable that tells its port, `{port}` stands for it in a command"
_GIVEN_HINT = (
    "a component gets only what `env:` names, its port by `port_env:`, and what every component gets: nothing else of "
    'your own environment; `env: {NAME: "${env:NAME}"}` passes a variable on'
)
_FINDER = """
import importlib.util, json, sys
sys.path.insert(0, sys.argv[1])
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
print(json.dumps([sys.version.split()[0], [name for name in sys.argv[2:] if not there(name)]]))
"""


def try_programs(options: RunOptions) -> Iterator[Diagnosis]:
    """Before anything starts: is every command there, and does its interpreter have what its script imports?"""
    subject = options.subject
    for component in subject.components:
        what = f"command of {component.name}"
        program = component.command[0]
        if program == "python":
            yield from _interpreter(component, subject)
        elif shutil.which(program, path=_search_path(component, subject)) is None and not _beside(program, subject):
            yield Diagnosis(what, State.FAIL, f"{program} is not on the PATH", "install it, or give its whole path")
        else:
            yield Diagnosis(what, State.OK, program)


def _beside(program: str, subject: Subject) -> bool:
    return "/" in program and (subject.folder / program).exists()


def _search_path(component: Component, subject: Subject) -> str | None:
    folder = virtual_environment(component, subject)
    return None if folder is None else f"{folder / 'bin'}:"


def _interpreter(component: Component, subject: Subject) -> Iterator[Diagnosis]:
    what, program = f"python of {component.name}", interpreter(component, subject)
    named = component.venv or subject.venv
    whose = f"of venv: {named}" if named else "the harness's own: the subject file names no `venv:`"
    script = next((part for part in component.command[1:] if part.endswith(".py")), None)
    wanted = sorted(_imports(subject.folder / script)) if script is not None else []
    folder = str((subject.folder / script).parent) if script is not None else str(subject.folder)
    try:
        done = subprocess.run(
            [program, "-c", _FINDER, folder, *wanted], cwd=subject.folder, capture_output=True, text=True,
            timeout=_TIMEOUT_S, check=True,
        )  # fmt: skip
        version, missing = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        yield Diagnosis(what, State.FAIL, f"{program} cannot be run: {error}", "`venv:` names a virtual environment")
        return
    text = f"{version}, {program} ({whose})"
    if missing:
        hint = f"install them there: {program} -m pip install ...; `venv:` names another virtual environment"
        yield Diagnosis(what, State.FAIL, f"{text} has no {', '.join(missing)}, which {script} imports", hint)
    else:
        yield Diagnosis(what, State.OK, text)


def _imports(script: Path) -> set[str]:
    """The modules that a script imports wherever it runs: those at its top, outside of any `try`."""
    try:
        tree = ast.parse(script.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return set()
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    local = {path.stem for folder in (script.parent, *script.parents[:2]) for path in folder.glob("*.py")}
    return found - local


def how_they_stand(world: LiveWorld) -> Iterator[Diagnosis]:
    """After a start that failed: what was asked and what listens, and the last lines of each component."""
    asked = world.seams.platform.endpoints()
    until = time.monotonic() + _DECIDED_S
    while time.monotonic() < until and any(_undecided(one) for one in world.seams.platform.trees()):
        time.sleep(_POLL_S)
    for running in world.seams.platform.trees():
        component, place = running.described.component, running.described.place
        lines = _last_lines(running.log)
        if component.has_port and place in asked:
            host, port = asked[place]
            yield of_port(running, f"{host}:{port}{component.ready_path}", port, _listening(running), lines)
        elif running.returncode is not None:
            yield _ended(running.instance, running.returncode, lines)
        if lines:
            yield Diagnosis(f"output of {running.instance}", State.WARN, "\n".join(lines))


def _undecided(running: RunningTree) -> bool:
    """One that is to listen, does not yet, and has not ended: it may be about to."""
    return running.described.component.has_port and running.returncode is None and not _listening(running)


def of_port(running: RunningTree, asked: str, port: int, ports: str, lines: Sequence[str]) -> Diagnosis:
    """Whether a component listens where it is asked. ports: where it listens; lines: its last output."""
    if running.returncode is not None:
        return _ended(running.instance, running.returncode, lines)
    text = f"asked at {asked}; it listens on {ports or 'no port'}"
    fine = any(found.endswith(f":{port}") for found in ports.split(", "))
    state, hint = (State.OK, "") if fine else (State.FAIL, _PORT_HINT)
    return Diagnosis(f"port of {running.instance}", state, text, hint)


def _ended(instance: str, returncode: int, lines: Sequence[str]) -> Diagnosis:
    """A program that has ended listens nowhere, and where it was to listen is not what is wrong with it."""
    text = f"it ended with exit code {returncode}"
    if lines:
        text += f": {lines[-1].strip()}"
    taken = any("already in use" in line or "EADDRINUSE" in line for line in lines)
    return Diagnosis(f"start of {instance}", State.FAIL, text, _PORT_HINT if taken else _GIVEN_HINT)


def _listening(running: RunningTree) -> str:
    found: set[str] = set()
    try:
        process = psutil.Process(running.tree.pid)
        for one in (process, *process.children(recursive=True)):
            for connection in one.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add(f"{connection.laddr.ip}:{connection.laddr.port}")
    except psutil.Error:
        return ""
    return ", ".join(sorted(found))


def _last_lines(log: Path) -> list[str]:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-_LINES_SHOWN:]
