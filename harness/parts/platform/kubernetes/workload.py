"""One Deployment (or Pod) in one place that runs: its machine driven in real time, its pods, and who of them serves."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from harness.clock import monotonic_ns
from harness.engines.addresses import choose_port
from harness.faults.needs import LIVENESS_AS_READINESS
from harness.parts.platform.kubernetes.identity import LOOPBACK, Identity
from harness.parts.platform.kubernetes.machines import deployment
from harness.parts.platform.kubernetes.machines.container import Terms
from harness.parts.platform.kubernetes.machines.deployment import (
    CreatePod,
    DeletePod,
    Deployment,
    DeploymentState,
    Effect,
    Event,
    PodGoing,
    PodGone,
    PodIs,
    Progress,
    RolledOut,
    Scaled,
)
from harness.parts.platform.kubernetes.machines.events import Told
from harness.parts.platform.kubernetes.plan import Container, Workload
from harness.parts.platform.kubernetes.running import Launcher, RunningPod
from harness.units import to_s

LOG = logging.getLogger(__name__)
NEVER_LISTENS = (sys.executable, "-c", "import time\nwhile True: time.sleep(3600)")
"""What the containers of a bad deploy run: it starts, and answers nothing."""
_AGAIN_S = 0.05
NEVER_READY = "never-ready"
_FIRST = 1


class Watcher(Protocol):
    """Who wants to know of pods."""

    def pod_told(self, workload: RunningWorkload, pod: RunningPod, told: Told) -> None: ...
    def rollout_told(self, workload: RunningWorkload, what: str) -> None: ...


class RunningWorkload:
    """See the module. entrances: ports of this machine that the load balancer has links to, for one pod each."""

    def __init__(
        self, plan: Workload, terms: Terms, entrances: Mapping[int, object], launcher: Launcher, watcher: Watcher
    ) -> None:
        self.plan = plan
        self.pods: dict[str, RunningPod] = {}
        self._templates: dict[int, Workload] = {}
        self._broken: set[int] = set()
        self._terms = terms
        self._free = list(entrances)
        self._launcher = launcher
        self._watcher = watcher
        self._machine = Deployment(plan.name, plan.deployment)
        self._state = DeploymentState(plan.replicas, progress_ns=monotonic_ns())
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def complete(self) -> bool:
        """Every pod is of the wanted revision, and ready."""
        pods = [pod for pod in self.pods.values() if not pod.state.deleting]
        current = [pod for pod in pods if pod.state.serves and pod.revision == self._state.revision]
        return len(pods) == len(current) == self._state.replicas

    @property
    def stalled(self) -> bool:
        """The rollout has not come further for longer than its progressDeadlineSeconds."""
        return self._state.stalled

    def happens(self, event: Event) -> None:
        """Take an event in, and do what follows."""
        if self._closed:
            return
        self._state, effects = self._machine.step(self._state, event, monotonic_ns())
        for effect in effects:
            self._do(effect)
        self._schedule()

    def start(self) -> None:
        """Its first pods."""
        self.happens(deployment.Tick())

    def roll_out(self, change: str = "") -> None:
        """A changed template, by a name of CHANGES; or back to the manifest's own, as `kubectl rollout undo`."""
        if not change:
            self.happens(RolledOut(_FIRST))
            return
        revision = self._state.latest + 1
        self._templates[revision] = CHANGES[change](self.plan)
        if change == NEVER_READY:
            self._broken.add(revision)
        self.happens(RolledOut())

    def scale(self, replicas: int) -> None:
        """Another number of pods."""
        self.happens(Scaled(replicas))

    def delete(self, pod: RunningPod, grace_ns: int | None = None) -> None:
        """As `kubectl delete pod`."""
        pod.delete(grace_ns)
        if self.plan.keeps:
            self.happens(PodGoing(pod.identity.name))

    def close(self) -> None:
        """Nothing is decided any more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for pod in self.pods.values():
            pod.close()

    def serving(self) -> list[RunningPod]:
        """Its pods that Services send traffic to."""
        unready = self.plan.unready
        return [p for p in self.pods.values() if p.state.serves or (unready and not p.state.deleting)]

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_ns = deployment.wake_ns(self._state, self.plan.deployment, monotonic_ns())
        if wake_ns is not None:
            delay_s = max(0.0, to_s(wake_ns - monotonic_ns()))
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.happens, deployment.Tick())

    def _do(self, effect: Effect) -> None:
        match effect:
            case CreatePod():
                self._create(effect)
            case DeletePod(name):
                found = self.pods.get(name)
                if found is not None:
                    found.delete()
            case Progress(what):
                LOG.info("%s: rollout %s", self.plan.key, what)
                self._watcher.rollout_told(self, what)

    def _create(self, wanted: CreatePod) -> None:
        """A pod, once there is an entrance for it; until then it is pending, as on a cluster that is full."""
        if self._closed:
            return
        if self.plan.entrance is not None and not self._free:
            asyncio.get_running_loop().call_later(_AGAIN_S, self._create, wanted)
            return
        if all(view.name != wanted.name for view in self._state.pods):
            return  # nobody wants it any more
        plan = self._templates.get(wanted.revision, self.plan)
        identity = Identity(wanted.name, plan, self._ports())
        pod = RunningPod(identity, wanted.revision, self._terms, self._launcher, self._told)
        pod.expected = wanted.revision in self._broken
        self.pods[wanted.name] = pod
        pod.begin()

    def _ports(self) -> dict[int, int]:
        ports = {number for container in self.plan.containers for number in container.ports}
        found = {number: choose_port([LOOPBACK], 0, "") for number in ports if number != self.plan.entrance}
        return found if self.plan.entrance is None else found | {self.plan.entrance: self._free.pop(0)}

    def _told(self, pod: RunningPod, told: Told) -> None:
        name = pod.identity.name
        if told.what in ("ready", "unready"):
            self.happens(PodIs(name, told.what == "ready"))
        elif told.what == "gone":
            self.pods.pop(name, None)
            if self.plan.entrance is not None:
                self._free.append(pod.identity.ports[self.plan.entrance])
            self.happens(PodGone(name))
        self._watcher.pod_told(self, pod, told)


def _changed(plan: Workload, change: Callable[[Container], Mapping[str, object]]) -> Workload:
    containers = tuple(one.model_copy(update=change(one)) for one in plan.containers)
    return plan.model_copy(update={"containers": containers})


def _never_ready(_: Container) -> Mapping[str, object]:
    return {"argv": NEVER_LISTENS}


def _liveness_as_readiness(container: Container) -> Mapping[str, object]:
    if container.liveness is None or container.readiness is None:
        return {}
    return {"liveness": container.liveness.model_copy(update={"handler": container.readiness.handler})}


CHANGES: Mapping[str, Callable[[Workload], Workload]] = {
    NEVER_READY: lambda plan: _changed(plan, _never_ready),
    LIVENESS_AS_READINESS: lambda plan: _changed(plan, _liveness_as_readiness),
}
"""Changes of a template that can be rolled out, by name."""
