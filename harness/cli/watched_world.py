"""What `drill watch` records: the clients of a standing world, or of a world of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from harness.drill.options import RunOptions
from harness.drill.settings import Settings
from harness.errors import InputError
from harness.history.events import Commit, Event
from harness.history.log import Tail
from harness.live import world_file
from harness.live.admin_client import AdminClient
from harness.live.standing import WATCH_LOCK
from harness.live.toxiproxy import ToxiproxyClient
from harness.live.world_file import StandingWorld


class Watched(Protocol):
    """Clients at work. edges: region -> the address that DNS answers for it."""

    edges: Mapping[str, str]

    @property
    def toxiproxy(self) -> ToxiproxyClient: ...

    def poll(self) -> Sequence[Event]:
        """Events that are new since the last call."""
        ...

    def stop_workload(self) -> None:
        """Drain the clients; their history is complete then."""
        ...


class StandingClients:
    """The witness of a world that somebody else holds."""

    def __init__(self, world: StandingWorld, folder: Path) -> None:
        self.edges: Mapping[str, str] = {region: edge.answered for region, edge in world.edges.items()}
        self.toxiproxy = ToxiproxyClient(world.toxiproxy)
        self._witness = AdminClient("witness", world.witness, timeout_s=30.0)
        history = (folder / "witness.events.jsonl").absolute()
        names = ["route53", *(f"lb.{region}" for region in world.edges)]
        self._tails = [Tail(world.folder / f"{name}.events.jsonl", from_end=True) for name in names]
        self._tails.append(Tail(history))
        self._history = history
        self._witness.post("/rotate", {"history": str(history)})
        self._witness.post("/start")

    def poll(self) -> Sequence[Event]:
        """See Watched."""
        return [event for tail in self._tails for event in tail.poll() if not isinstance(event, Commit)]

    def stop_workload(self) -> None:
        """See Watched."""
        self._witness.post("/stop")

    def leave(self) -> None:
        """Hand the witness back: it writes to the world's own folder again."""
        self.stop_workload()
        self._history.unlink(missing_ok=True)  # it is in the merged history


@contextmanager
def standing_clients(world: StandingWorld, path: Path, folder: Path) -> Iterator[StandingClients]:
    """The clients of a standing world, for this block alone. Raises InputError when somebody watches it already."""
    with world_file.locked(path.with_name(WATCH_LOCK)) as ours:
        if not ours:
            raise InputError("somebody watches this world already")
        clients = StandingClients(world, folder)
        try:
            yield clients
        finally:
            if world.alive:
                clients.leave()


@contextmanager
def own_world(options: RunOptions, folder: Path) -> Iterator[Watched]:
    """A world with its subject and clients, for this block."""
    from harness.live.fork_servers import start_fork_servers
    from harness.live.world import EmbeddedWorld

    with ExitStack() as stack:
        world = stack.enter_context(EmbeddedWorld(options, start_fork_servers(stack)))
        world.open_drill(folder, Settings())
        yield world
        world.close_drill()
