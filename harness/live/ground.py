"""Where the parts of a world are started on this machine: processes forked by warmed parents, addresses, ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from harness.drill.options import RunOptions
from harness.engines.addresses import choose_port, edge_addresses
from harness.errors import WorldError
from harness.live import programs
from harness.live.leftovers import journal
from harness.live.leftovers.guard import TRIES_S, Guard
from harness.live.leftovers.journal import Leftover
from harness.live.programs import Program
from harness.processes.fork_servers import ForkServers, start_fork_servers
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all
from harness.topology.environment import Environment
from harness.world.assembly import preloads
from harness.world.load_balancer import edges_given
from harness.world.part import LIGHT, LOOPBACK, Edge

WITNESS = "harness.witness.process"
BROWSER_PROXY = "harness.parts.edge.browser_proxy.server"
_GRACE_S = 0.3


def warm(stack: ExitStack, options: RunOptions) -> ForkServers:
    """Start the warmed parents for a world of these options; leaving the stack takes everything down."""
    modules = preloads(options.environment)
    modules.setdefault(LIGHT, []).append(WITNESS)
    return start_fork_servers(stack, modules)


class LiveGround:
    """See harness.world.part.Ground. processes: every process of the world by name; switched_off: those that a part has
    ended on purpose, by name; on_waiting: what a drill does while somebody keeps it waiting."""

    def __init__(self, servers: ForkServers, environment: Environment, stack: ExitStack) -> None:
        self.folder = servers.folder
        self.edges = edges_of(environment)
        self.processes: dict[str, ServerProcess | Program] = {}
        self.switched_off: set[str] = set()
        self.on_waiting: Callable[[], None] = lambda: None
        self._servers = servers
        self._stack = stack
        stack.callback(self._stop)

    def _stop(self) -> None:
        every = (process.process if isinstance(process, Program) else process for process in self.processes.values())
        stop_all(every, grace_s=_GRACE_S)

    def await_ready(self, timeout_s: float) -> None:
        """Until every process has told that it is ready. Raises ProcessError."""
        for process in self.processes.values():
            process.ready(timeout_s)

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> ServerProcess:
        """See Ground."""
        if group not in self._servers.groups:
            known = ", ".join(self._servers.groups)
            raise WorldError(f"{name} wants the group {group!r}, which no PRELOAD names; there are: {known}")
        self.processes[name] = process = self._servers.groups[group].spawn(name, module, config)
        return process

    def run(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path, answers: Callable[[], bool]
    ) -> Program:
        """See Ground."""
        self.processes[name] = program = programs.run(self.launcher(), name, argv, env, cwd, answers)
        self.switched_off.discard(name)
        return program

    def switch_off(self, name: str) -> None:
        """See Ground."""
        found = self.processes[name]
        self.switched_off.add(name)
        (found.process if isinstance(found, Program) else found).kill()

    def free_port(self) -> int:
        """See Ground."""
        return choose_port([LOOPBACK], 0, "")

    def on_close(self, action: Callable[[], object]) -> None:
        """See Ground."""
        self._stack.callback(action)

    def outlives(self, what: str, family: str, kind: str, handle: Mapping[str, str]) -> None:
        """See Ground."""
        self._stack.enter_context(Guard(Leftover.ours(what, family, kind, handle), tries_s=TRIES_S))

    def guarded(self, what: str, family: str, kind: str, handle: Mapping[str, str], hold_s: float) -> Guard:
        """See Ground."""
        return Guard(Leftover.ours(what, family, kind, handle), hold_s=hold_s)

    def kept(self, name: str) -> Path:
        """See Ground."""
        return journal.beside(name)

    def meanwhile(self) -> None:
        """See Ground."""
        self.on_waiting()

    def launcher(self) -> ForkServer:
        """See Ground."""
        return self._servers.groups[LIGHT]


def edges_of(environment: Environment) -> dict[str, Edge]:
    """The edge of each place, on a port that is free now. Raises InputError when the wanted one is in use.

    Where all edges share one host, they have neighbouring ports. Those of a stack that runs already are where it is.
    """
    if (given := edges_given(environment)) is not None:
        return dict(given)
    addresses = edge_addresses([place.name for place in environment.places])
    hosts = sorted({address.host for address in addresses.values()})
    port = choose_port(hosts, environment.edge.port, "edge.port")
    return {
        place: Edge(place, a.answered, a.host, port if a.host == a.answered else port + number)
        for number, (place, a) in enumerate(addresses.items())
    }
