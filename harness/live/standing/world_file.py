"""The state file of a standing world: where everything is, for whoever comes by later (`.drill/world.json`).

It is written whole or not at all, and believed only while its supervisor lives: the process id together with the
kernel's start stamp, because numbers are reused. A second file beside it is locked by the supervisor for as long as
it lives, so that two that start at the same time cannot both win.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from harness.errors import InputError, Problem
from harness.kit import file_locks
from harness.kit.address import BoundAddress, BoundLoopbackAddress
from harness.kit.config import Strict
from harness.kit.wording import wording
from harness.processes import process_tree, world_folder
from harness.processes.process_tree import Tree
from harness.storable_text import write_json
from harness.topology.environment import Environment
from harness.topology.subject import Subject
from harness.topology.timing import Profile

FOLDER = ".drill"
_LARGEST_BYTES = 4 << 20
_GLANCE_S = 0.2
TAKEN = "a world runs or starts here already: see `drill env status`, or end it with `drill env down`"


class EdgeState(Strict):
    """answered: what DNS answers for the place. listen: where the clients' link of the place really is."""

    answered: str
    listen: BoundAddress


class ProcessState(Strict):
    """One process of the subject, as `process_tree.Tree` knows it. endpoint: its AWS_ENDPOINT_URL.

    environment, renewed, live: as harness.world.platform.RunningTree has them.
    """

    pid: int
    started: float
    adopter: int | None
    marker: str | None
    log: str
    endpoint: str = ""
    environment: dict[str, str] = Field(default_factory=dict)
    renewed: bool = False
    live: str = ""

    @property
    def tree(self) -> Tree:
        """What it is recognised by."""
        return Tree(self.pid, self.started, self.adopter, self.marker)


class Line(Strict):
    """A line of `drill env status`: of an address, or a command to paste (`where`) and what it does (`what`).

    live: where lines that stand for this one are asked for; see harness.world.part.StatusLine.
    """

    what: str
    where: str
    about: str = ""
    live: str = ""


class StandingWorld(Strict):
    """A world that stays up. pid, started: of its supervisor. folder: the world's own, with its logs below.

    Keys of edges are places; those of processes are instances. links: how other processes get at them, as
    harness.world.links has it. status, commands: what its parts tell people. events: what they write for the history.
    origin: the command that holds it. since: wall clock, for people. typed: see harness.drill.evidence.RunResult.
    """

    format: Literal["drill-world/2"] = "drill-world/2"
    pid: Annotated[int, Field(gt=1)]
    started: float
    origin: str
    since: str
    environment: Environment
    environment_folder: Path
    subject: Subject
    subject_folder: Path
    subject_file: Path
    profile: Profile
    seed: int
    typed: dict[str, str]
    folder: Path
    logs: Path
    links: dict[str, str]
    dns: BoundLoopbackAddress
    browser_proxy: BoundLoopbackAddress
    edges: dict[str, EdgeState]
    witness: BoundLoopbackAddress
    processes: dict[str, ProcessState]
    status: tuple[Line, ...]
    commands: tuple[Line, ...]
    events: tuple[Path, ...]
    versions: dict[str, str]
    capabilities: dict[str, bool | str]

    @property
    def alive(self) -> bool:
        """Whether its supervisor still runs."""
        return process_tree.lives(self.pid, self.started)

    def full_environment(self) -> Environment:
        """The environment with its folder."""
        return self.environment.model_copy(update={"folder": self.environment_folder})

    def full_subject(self) -> Subject:
        """The subject with its folder."""
        return self.subject.model_copy(update={"folder": self.subject_folder})


def path_in(folder: Path) -> Path:
    """Where the state file of a folder is."""
    return folder / FOLDER / "world.json"


def write(world: StandingWorld, path: Path) -> None:
    """Write the file at once: a reader sees the old one or the new one."""
    make_folder(path.parent)
    staging = path.with_name(f"{_staged(path)}{os.getpid()}")
    write_json(staging, world.model_dump(mode="json"), indent=2)
    staging.replace(path)


def read(path: Path) -> StandingWorld | None:
    """What the file says, whether or not it is stale; None when there is none. Raises InputError for a broken one."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(Problem(str(path), None, f"larger than {_LARGEST_BYTES} bytes: no state file; remove it"))
        body: Any = json.loads(path.read_text(encoding="utf-8"))
        return StandingWorld.model_validate(body)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        text = f"not a state file of this version ({where}: {wording(first)}); remove it if no world runs here"
        raise InputError(Problem(str(path), None, text)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(str(path), None, f"not JSON; remove it if no world runs here ({error})")) from error


def running(path: Path) -> StandingWorld | None:
    """The world that runs here, None when there is none. A stale file is removed, with the folder it names."""
    world = read(path)
    if world is None or world.alive:
        return world
    remove(world, path)
    return None


def remove(world: StandingWorld, path: Path) -> None:
    """Forget a world that has ended: its file, and the folder that a killed supervisor could not remove."""
    path.unlink(missing_ok=True)
    world_folder.take_away(world.folder)


@contextlib.contextmanager
def locked(path: Path, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock file `path`; False when somebody else still does after `wait_s`.

    See harness.kit.file_locks; its folder is made.
    """
    make_folder(path.parent)
    with file_locks.locked(path, wait_s) as ours:
        yield ours


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Claim the folder of a state file for one world; False when another runs or starts there.

    It waits a moment: somebody may hold the claim just to see whether it is free. What one that was killed had begun
    to write goes away.
    """
    with locked(path.with_name("world.lock"), _GLANCE_S) as ours:
        if ours:
            for begun in path.parent.glob(f"{_staged(path)}*"):
                begun.unlink(missing_ok=True)
        yield ours


def _staged(path: Path) -> str:
    return f".{path.name}-"


def make_folder(folder: Path) -> None:
    """The folder of state files, which no repository wants. Raises InputError when it cannot be written to."""
    ignore = folder / ".gitignore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to, but the world's state belongs there ({error})") from error
