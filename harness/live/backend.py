"""The embedded world as a backend for drills: one world, several drills, fresh state and a fresh subject for each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.clock import Clock, MachineClock
from harness.drill.backend import State, SteadyEvidence
from harness.drill.options import RunOptions
from harness.drill.settings import Settings
from harness.errors import DrillInvalid, WorldError
from harness.faults.model import Fault, ProcessRef, process_canary
from harness.history.events import Commit, Event
from harness.history.log import Tail
from harness.live import facts
from harness.live.adversary import Adversary, Injection
from harness.live.drill_logs import DrillLogs
from harness.live.parts import OTHER_COHORTS, Parts, Starter, canaries, edge_calls
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.parts.links.toxiproxy.hand import LinkHand
from harness.parts.platform.processes.hand import ProcessHand
from harness.parts.platform.processes.subject import NEEDS_LONGER, SubjectProcesses
from harness.processes.fork_servers import ForkServers
from harness.processes.interruption import held

ANSWER_TIMEOUT_S = 10.0
_EVIDENCE_EVERY_S = 0.2
_CALIBRATION = {"seconds": 1.0, "concurrency": 8}
_PROBE = {"seconds": 0.05, "concurrency": 1}


class EmbeddedWorld:
    """Two regions, their edge, and the subject, on this machine. A context manager: leaving takes all of it down."""

    def __init__(self, options: RunOptions, servers: ForkServers) -> None:
        self.environment = options.environment
        self.subject = options.subject
        self.timing = options.timing
        self.clock: Clock = MachineClock()
        self._options = options
        self._servers = servers
        self._folder = servers.folder
        self._stack = ExitStack()
        self._fresh = True
        self._pending: list[Event] = []
        self._commits: list[Commit] = []
        self._evidence: tuple[float, SteadyEvidence] = (0.0, SteadyEvidence(("nothing is known yet",)))
        self._calibration: dict[str, float] = {}
        self._scan_clients: dict[str, Any] = {}

    def __enter__(self) -> EmbeddedWorld:
        with ExitStack() as stack:
            self._parts: Parts = Starter(self._options, self._servers, stack).start()
            parts = self._parts
            self.edges: Mapping[str, str] = {region: edge.answered for region, edge in parts.edges.items()}
            self.processes = SubjectProcesses(
                parts.subject_servers, self.subject, self.environment, self.timing, parts.gateway,
                parts.application_ports,
            )  # fmt: skip
            stack.callback(self.processes.stop)
            hands = (LinkHand(parts.toxiproxy), ProcessHand(self.processes))
            self.adversary = Adversary(hands, self._pending.append)
            stack.callback(self.adversary.heal_all)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held():
            self._stack.close()

    @property
    def parts(self) -> Parts:
        """The started world, for whoever prints its addresses."""
        return self._parts

    @property
    def toxiproxy(self) -> ToxiproxyClient:
        """The client of its link server."""
        return self._parts.toxiproxy

    # --- one drill ---------------------------------------------------------------------------------------------

    def open_drill(self, folder: Path, settings: Settings) -> None:
        """Fresh tables, subject and clients; waits until the edge serves writes, then calibrates once per world."""
        self._logs = DrillLogs(self._folder / "logs", folder)
        self._tails = self._tail_world()
        self._commit_tails = [Tail(self._parts.commits_file(region), from_end=True) for region in self.edges]
        self._pending.clear()
        self._commits.clear()
        if not self._fresh:
            self._reset()
        self._fresh = False
        self.create_tables()
        history = folder / "witness.events.jsonl"
        self._parts.witness.post("/rotate", {"history": str(history)})
        self._tails["witness"] = Tail(history)
        self.processes.start()
        self._parts.witness.post("/canaries", self._canaries())
        self.wait_serving()
        self._calibrate()
        self._parts.witness.post("/start")

    def close_drill(self) -> Sequence[str]:
        """Stop the clients and the subject, thaw the edge; where the logs of this drill are."""
        self.stop_workload()
        self.processes.stop()
        self._parts.route53.post("/thaw")
        (self._logs.folder / "witness.events.jsonl").unlink(missing_ok=True)  # it is in the merged history
        return self._logs.collect()

    def start_subject(self) -> None:
        """Only the subject, for exploring by hand: no clients."""
        self.create_tables()
        self.processes.start()

    def _tail_world(self) -> dict[str, Tail]:
        names = ["route53", *(f"lb.{region}" for region in self.edges)]
        return {name: Tail(self._parts.events_file(name), from_end=True) for name in names}

    def _reset(self) -> None:
        self.adversary.heal_all()
        for region in self._parts.regions.values():
            region.post("/drill/reset")
        self._parts.control_plane.post("/drill/reset")
        answered = {region: (edge.answered, self._parts.edge_port) for region, edge in self._parts.edges.items()}
        edge_calls(self._options, answered, self._parts.control_plane.address)
        for balancer in self._parts.balancers.values():
            balancer.post("/reset")
        self._parts.route53.post("/reset")

    def create_tables(self) -> None:
        """The subject's tables in both regions, and the commit log's list of them."""
        from harness.engines.aws.clients import NewTable, RegionClients, create_tables

        wanted = [NewTable(table.name, table.key) for table in self.subject.tables if table.create]
        logged = {table.name: {"key": table.key, "value": table.value} for table in self.subject.tables}
        for name, region in self._parts.regions.items():
            region.post("/drill/tables", logged)
            client = RegionClients(name, region.address).client("dynamodb")
            self._scan_clients[name] = client
            create_tables(client, wanted)

    def _canaries(self) -> list[dict[str, Any]]:
        found = canaries(self._options, self._parts.listening)
        for name, running in self.processes.running.items():
            found.append({"link": process_canary(name), "kind": "process", "pid": running.process.pid})
        return found

    def wait_serving(self) -> None:
        """Until a write and a read through the edge succeed; the subject may need a while to elect its active side."""
        self._wait_answer()
        timeout_s = self.subject.serving_timeout_s(self.timing)
        until = time.monotonic() + timeout_s
        while True:
            burst = self._parts.witness.post("/calibrate", _PROBE)
            if burst["ok"] > 0 and burst["failed"] == 0:
                return
            if time.monotonic() > until:
                raise DrillInvalid(
                    f"no steady state: within {timeout_s:g} s of its start the application served no write "
                    f"through the edge (see the subject's logs; {NEEDS_LONGER})"
                )
            time.sleep(0.1)

    def _wait_answer(self) -> None:
        """Until the data plane has read the records: a subject that starts at once would else meet a name unknown."""
        until = time.monotonic() + ANSWER_TIMEOUT_S
        record = self.environment.edge.record
        while not self._parts.route53.get("/status")["answers"].get(record, {}).get("addresses"):
            if time.monotonic() > until:
                raise WorldError(f"the Route 53 data plane knows no address of {record}")
            time.sleep(0.02)

    def _calibrate(self) -> None:
        """The workload stays at or below half of what this machine carries."""
        if self._calibration:
            self._calibration["took_s"] = 0.0
            return
        workload = self._options.environment.workload
        wanted = workload.rate_per_s + OTHER_COHORTS * 2 / workload.other_period_s
        capacity = float(self._parts.witness.post("/calibrate", _CALIBRATION)["ops_per_s"])
        scale = min(1.0, 0.5 * capacity / wanted)
        if scale < 1.0:
            self._parts.witness.post("/rate", {"scale": scale})
        self._calibration = {
            "capacity_per_s": capacity,
            "rate_per_s": workload.rate_per_s * scale,
            "scale": scale,
            "took_s": _CALIBRATION["seconds"],
        }

    # --- what is seen ------------------------------------------------------------------------------------------

    def poll(self) -> Sequence[Event]:
        """New events of the witness, of the edge, and of the adversary."""
        found: list[Event] = list(self._pending)
        self._pending.clear()
        for tail in self._tails.values():
            found.extend(event for event in tail.poll() if not isinstance(event, Commit))
        return found

    def commits(self) -> Sequence[Commit] | None:
        """All commits of this drill so far."""
        for tail in self._commit_tails:
            self._commits.extend(event for event in tail.poll() if isinstance(event, Commit))
        return self._commits if self.subject.tables else None

    def steady_evidence(self) -> SteadyEvidence:
        """Checkers with data, and a replicated write; asked for a few times a second at most."""
        asked, evidence = self._evidence
        if time.monotonic() - asked < _EVIDENCE_EVERY_S:
            return evidence
        status = self._parts.route53.get("/status")
        reasons = facts.checker_reasons(status, self.environment)
        reasons += facts.replication_reasons(self.commits(), self.environment)
        self._evidence = (time.monotonic(), SteadyEvidence(tuple(reasons)))
        return self._evidence[1]

    def data(self) -> Mapping[str, Mapping[str, State]]:
        """The tables of both regions, read from their servers past every link."""
        from harness.engines.aws.clients import scan_values

        return {
            region: {t.name: scan_values(client, t.name, t.key, t.value) for t in self.subject.tables}
            for region, client in self._scan_clients.items()
        }

    def deaths(self) -> Sequence[str]:
        """Components that ended by themselves."""
        return self.processes.deaths()

    # --- what is done ------------------------------------------------------------------------------------------

    def inject(self, fault: Fault) -> Injection:
        """Apply a fault now."""
        links = [wire.link for wire in self._parts.wires]
        processes = [ProcessRef(name, r.instance.place) for name, r in self.processes.running.items()]
        return self.adversary.inject(fault.plan(links, processes))

    def heal_all(self) -> None:
        """Undo whatever holds."""
        self.adversary.heal_all()

    def disable_failover(self) -> None:
        """Freeze the edge's answer, and stop the subject's failover components."""
        self._parts.route53.post("/freeze", {"name": self.environment.edge.record})
        self.processes.stop(self.subject.failover.components)

    def stop_workload(self) -> int:
        """Drain the clients; how many operations they were too late to send."""
        return int(self._parts.witness.post("/stop")["skipped"])

    # --- about itself ------------------------------------------------------------------------------------------

    def calibration(self) -> Mapping[str, float]:
        """capacity_per_s, rate_per_s, scale, and took_s: how long this drill spent on it."""
        return self._calibration

    def versions(self) -> Mapping[str, str]:
        """Of the harness and of everything underneath it."""
        return facts.versions(self._parts.toxiproxy)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can honestly be measured here."""
        return facts.capabilities(self._parts.toxiproxy, self.subject)

    def machine(self) -> Mapping[str, str]:
        """What this runs on."""
        return facts.machine() | {key: f"{value:.1f}" for key, value in self._calibration.items()}
