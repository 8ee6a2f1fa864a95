"""What manifests say, as far as it is run here: pods and their templates, services, and the data that they refer to.

Durations are as in the manifest, in seconds of the documented clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.parts.platform.kubernetes.manifests.reading import At

Port = int | str
"""A number, or the name of one of the container's ports."""


@dataclass(frozen=True)
class Handler:
    """What is done to a container: a request, a connection, or a command in it. headers: also `Host`."""

    kind: Literal["http", "tcp", "exec", "sleep"]
    at: At
    port: Port = 0
    path: str = "/"
    scheme: str = "HTTP"
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    seconds: int = 0


@dataclass(frozen=True)
class Probe:
    """One probe of a container, with the documented defaults ("Configure probes")."""

    handler: Handler
    at: At
    initial_delay_s: int = 0
    period_s: int = 10
    timeout_s: int = 1
    success_threshold: int = 1
    failure_threshold: int = 3
    grace_s: int | None = None


@dataclass(frozen=True)
class Source:
    """Where a variable has its value from. kind: a field of the pod, or an object of that name; key: in either."""

    kind: Literal["field", "config", "secret"]
    at: At
    key: str = ""
    name: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Variable:
    """One variable of a container. source: None where the manifest has its text."""

    name: str
    text: str
    at: At
    source: Source | None = None


@dataclass(frozen=True)
class Whole:
    """All of a ConfigMap or a Secret as variables (envFrom)."""

    source: Source
    prefix: str = ""


@dataclass(frozen=True)
class ContainerPort:
    """A port that a container listens on."""

    number: int
    at: At
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True)
class Container:
    """One container of a template. command: instead of the image's entry point; args: instead of its arguments."""

    name: str
    image: str
    at: At
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    whole: tuple[Whole, ...] = ()
    variables: tuple[Variable, ...] = ()
    startup: Probe | None = None
    liveness: Probe | None = None
    readiness: Probe | None = None
    pre_stop: Handler | None = None

    @property
    def probes(self) -> Mapping[str, Probe]:
        """Those that it has, by name."""
        all_three = {"startup": self.startup, "liveness": self.liveness, "readiness": self.readiness}
        return {name: probe for name, probe in all_three.items() if probe is not None}

    def number_of(self, port: Port) -> int | None:
        """The number of a port that it declares; None: it does not."""
        return next((found.number for found in self.ports if port in (found.number, found.name)), None)


@dataclass(frozen=True)
class Template:
    """A pod's template, or a pod."""

    at: At
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    containers: tuple[Container, ...]
    restart_policy: str = "Always"
    grace_s: int = 30
    account: str = "default"


@dataclass(frozen=True)
class Workload:
    """A Deployment, or a Pod of its own (replicas 1). surge, unavailable: numbers, or shares such as `25%`."""

    kind: Literal["Deployment", "Pod"]
    name: str
    namespace: str
    at: At
    template: Template
    selector: Mapping[str, str]
    replicas: int = 1
    surge: int | str = "25%"
    unavailable: int | str = "25%"
    recreate: bool = False
    min_ready_s: int = 0
    progress_s: int = 600


@dataclass(frozen=True)
class ServicePort:
    """A port of a service, and the container's port that it leads to."""

    number: int
    target: Port
    at: At
    name: str = ""


@dataclass(frozen=True)
class Service:
    """Which pods get a service's traffic, and where."""

    name: str
    namespace: str
    at: At
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    kind: str = "ClusterIP"
    unready: bool = False

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether pods with these labels are its endpoints; a service without a selector has none of its own."""
        return bool(self.selector) and all(labels.get(key) == value for key, value in self.selector.items())


@dataclass(frozen=True)
class Data:
    """A ConfigMap or a Secret. values: as variables see them."""

    kind: Literal["config", "secret"]
    name: str
    at: At
    values: Mapping[str, str]


@dataclass(frozen=True)
class Manifests:
    """Everything that some files say."""

    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    data: tuple[Data, ...] = ()

    def data_named(self, kind: str, name: str) -> Data | None:
        """A ConfigMap or a Secret."""
        return next((found for found in self.data if (found.kind, found.name) == (kind, name)), None)
