"""What no schema says of services, and what is legal for pods and still a bad idea. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.errors import Problem
from harness.parts.platform.kubernetes.manifests.model import Container, Manifests, Port, Probe, Service, Workload
from harness.parts.platform.kubernetes.manifests.reading import At

AsksDatabase = Callable[[Container, str], str | None]
"""Why it is thought that a path of a container asks the database; None: it is not."""


@dataclass(frozen=True)
class Doubt:
    """Something that Kubernetes takes and that will hurt. sure: it is known to, and not only likely."""

    at: At
    text: str
    hint: str
    sure: bool = True


def mistakes(manifests: Manifests) -> Iterator[Problem]:
    """What is wrong with services."""
    for service in manifests.services:
        yield from _of_service(manifests, service)


def meant(manifests: Manifests, application: str) -> bool:
    """Whether a service that leads to the application may have been meant, and is told of with another mistake."""
    return any(
        next(_of_service(manifests, service), None) is not None
        and (not selected or any(one.name == application for one in selected))
        for service in manifests.services
        for selected in (_selected(manifests, service),)
    )


def _of_service(manifests: Manifests, service: Service) -> Iterator[Problem]:
    at = service.at.to("spec")
    if service.kind == "ExternalName":
        yield at.to("type").problem("ExternalName is not run here")
        return
    selected = _selected(manifests, service)
    if not selected:
        labels = " or ".join(map(_labels, manifests.workloads)) or "there are no pods at all"
        wanted = "has no selector, so it" if not service.selector else "selects nothing: its selector"
        yield at.to("selector").problem(f"{wanted} leads to no pod; the pods' labels are {labels}")
    if not service.ports:
        yield at.problem("a Service needs ports")
    for port in service.ports:
        for workload in selected:
            if target(workload, port.target) is None:
                text = f"nothing listens on {port.target} in the pods of {workload.name} (ports.containerPort)"
                yield port.at.problem(text)


def _labels(workload: Workload) -> str:
    """As a manifest has them."""
    return f"{{{', '.join(f'{key}: {value}' for key, value in workload.template.labels.items())}}} ({workload.name})"


def _selected(manifests: Manifests, service: Service) -> list[Workload]:
    return [w for w in manifests.workloads if w.namespace == service.namespace and service.selects(w.template.labels)]


def target(workload: Workload, port: Port) -> tuple[Container, int] | None:
    """The container and the number that a service's target port means in a workload's pods."""
    for container in workload.template.containers:
        number = container.number_of(port)
        if number is not None:
            return container, number
    return None


def entrance(manifests: Manifests, application: str) -> tuple[Workload, int] | None:
    """The workload that stands for the application, and the port of its pods to which a service leads."""
    for workload in manifests.workloads:
        if workload.name != application:
            continue
        for service in manifests.services:
            if workload in _selected(manifests, service) and service.ports:
                found = target(workload, service.ports[0].target)
                if found is not None:
                    return workload, found[1]
    return None


def doubts(manifests: Manifests, asks_database: AsksDatabase) -> Iterator[Doubt]:
    """Of all probes."""
    for workload in manifests.workloads:
        for container in workload.template.containers:
            yield from _of_container(container, asks_database)


def _of_container(container: Container, asks_database: AsksDatabase) -> Iterator[Doubt]:
    for kind, probe in container.probes.items():
        if probe.timeout_s > probe.period_s:
            text = f"{kind} probe of {container.name}: timeoutSeconds {probe.timeout_s} is above periodSeconds "
            text += f"{probe.period_s}: a look that hangs keeps later ones from being had"
            yield Doubt(probe.at, text, "keep the time-out below the period")
    liveness, readiness = container.liveness, container.readiness
    if liveness is None:
        return
    if liveness.handler.kind == "http":
        why = asks_database(container, liveness.handler.path)
        if why is not None:
            text = (
                f"liveness probe of {container.name} asks {liveness.handler.path}, {why}: while the database is lost "
                "every pod is restarted again and again, and recovery waits for the crash-loop back-off"
            )
            yield Doubt(liveness.at, text, "let liveness ask for the process alone, and readiness for what it needs")
    if readiness is not None and _is_same(liveness, readiness) and _patience(liveness) <= _patience(readiness):
        text = (
            f"liveness probe of {container.name} is as strict as its readiness probe ({_patience(liveness)} s of "
            f"failures, readiness {_patience(readiness)} s) and asks the same: what should take a pod out of the "
            "Service restarts it instead"
        )
        yield Doubt(liveness.at, text, "let liveness ask less, or have more patience (failureThreshold)")
    elif readiness is not None and _patience(liveness) < _patience(readiness):
        text = (
            f"liveness probe of {container.name} is stricter than its readiness probe: {_patience(liveness)} s of "
            f"failures restart the container, {_patience(readiness)} s take it out of the Service"
        )
        yield Doubt(liveness.at, text, "let liveness have more patience than readiness (failureThreshold)")


def _is_same(one: Probe, other: Probe) -> bool:
    a, b = one.handler, other.handler
    return (a.kind, a.port, a.path, a.command) == (b.kind, b.port, b.path, b.command)


def _patience(probe: Probe) -> int:
    """Seconds of failures until it counts: of the last look's time-out and the periods before."""
    return (probe.failure_threshold - 1) * probe.period_s + probe.timeout_s
