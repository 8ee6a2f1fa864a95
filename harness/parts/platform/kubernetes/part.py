"""The subject as pods: real manifests, run as processes of this machine, with probes, restarts and rollouts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import SubjectError
from harness.faults.hand import Hand
from harness.faults.model import Link, ProcessRef, process_canary, rollout_canary
from harness.faults.needs import PODS
from harness.kit.address import Address
from harness.names import HTTP, LOAD_BALANCER, instance_name
from harness.parts.platform.kubernetes import starting
from harness.parts.platform.kubernetes.hand import PodControl, RolloutHand
from harness.parts.platform.kubernetes.manifests.gathering import doubts, gather
from harness.parts.platform.kubernetes.plan import Balancer, Plan
from harness.parts.platform.kubernetes.resolving import pods_at_once, resolved
from harness.parts.platform.kubernetes.sides import sides
from harness.parts.platform.kubernetes.spec import Kubernetes as Spec
from harness.parts.platform.kubernetes.starts import Look, Starts, unready
from harness.processes.process_tree import Tree
from harness.topology.subject import Instance
from harness.wire.admin_client import AdminClient
from harness.world.components.hand import ProcessHand
from harness.world.components.subject import SubjectProcesses
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import LoadBalancer, application_arrow
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.platform import Platform, RunningTree
from harness.world.process import READY_TIMEOUT_S
from harness.world.wires import Arrow

MODULE = "harness.parts.platform.kubernetes.server"
PROCESS = "cluster"
READY_S = 120.0
"""Production seconds in which pods must have become ready, beside the time that the subject may take to start."""
_POLL_S = 0.1


class Kubernetes(Platform):
    """Runs the components that manifests speak of as pods, and the others as plain processes."""

    name = "platform"

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        self._blueprint = blueprint
        self._gathered = gather(blueprint.environment, blueprint.subject, spec)
        self._ports: dict[str, list[int]] = {}

    def start(self, ground: Ground) -> None:
        """Start the cluster's process, and choose a port for each pod that there may be at once."""
        for place, found in self._gathered.items():
            self._ports[place] = [ground.free_port() for _ in range(pods_at_once(found.entrance[0]))]
        self._events = ground.folder / f"{PROCESS}.events.jsonl"
        self._process = ground.spawn(
            LIGHT,
            PROCESS,
            MODULE,
            {"admin": [LOOPBACK, 0], "logs": str(ground.folder / "logs"), "events": str(self._events)},
        )

    def endpoints(self) -> Mapping[str, Address]:
        """admin: the cluster's own interface."""
        host, port = self._process.ready(READY_TIMEOUT_S)["admin"]
        return {"admin": (str(host), int(port))}

    def arrows(self) -> Sequence[Arrow]:
        """From each place's load balancer to each port that a pod may have there."""
        return [arrow for arrows in self._entrances().values() for arrow in arrows]

    def _entrances(self) -> dict[str, list[Arrow]]:
        """The first is called as the application's only one would be."""
        found = {}
        for place, ports in self._ports.items():
            name = self._blueprint.subject.application.name
            balancer = instance_name(LOAD_BALANCER, place)
            links = [
                Link(balancer, place, instance_name(f"{name}-{number}", place), place, HTTP)
                for number in range(2, len(ports) + 1)
            ]
            first = application_arrow(self._blueprint, place, (LOOPBACK, ports[0])).link
            found[place] = [
                Arrow(link, (LOOPBACK, port), registered=False)
                for link, port in zip([first, *links], ports, strict=True)
            ]
        return found

    def connect(self, net: Net) -> None:
        """From now on the subject can be started."""
        blueprint = self._blueprint
        self._cluster = AdminClient(PROCESS, self.endpoints()["admin"])
        self.subject = SubjectProcesses(
            net.ground.launcher(), blueprint.subject, blueprint.environment, blueprint.timing, net.environment_for,
            {}, self._is_pod,
        )  # fmt: skip
        net.ground.on_close(self.subject.stop)
        self._starts = Starts(self._gathered, blueprint, self._cluster)
        self._control = PodControl(self._cluster, self.subject, self._processes)
        self._net = net

    def _is_pod(self, instance: Instance) -> bool:
        found = self._gathered.get(instance.place)
        return found is not None and found.workload_of(instance.component.name) is not None

    def _plan(self) -> Plan:
        health = self._blueprint.subject.application.health
        balancers = {}
        for balancer in self._net.of(LoadBalancer):
            admin = balancer.targets()
            if admin is None:
                raise SubjectError(balancer.name, "takes no targets that come and go, as pods do")
            links = [(arrow.upstream[1], self._net.at(arrow)) for arrow in self._entrances()[balancer.place]]
            balancers[balancer.place] = Balancer(admin=admin, health_path=health, links=tuple(links))
        return resolved(self._blueprint, self._gathered, self._given, balancers)

    def _given(self, instance: Instance) -> tuple[Mapping[str, str], Mapping[str, str]]:
        world = {**self._net.environment_for(instance), "TIME_SCALE": f"{self._blueprint.timing.scale:g}"}
        return self.subject.given(instance), world

    def start_subject(self) -> None:
        """See Platform. Pods must be ready, all of them, before anything is measured."""
        self.stop_subject()
        self._cluster.post("/apply", self._plan().model_dump(mode="json"))
        self.subject.start()
        self._wait_ready(self._starts.looked_into)

    def _wait_ready(self, look_into: Look = lambda *_: ()) -> None:
        blueprint = self._blueprint
        timeout_s = blueprint.subject.start_timeout_s + blueprint.timing.interval_s(READY_S)
        until = time.monotonic() + timeout_s
        while True:
            told = self._cluster.get("/pods")
            if all(told["rollouts"].values()):
                return
            if time.monotonic() > until:
                raise unready(told["pods"], timeout_s, look_into(told["pods"], self._plan))
            time.sleep(_POLL_S)

    def starts(self) -> Sequence[Diagnosis]:
        """See Platform."""
        return self._starts.judged(self._pods())

    def stop_subject(self, only: Sequence[str] | None = None) -> None:
        """See Platform."""
        if only is None:
            self._cluster.post("/down")
            self._control.forget()
        else:
            self._cluster.post("/scale-down", {"components": list(only)})
        self.subject.stop(only)

    def deploy(self, change: str) -> None:
        """See Platform."""
        for place in self._gathered:
            self._cluster.post("/rollout", {"place": place, "change": change})
        self._wait_ready()

    def _pods(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._cluster.get("/pods")["pods"]
        return found

    def _processes(self) -> dict[str, int | None]:
        """By pod, its first process."""
        return {pod["instance"]: pod["pid"] for pod in self._pods()}

    def instances(self) -> Sequence[ProcessRef]:
        """See Platform."""
        entrances = {(place, found.entrance[0].name) for place, found in self._gathered.items()}
        pods = [
            ProcessRef(
                pod["instance"],
                pod["place"],
                instance_name(pod["workload"], pod["place"]),
                (pod["place"], pod["workload"]) in entrances,
            )
            for pod in self._pods()
            if pod["pid"] is not None
        ]
        return [*pods, *(ProcessRef(name, one.instance.place) for name, one in self.subject.running.items())]

    def deaths(self) -> Sequence[str]:
        """See Platform: what the kubelet had to start again counts as well."""
        return [*self.subject.deaths(), *self._cluster.get("/sentences")]

    def trees(self) -> Sequence[RunningTree]:
        """See Platform."""
        components = {component.name: component for component in self._blueprint.subject.components}
        named = {name: f"${{{name}}}" for name in self._blueprint.subject.variables()}
        found = list(self.subject.trees(named))
        live = "http://{}:{}/trees".format(*self._cluster.address)
        for pod in self._pods():
            component = components.get(pod["component"])
            if pod["tree"] is not None and component is not None:
                place, name = pod["place"], pod["instance"]
                for_all = Instance(component=component, place=place, name=instance_name(component.name, place))
                given = {**self.subject.given(for_all), "HOSTNAME": str(name).partition(".")[0]}
                instance = for_all.model_copy(update={"name": name})
                found.append(
                    RunningTree(instance, Tree(**pod["tree"]), Path(pod["log"]), given, renewed=True, live=live)
                )
        return found

    def canaries(self) -> Sequence[Mapping[str, Any]]:
        """See Platform. A pod that a fault has killed is looked at as it was, until that heals."""
        killed = self._control.killed
        host, port = self._cluster.address
        pods = {pod["instance"]: killed.get(pod["instance"], pod["pid"]) for pod in self._pods()}
        processes = {name: one.process.pid for name, one in self.subject.running.items()}
        return [
            *({"link": process_canary(n), "kind": "process", "pid": p} for n, p in (pods | processes).items() if p),
            *(
                {"link": rollout_canary(place), "kind": "http", "path": f"/rollout/{place}", "address": [host, port]}
                for place in self._gathered
            ),
        ]

    def hands(self) -> Sequence[Hand]:
        """On processes, pods among them, and on rollouts."""
        return (ProcessHand(self._control), RolloutHand(self._cluster))

    def events(self) -> Sequence[Path]:
        """What pods do."""
        return (self._events,)

    def status(self) -> Sequence[StatusLine]:
        """Pods and endpoints, as they are when somebody looks."""
        host, port = self._cluster.address
        return (StatusLine("pods", f"{host}:{port}", "", f"http://{host}:{port}/status"),)

    def commands(self) -> Sequence[tuple[str, str]]:
        """What `kubectl` would be used for."""
        url = "http://{}:{}".format(*self._cluster.address)
        primary = self._blueprint.environment.primary.name
        body = json.dumps({"place": primary, "change": "never-ready"})
        back = json.dumps({"place": primary})
        return (
            ("Every pod with its processes, as JSON:", f"curl -s {url}/pods"),
            (f"Roll a version out in {primary} that never gets ready:", f"curl -X POST {url}/rollout -d '{body}'"),
            ("And back:", f"curl -X POST {url}/rollout -d '{back}'"),
        )

    def capabilities(self) -> Mapping[str, bool | str]:
        """Pods; and what the subject must say of itself."""
        if self._blueprint.subject.honours_time_scale:
            return {PODS: True, "honours_time_scale": True}
        mixed = "the subject does not say that it honours TIME_SCALE: mixed timing"
        return {PODS: True, "honours_time_scale": mixed}


def build(blueprint: Blueprint, spec: Spec) -> list[Kubernetes]:
    """One for all places."""
    return [Kubernetes(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """What is legal in the manifests and will hurt."""
    found = doubts(blueprint.environment, blueprint.subject, spec)
    for doubt in found:
        yield Diagnosis("manifests", State.WARN, f"{doubt.at.file}:{doubt.at.line}: {doubt.text}", doubt.hint)
    if not found:
        yield Diagnosis("manifests", State.OK, "probes that a database outage does not turn against their pods")
    gathered = gather(blueprint.environment, blueprint.subject, spec)
    yield from sides(gathered)
    for doubt in starting.doubts(gathered, blueprint.timing):
        yield Diagnosis("start of pods", State.WARN, f"{doubt.at.file}:{doubt.at.line}: {doubt.text}", doubt.hint)
