"""The manifests of each place of a world, with everything that is wrong with them told at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError, Problem
from harness.names import EACH
from harness.parts.platform.kubernetes.manifests import rules, service_rules
from harness.parts.platform.kubernetes.manifests.model import Container, Manifests, Workload
from harness.parts.platform.kubernetes.manifests.reading import At, kind_of, read
from harness.parts.platform.kubernetes.manifests.service_rules import Doubt
from harness.parts.platform.kubernetes.manifests.understanding import understood
from harness.parts.platform.kubernetes.spec import Kubernetes
from harness.topology.environment import Environment
from harness.topology.subject import Component, Image, Subject


@dataclass(frozen=True)
class Gathered:
    """What is run in one place. entrance: the workload of the application, and the port that a Service leads to."""

    manifests: Manifests
    entrance: tuple[Workload, int]

    def workload_of(self, component: str) -> Workload | None:
        """The one that stands for a component of the subject."""
        return next((one for one in self.manifests.workloads if one.name == component), None)


def gather(environment: Environment, subject: Subject, spec: Kubernetes) -> dict[str, Gathered]:
    """By place. Raises InputError with every mistake of every file."""
    found: dict[str, Gathered] = {}
    problems: list[Problem] = []
    for place in (place.name for place in environment.places):
        files = files_of(environment, spec, place)
        common, own = read(files[0]), read(files[1])
        manifests, misfits = understood(_laid_over(common.documents, own.documents))
        problems += [*common.problems, *own.problems, *misfits]
        whole = common.whole and own.whole
        problems += rules.mistakes(manifests, lambda container: image_of(subject, container) is not None)
        if whole:
            problems += service_rules.mistakes(manifests)
        problems += _of_components(manifests, subject, place)
        application = subject.application.name
        entrance = service_rules.entrance(manifests, application)
        if entrance is not None:
            found[place] = Gathered(manifests, entrance)
            problems += _without_pods(entrance[0])
        elif whole and common.services and own.services and not service_rules.meant(manifests, application):
            problems += _no_entrance(manifests, application, files[0] + files[1])
    if problems:
        raise InputError(*rules.in_order(problems))
    return found


def files_of(environment: Environment, spec: Kubernetes, place: str) -> tuple[list[Path], list[Path]]:
    """The common files, and a place's own."""
    return _paths(environment, spec.manifests), _paths(environment, spec.places.get(place, ()))


def _paths(environment: Environment, names: Iterable[str]) -> list[Path]:
    """As short as they can be said from here."""
    paths = [environment.folder / name for name in names]
    here = Path.cwd()
    return [Path(os.path.relpath(path)) if path.is_relative_to(here) else path for path in paths]


def _laid_over(common: Sequence[At], own: Sequence[At]) -> list[At]:
    """A place's own objects stand for common ones of the same kind and name."""
    replaced = {(kind_of(at), at.text("metadata", "name")) for at in own}
    return [at for at in common if (kind_of(at), at.text("metadata", "name")) not in replaced] + list(own)


def image_of(subject: Subject, container: Container) -> Image | None:
    """What stands for a container's image, by its whole name, or by the name without tag and digest."""
    image = container.image
    bare = image.partition("@")[0]
    head, _, tail = bare.rpartition(":")
    named = [image, bare] + ([head] if head and "/" not in tail else [])
    return next((subject.images[name] for name in named if name in subject.images), None)


def _of_components(manifests: Manifests, subject: Subject, place: str) -> Iterable[Problem]:
    components: Mapping[str, Component] = {component.name: component for component in subject.components}
    for workload in manifests.workloads:
        component = components.get(workload.name)
        if component is not None and component.region not in (EACH, place):
            text = f"{component.name} runs in {component.region} by the subject file, and not in {place}"
            yield workload.at.to("metadata", "name").problem(text)


def _without_pods(workload: Workload) -> Iterable[Problem]:
    if workload.replicas == 0:
        yield workload.at.to("spec", "replicas").problem("the application needs a pod at least")


def _no_entrance(manifests: Manifests, name: str, files: Sequence[Path]) -> Iterable[Problem]:
    workload = next((one for one in manifests.workloads if one.name == name), None)
    if workload is not None:
        yield workload.at.problem(f"no Service leads to the pods of {name}, so that no load balancer would")
        return
    there = ", ".join(one.name for one in manifests.workloads) or "none"
    text = f"no Deployment or Pod is called {name}, as the application is in the subject file; there are: {there}"
    where = manifests.workloads[0].at.to("metadata", "name") if manifests.workloads else At(files[0], None)
    yield where.problem(text)


def doubts(environment: Environment, subject: Subject, spec: Kubernetes) -> list[Doubt]:
    """What will hurt although it is legal, of every place, once each. Raises InputError as `gather` does."""
    paths = {subject.application.health, subject.application.edge_health_path}

    def asks_database(container: Container, path: str) -> str | None:
        bare = path.partition("?")[0]
        image = image_of(subject, container)
        if image is not None and image.asks_database:
            told = "which asks the database, as the subject file says"
            return told if bare in image.asks_database else None
        if bare in paths and bare != subject.application.ready_path:
            return "by which the load balancer or the edge decides, and which therefore may ask the database"
        return None

    found = {
        (doubt.at.file, doubt.at.line, doubt.text): doubt
        for one in gather(environment, subject, spec).values()
        for doubt in service_rules.doubts(one.manifests, asks_database)
    }
    return list(found.values())
