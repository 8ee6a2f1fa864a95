"""A world on this machine as a backend for drills: fresh state and a fresh subject for each drill of one world."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from harness.clock import Clock, MachineClock
from harness.drill.backend import State, SteadyEvidence
from harness.drill.options import RunOptions
from harness.drill.settings import Settings
from harness.drill.stopping.command import CommandUnderWay
from harness.errors import DrillMissed, WorldError
from harness.faults.model import Fault
from harness.history.events import Commit, Event, FaultEvent
from harness.history.log import Tail
from harness.live import commands, complaints, facts
from harness.live.adversary import Adversary, Injection
from harness.live.clients import HISTORY, Clients
from harness.live.drill_logs import DrillLogs
from harness.live.ended import ended
from harness.live.following import FollowedCommits
from harness.live.ground import LiveGround
from harness.live.leftovers.undoing import undo_and_warn
from harness.live.operated import OperatedWorld
from harness.live.preparing import prepare
from harness.live.replication import Replicated
from harness.live.sharing import Sharing
from harness.live.steering_hand import SteeringHand
from harness.live.visit import Visit
from harness.processes.fork_servers import ForkServers
from harness.processes.interruption import held
from harness.units import to_s
from harness.world.assembly import assemble, build, seams_of
from harness.world.diagnosis import Complaint
from harness.world.functions import Functions, explained
from harness.world.part import Blueprint
from harness.world.planning import plan_of
from harness.world.regions import scanned

ANSWER_TIMEOUT_S = 10.0
_EVIDENCE_EVERY_S = 0.2
_LOOK_S, _DEAD_EVERY_S = 0.05, 1.0


class LiveWorld(OperatedWorld):
    """A world with the subject in it. A context manager: leaving takes all of it down.

    net: its parts and links, for whoever prints addresses; seams: its parts by what they do. Both after entering.
    on_calibrated: called in each drill when what disturbs other worlds of this machine is done.
    """

    def __init__(self, options: RunOptions, servers: ForkServers) -> None:
        self.environment = options.environment
        self.subject = options.subject
        self.timing = options.timing
        self.clock: Clock = MachineClock()
        self._options = options
        self._servers = servers
        self._stack = ExitStack()
        self._fresh = True
        self._pending: list[Event] = []
        self._commits = FollowedCommits(self.environment.databases, options.subject, options.timing)
        self._looked_s = 0.0
        self._sharing = Sharing(options.sharing)
        self.on_calibrated: Callable[[], None] = lambda: None
        self.meanwhile = lambda: None
        self._evidence: tuple[float, SteadyEvidence] = (0.0, SteadyEvidence(("nothing is known yet",)))

    def __enter__(self) -> LiveWorld:
        undo_and_warn()
        options = self._options
        blueprint = Blueprint(options.environment, options.subject, options.timing, options.seed)
        with ExitStack() as stack:
            self.ground = LiveGround(self._servers, self.environment, stack)
            self.ground.on_waiting = lambda: self.meanwhile()
            self.net = assemble(build(blueprint), blueprint, self.ground)
            self.seams = seams_of(self.net.parts)
            self.clients = Clients(options, self.net, self.seams.steering.dns)
            self.edges: Mapping[str, str] = {place: edge.answered for place, edge in self.net.edges.items()}
            self.adversary = Adversary(
                [*(hand for part in self.net.parts for hand in part.hands()), SteeringHand(self.seams.steering)],
                self._told,
            )
            self._visit = Visit(options, self.net.parts)
            stack.callback(self.adversary.heal_all)
            self.ground.await_ready(ANSWER_TIMEOUT_S)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held():
            self._stack.close()

    # --- one drill ---------------------------------------------------------------------------------------------

    def open_drill(self, folder: Path, settings: Settings) -> None:
        """Fresh tables, subject and clients; waits until the edge serves writes, then calibrates once per world."""
        self._logs = DrillLogs(self._servers.logs, folder, facts.hidden(self.net.parts, self.subject))
        self._tails = [Tail(path, from_end=True) for part in self.net.parts for path in part.events()]
        self._pending.clear()
        if not self._fresh:
            self.adversary.heal_all()
            for part in self.net.parts:
                part.reset()
        self._fresh = False
        prepare(self.net, settings)
        self._commits.begin(self.seams.regions.values())
        self.create_tables()
        history = folder / HISTORY
        self.clients.record_to(history)
        self._tails.append(Tail(history))
        self.seams.platform.start_subject()
        self.clients.watch(self.seams.platform.canaries())
        self.wait_serving()
        self.clients.calibrate()
        self.on_calibrated()
        self._sharing.begin()
        self.clients.start()

    def _told(self, event: FaultEvent) -> None:
        """A fault has begun or ended. What was killed is another process now, and canaries must look at that one."""
        self._pending.append(event)
        if event.f == "stop":
            self.clients.follow(self.seams.platform.canaries)

    def close_drill(self) -> Sequence[str]:
        """Stop the clients and the subject, thaw the edge; where the logs of this drill are."""
        self.stop_workload()
        self.seams.platform.stop_subject()
        self.seams.steering.thaw()
        (self._logs.folder / HISTORY).unlink(missing_ok=True)  # it is in the merged history
        return self._logs.collect()

    def start_subject(self) -> None:
        """Only the subject, for exploring by hand: no clients."""
        self.create_tables()
        self.seams.platform.start_subject()

    def create_tables(self) -> None:
        """The subject's, in every database."""
        for server in self.seams.regions.values():
            server.create(self.subject.tables)
        for part in self.net.parts:
            part.tables_made(self.subject.tables)

    def wait_serving(self) -> None:
        """Until the name has an address and the application serves writes there. Raises DrillMissed, WorldError."""
        until = time.monotonic() + ANSWER_TIMEOUT_S  # a subject that starts at once would else meet a name unknown
        while not self._visit.allowed(self.seams.steering.answers()):
            if time.monotonic() > until:
                raise WorldError(f"the name server knows no address of {self.environment.edge.record}")
            time.sleep(0.02)
        try:
            self.clients.wait_serving()
        except DrillMissed as error:
            broken = (one.text for one in self.complaints().get(self.environment.primary.name, ()))
            raise DrillMissed("; ".join((str(error), *broken))) from None

    # --- what is seen ------------------------------------------------------------------------------------------

    def poll(self) -> Sequence[Event]:
        """New events of the witness, of the edge, and of the adversary. Raises WorldError when a process has died."""
        self.refuse_dead()
        self._read()
        found, self._pending = self._pending, []
        return found

    def _read(self) -> None:
        for tail in self._tails:
            self._pending.extend(event for event in tail.poll() if not isinstance(event, Commit))

    def wait(self, until_ns: int) -> None:
        """Until something is in a history, or until_ns. Raises WorldError when the witness has ended."""
        while (left_ns := until_ns - self.clock.now_ns()) > 0:
            self.clock.sleep_s(min(_LOOK_S, to_s(left_ns)))
            self._read()
            self.clients.require_running()
            self._visit.look(self._pending)
            if self._pending:
                return

    def commits(self) -> Sequence[Commit] | None:
        """All commits of this drill so far."""
        return self._commits.poll()

    def steady_evidence(self) -> SteadyEvidence:
        """What parts are not ready for, and a replicated write; asked for a few times a second at most."""
        if time.monotonic() - self._evidence[0] < _EVIDENCE_EVERY_S:
            return self._evidence[1]
        reasons = tuple(reason for part in self.net.parts for reason in part.ready())
        reads_only = self.subject.workload.functions <= {"get"}
        followed = self.commits() is not None and self.subject.replication != "none" and not reads_only
        state = self._commits.replicated(self.clock.now_ns()) if followed else Replicated()
        told = self.complaints()
        broken = {place: tuple(one.text for one in found) for place, found in told.items()}
        passive = {one.text for found in told.values() for one in found if one.passive}
        by_design = complaints.announced(self.subject, self.seams.steering) | passive
        notes = explained(state.notes, self.net.of(Functions))
        evidence = SteadyEvidence(reasons, broken, state.missing, notes, by_design, reads_only)
        self._evidence = (time.monotonic(), evidence)
        return evidence

    def complaints(self) -> dict[str, tuple[Complaint, ...]]:
        """By place, what the parts find wrong with the subject there."""
        return complaints.found(self.net.parts)

    def data(self) -> Mapping[str, Mapping[str, State]]:
        """The tables of every database, read from their servers past every link."""
        return {region: scanned(server, self.subject.tables) for region, server in self.seams.regions.items()}

    def written(self, database: str, items_max: int) -> State | None:
        """See harness.drill.backend.Backend."""
        server, name = self.seams.regions[database], self.subject.written_table
        return next((server.glance(t, items_max) for t in self.subject.tables if t.name == name), None)

    def refuse_dead(self) -> None:
        """Raises WorldError when what the world is made of has ended, which nobody wanted; looks once a second."""
        if time.monotonic() - self._looked_s < _DEAD_EVERY_S:
            return
        self._looked_s = time.monotonic()
        ended(self.ground, self.net.parts)

    def deaths(self) -> Sequence[str]:
        """See Backend."""
        return self.seams.platform.deaths()

    # --- what is done ------------------------------------------------------------------------------------------

    def inject(self, fault: Fault) -> Injection:
        """Apply a fault now."""
        with self._visit.breaking():
            self.clients.follow(self.seams.platform.canaries)
            self.clients.attention()
            return self.adversary.inject(plan_of(self.net, fault, self.seams.platform.instances()))

    def heal_all(self) -> None:
        """See Backend."""
        self.adversary.heal_all()

    def disable_failover(self) -> None:
        """Freeze the edge's answer, and stop the subject's failover components."""
        self.seams.steering.freeze()
        self.seams.platform.stop_subject(self.subject.failover.components)

    def run_stop_command(self) -> CommandUnderWay:
        """See Backend."""
        return commands.of_stop(self.ground.launcher(), self.environment, self.subject.variables())

    def stop_workload(self) -> int:
        """Drain the clients; how many operations they were too late to send."""
        self._sharing.end()
        return self.clients.stop()

    def calibration(self) -> Mapping[str, float]:
        """capacity_per_s, rate_per_s, scale, took_s (spent on it); of several worlds, how many, and how busy."""
        return {**self.clients.calibration, **self._sharing.told()}

    def versions(self) -> Mapping[str, str]:
        """Of the harness and of everything underneath it."""
        return facts.versions(self.net.parts)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can honestly be measured here."""
        return facts.capabilities(self.net.parts, self.subject)

    def machine(self) -> Mapping[str, str]:
        """What this runs on."""
        return facts.machine() | {key: f"{value:.1f}" for key, value in self.calibration().items()}
