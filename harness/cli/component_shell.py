"""A component's environment as lines of a shell: what it was given, with secrets left as the names of variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from harness.errors import InputError
from harness.live.standing.world_file import StandingWorld

_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def lines(world: StandingWorld, component: str) -> Iterator[str]:
    """`export NAME=value` for each variable. Raises InputError that lists what runs."""
    running = world.processes
    wanted = [name for name in running if component in (name, name.partition(".")[0])]
    if len(wanted) != 1:
        which = "runs more than once" if wanted else "does not run here"
        raise InputError(f"{component} {which}; one of: {', '.join(wanted or running) or 'nothing runs'}")
    yield f"cd {shlex.quote(str(world.subject_folder))}"
    for name, value in sorted(running[wanted[0]].environment.items()):
        yield f"export {name}={quoted(value)}"


def quoted(value: str) -> str:
    """A value for a shell: as it is, but for the names of variables that the shell itself fills in."""
    parts, end = [], 0
    for found in _NAMED.finditer(value):
        parts += [shlex.quote(value[end : found.start()]) if found.start() > end else "", f'"${{{found[1]}}}"']
        end = found.end()
    if end < len(value) or not value:
        parts.append(shlex.quote(value[end:]))
    return "".join(parts)
