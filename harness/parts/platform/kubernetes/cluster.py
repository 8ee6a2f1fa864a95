"""All pods of a world, place by place, and the load balancers' targets, which follow them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import InputError, WorldError
from harness.history.events import PodEvent
from harness.history.log import EventLog
from harness.parts.platform.kubernetes.identity import LOOPBACK
from harness.parts.platform.kubernetes.machines.events import Told
from harness.parts.platform.kubernetes.machines.start import Start
from harness.parts.platform.kubernetes.plan import Plan
from harness.parts.platform.kubernetes.running import RunningPod
from harness.parts.platform.kubernetes.workload import RunningWorkload
from harness.processes.forkserver import ForkServer, stop_all
from harness.units import to_s
from harness.wire.admin_client import AdminClient

LOG = logging.getLogger(__name__)
LOOK_S = 0.05
_STOP_GRACE_S = 1.0
_AGAIN_S = 0.2
_SHOWN = frozenset({"started", "ready", "unready", "killing", "exited", "backoff", "deleted", "gone"})


class Cluster:
    """See the module. log: of what pods do, for the timeline."""

    def __init__(self, launcher: ForkServer, log: EventLog) -> None:
        self._launcher = launcher
        self._log = log
        self._plan: Plan | None = None
        self._workloads: list[RunningWorkload] = []
        self._told: list[str] = []
        self._restarts: dict[str, list[str]] = {}
        self._stale: set[str] = set()
        self._posting: dict[str, asyncio.Task[None]] = {}

    # --- what is wanted ------------------------------------------------------------------------------------------

    def apply(self, plan: Plan) -> None:
        """Run another plan, on nothing."""
        self.down()
        self._plan = plan
        self._restarts = {}
        for workload in plan.workloads:
            links = dict(plan.balancers[workload.place].links) if workload.entrance is not None else {}
            running = RunningWorkload(workload, plan.terms_of(workload), links, self._launcher, self)
            self._workloads.append(running)
        for running in self._workloads:
            running.start()

    def down(self) -> None:
        """End every pod at once, without a word of it in the history; no load balancer has a target then."""
        workloads, self._workloads = self._workloads, []
        pods = [pod for workload in workloads for pod in workload.pods.values()]
        for workload in workloads:
            workload.close()
        stop_all([process for pod in pods for process in pod.processes.values()], _STOP_GRACE_S)
        for place in self._plan.balancers if self._plan is not None else ():
            self._follow(place)

    def look(self) -> None:
        """Whether processes have ended."""
        self._launcher.pump()
        for pod in self.pods():
            pod.look()

    # --- what pods do --------------------------------------------------------------------------------------------

    def pod_told(self, workload: RunningWorkload, pod: RunningPod, told: Told) -> None:
        """See Watcher."""
        plan = workload.plan
        if told.what in _SHOWN:
            event = PodEvent(
                plan.place, plan.name, pod.identity.name, told.what, monotonic_ns(), told.text, told.container
            )
            self._log.append(event)
        if pod.expected:
            pass  # of what was broken on purpose that is no news
        elif told.what == "killing":
            self._restarts.setdefault(pod.identity.instance, []).append(told.text)
        elif told.what == "exited" and not pod.state.deleting and "probe failed" not in told.text:
            if pod.faults:
                pod.faults -= 1
            else:
                self._restarts.setdefault(pod.identity.instance, []).append(told.text)
        if plan.entrance is not None and told.what in ("ready", "unready", "deleted", "gone", "started", "exited"):
            self._follow(plan.place)

    def rollout_told(self, workload: RunningWorkload, what: str) -> None:
        """See Watcher."""
        plan = workload.plan
        self._log.append(PodEvent(plan.place, plan.name, "", f"rollout {what}", monotonic_ns()))

    def _follow(self, place: str) -> None:
        """Tell a place's load balancer who its targets are, one list after the other."""
        self._stale.add(place)
        if place not in self._posting:
            self._posting[place] = asyncio.get_running_loop().create_task(self._post(place))

    async def _post(self, place: str) -> None:
        assert self._plan is not None
        client = AdminClient(f"load balancer {place}", self._plan.balancers[place].admin, timeout_s=2.0)
        try:
            while place in self._stale:
                self._stale.discard(place)
                targets = self.targets(place)
                try:
                    await asyncio.to_thread(client.post, "/targets", {"targets": targets})
                except WorldError as error:
                    LOG.warning("%s", error)
                    self._stale.add(place)
                    await asyncio.sleep(_AGAIN_S)
        finally:
            del self._posting[place]

    def targets(self, place: str) -> list[dict[str, Any]]:
        """The endpoints of the place's entrance."""
        assert self._plan is not None
        balancer = self._plan.balancers[place]
        links = dict(balancer.links)
        return [
            {
                "id": pod.identity.name,
                "address": list(links[pod.identity.ports[workload.plan.entrance]]),
                "health_path": balancer.health_path,
            }
            for workload in self._workloads
            if workload.plan.place == place and workload.plan.entrance is not None
            for pod in workload.serving()
        ]

    # --- what faults do ------------------------------------------------------------------------------------------

    def pods(self) -> list[RunningPod]:
        """All of them."""
        return [pod for workload in self._workloads for pod in workload.pods.values()]

    def pod(self, instance: str) -> RunningPod:
        """One of them. Raises InputError."""
        found = next((pod for pod in self.pods() if pod.identity.instance == instance), None)
        if found is None:
            there = ", ".join(pod.identity.instance for pod in self.pods()) or "none"
            raise InputError(f"no such pod: {instance}; there are: {there}")
        return found

    def of_entrance(self, place: str) -> RunningWorkload:
        """The workload of a place's entrance. Raises InputError."""
        for workload in self._workloads:
            if workload.plan.place == place and workload.plan.entrance is not None:
                return workload
        raise InputError(f"no pods stand for the application in {place}")

    def delete(self, pod: RunningPod) -> None:
        """As `kubectl delete pod`."""
        for workload in self._workloads:
            if workload.pods.get(pod.identity.name) is pod:
                workload.delete(pod)

    def scale_down(self, components: list[str]) -> None:
        """Take the pods of some components away."""
        for workload in self._workloads:
            if workload.plan.component in components:
                workload.scale(0)

    # --- what is shown -------------------------------------------------------------------------------------------

    def described(self) -> list[dict[str, Any]]:
        """Every pod, as `kubectl get pods` has it, with its processes."""
        found = []
        for workload in self._workloads:
            for pod in workload.pods.values():
                first = next(iter(pod.processes.values()), None)
                found.append(
                    {
                        "instance": pod.identity.instance,
                        "place": workload.plan.place,
                        "workload": workload.plan.name,
                        "component": workload.plan.component,
                        "revision": pod.revision,
                        "phase": pod.state.phase,
                        "ready": pod.state.serves,
                        "restarts": pod.state.restarts,
                        "ports": {str(number): port for number, port in pod.identity.ports.items()},
                        "pid": first.pid if first is not None else None,
                        "log": str(first.log_path) if first is not None else "",
                        "tree": _tree(first),
                        "last_failure": pod.last_failure,
                        "starts": {name: _told(start) for name, start in pod.starts.items()},
                    }
                )
        return found

    def status(self) -> list[dict[str, str]]:
        """Pods, and the endpoints of each place's entrance, as lines for people."""
        lines = []
        for pod in self.described():
            ready = "ready" if pod["ready"] else "not ready"
            restarts = pod["restarts"]
            about = f"{pod['phase']}, {ready}, {restarts} restart{'' if restarts == 1 else 's'}"
            if pod["last_failure"] and not pod["ready"]:
                about = f"{about}; {pod['last_failure']}"
            port = next(iter(pod["ports"].values()), None)
            where = "" if port is None else f"{LOOPBACK}:{port}"
            lines.append({"what": f"pod {pod['instance']}", "where": where, "about": about})
        for place in sorted(self._plan.balancers if self._plan is not None else ()):
            serving = [target["id"] for target in self.targets(place)]
            about = ", ".join(serving) or "none: the load balancer answers 503"
            lines.append({"what": f"endpoints {place}", "where": "", "about": about})
        return lines

    def rollouts(self) -> Mapping[str, bool]:
        """Workload and place -> whether every pod is of the wanted revision, and ready."""
        return {workload.plan.key: workload.complete for workload in self._workloads}

    def sentences(self) -> list[str]:
        """What restarted by itself, and why, one sentence for each pod."""
        return [
            f"{instance} was restarted {len(reasons)} times: {reasons[-1]}" if len(reasons) > 1
            else f"{instance} was restarted: {reasons[0]}"
            for instance, reasons in self._restarts.items()
        ]  # fmt: skip


def _told(start: Start) -> dict[str, Any]:
    """Seconds until it answered, and how often a probe ended it before."""
    return {"took_s": None if start.took_ns is None else to_s(start.took_ns), "unanswered": start.unanswered}


def _tree(process: Any) -> dict[str, Any] | None:
    tree = None if process is None else process.tree
    if tree is None:
        return None
    return {"pid": tree.pid, "started": tree.started, "adopter": tree.adopter, "marker": tree.marker}
