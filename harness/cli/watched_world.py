"""What `drill watch` records: the clients of a standing world, or of a world of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from harness.drill.options import RunOptions
from harness.drill.settings import Settings
from harness.errors import InputError, VerdictReached, WorldError
from harness.history.events import Commit, Event
from harness.history.log import Tail
from harness.live import healing
from harness.live.backend import LiveWorld
from harness.live.clients import HISTORY
from harness.live.drill_logs import DrillLogs
from harness.live.ground import warm
from harness.live.standing import world_file
from harness.live.standing.supervisor import WATCH_LOCK
from harness.live.standing.world_file import StandingWorld
from harness.wire.admin_client import AdminClient
from harness.wire.placeholders import values
from harness.world.links import broken

_DRAIN_TIMEOUT_S = 30.0
_LOCK_WAIT_S = 2.0
"""Longer than the supervisor takes to tidy up after a recording that was killed."""


class Watched(Protocol):
    """Clients at work. edges: place -> the address that DNS answers for it."""

    edges: Mapping[str, str]
    versions: Mapping[str, str]
    capabilities: Mapping[str, bool | str]

    def broken(self) -> Sequence[str]:
        """What stands broken on the links, in words."""
        ...

    @property
    def up(self) -> bool:
        """Whether the world that is watched still stands."""
        ...

    def poll(self) -> Sequence[Event]:
        """Events that are new since the last call."""
        ...

    def ended(self) -> Sequence[str]:
        """Sentences on what has ended by itself."""
        ...

    def finish(self) -> tuple[Sequence[Event], Sequence[str]]:
        """Drain the clients; the last events, and the logs beside the evidence."""
        ...


class StandingClients:
    """The witness of a world that somebody else holds."""

    def __init__(self, world: StandingWorld, folder: Path) -> None:
        self.edges: Mapping[str, str] = {region: edge.answered for region, edge in world.edges.items()}
        self.versions: Mapping[str, str] = world.versions
        self.capabilities: Mapping[str, bool | str] = world.capabilities
        self._world = world
        self._witness = AdminClient("witness", world.witness, timeout_s=_DRAIN_TIMEOUT_S)
        self._history = (folder / HISTORY).absolute()
        self._logs = DrillLogs(world.logs, folder, values(world.subject.variables(), os.environ))
        self._tails = [Tail(path, from_end=True) for path in world.events]
        self._tails.append(Tail(self._history))
        trees = {name: process.tree for name, process in world.processes.items()}
        gone = set(healing.ended(trees))
        self._trees = {name: tree for name, tree in trees.items() if name not in gone}

    @property
    def up(self) -> bool:
        """See Watched."""
        return self._world.alive

    def broken(self) -> Sequence[str]:
        """See Watched."""
        return broken(self._world.environment, self._world.links)

    def start(self) -> None:
        """Send the clients to work."""
        self._witness.post("/rotate", {"history": str(self._history)})
        self._witness.post("/start")

    def poll(self) -> Sequence[Event]:
        """See Watched."""
        return [event for tail in self._tails for event in tail.poll() if not isinstance(event, Commit)]

    def ended(self) -> Sequence[str]:
        """See Watched."""
        if not self._world.alive:
            return ("the world that was watched has ended",)
        return [f"{name} ended by itself" for name in healing.ended(self._trees)]

    def finish(self) -> tuple[Sequence[Event], Sequence[str]]:
        """See Watched."""
        logs: Sequence[str] = ()
        if self._world.alive:
            self._witness.post("/stop")
            logs = self._logs.collect()
        last = self.poll()
        self._history.unlink(missing_ok=True)  # it is in the merged history
        return last, logs

    def leave(self) -> None:
        """Hand the witness back: idle, and writing to the world's own folder again."""
        if self._world.alive:
            self._witness.post("/stop")
            self._witness.post("/rotate", {"history": str(self._world.folder / HISTORY)})


@contextmanager
def standing_clients(world: StandingWorld, path: Path, folder: Path) -> Iterator[Watched]:
    """The clients of a standing world, for this block alone. Raises InputError when somebody watches it already."""
    lock = path.with_name(WATCH_LOCK)
    with world_file.locked(lock, _LOCK_WAIT_S) as ours:
        if not ours:
            raise InputError("somebody watches this world already")
        clients = StandingClients(world, folder)
        try:
            clients.start()
            yield clients
        finally:
            # When that fails the world ends, or its supervisor stops the clients: they work for a lock nobody holds.
            with suppress(WorldError):
                clients.leave()
                lock.unlink(missing_ok=True)


class OwnClients:
    """The clients of a world that was started for them."""

    def __init__(self, world: LiveWorld) -> None:
        self.edges = world.edges
        self.versions = world.versions()
        self.capabilities = world.capabilities()
        self.up = True  # it is in our own hands
        self._world = world

    def broken(self) -> Sequence[str]:
        """See Watched."""
        return broken(self._world.environment, self._world.seams.links.handle())

    def poll(self) -> Sequence[Event]:
        """See Watched."""
        return self._world.poll()

    def ended(self) -> Sequence[str]:
        """See Watched."""
        return self._world.deaths()

    def finish(self) -> tuple[Sequence[Event], Sequence[str]]:
        """See Watched."""
        self._world.stop_workload()
        last = self._world.poll()
        return last, self._world.close_drill()


@contextmanager
def own_world(options: RunOptions, folder: Path) -> Iterator[Watched]:
    """A world with its subject and clients, for this block. Raises DrillInvalid when it never serves."""
    with ExitStack() as stack:
        world = stack.enter_context(LiveWorld(options, warm(stack, options)))
        try:
            world.open_drill(folder, Settings())
        except VerdictReached:
            world.close_drill()  # collects the logs that tell why
            raise
        yield OwnClients(world)
