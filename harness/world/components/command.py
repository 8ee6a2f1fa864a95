"""What is run for a component: its command line, whose interpreter `python` is, and its own variables. Pure."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.topology.subject import PORT, Component, Subject
from harness.wire import placeholders

_PYTHON = "python"
_SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def virtual_environment(component: Component, subject: Subject) -> Path | None:
    """The folder of the virtual environment that a component runs in; None where none is named."""
    named = component.venv or subject.venv
    return None if named is None else (subject.folder / named).absolute()  # not resolved: a link within is its point


def interpreter(component: Component, subject: Subject) -> str:
    """What `python` means: the virtual environment's own, or the one that runs the harness."""
    folder = virtual_environment(component, subject)
    return sys.executable if folder is None else str(folder / _SCRIPTS / _PYTHON)


def interpreter_in_words(component: Component, subject: Subject) -> str | None:
    """What is taken for `python`, for people; None where the command does not say `python`."""
    if component.command[0] != _PYTHON:
        return None
    named = component.venv or subject.venv
    whose = f"of venv: {named}" if named is not None else "of the harness, since the subject file names no `venv:`"
    return f"python is {interpreter(component, subject)} ({whose})"


def argv(component: Component, subject: Subject, port: int | None) -> list[str]:
    """The command as it is run."""
    first, *rest = component.command
    program = interpreter(component, subject) if first == _PYTHON else _within(first, component, subject)
    return [_with_port(text, port) for text in (program, *rest)]


def _within(program: str, component: Component, subject: Subject) -> str:
    """A program that the virtual environment brings, as a shell would find it there."""
    folder = virtual_environment(component, subject)
    found = None if folder is None or os.sep in program else folder / _SCRIPTS / program
    return str(found) if found is not None and found.exists() else program


def own_variables(
    component: Component, subject: Subject, port: int | None, inherited: Mapping[str, str], fill: Mapping[str, str]
) -> dict[str, str]:
    """What the subject file adds to its environment. fill: value of every `${env:NAME}` that it names."""
    added: dict[str, str] = {}
    folder = virtual_environment(component, subject)
    if folder is not None:
        added["VIRTUAL_ENV"] = str(folder)
        added["PATH"] = os.pathsep.join([str(folder / _SCRIPTS), inherited.get("PATH", os.defpath)])
    if component.port_env and port is not None:
        added[component.port_env] = str(port)
    return added | {name: _with_port(placeholders.fill(text, {}, fill), port) for name, text in component.env.items()}


def _with_port(text: str, port: int | None) -> str:
    return text if port is None else text.replace(PORT, str(port))
