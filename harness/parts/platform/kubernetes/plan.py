"""What the cluster's process is told to run: manifests as resolved for each place, in the profile's nanoseconds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.kit.address import LoopbackAddress
from harness.kit.config import Count, Strict, Text
from harness.parts.platform.kubernetes.machines.backoff import BackOffTerms
from harness.parts.platform.kubernetes.machines.container import ContainerSpec, RestartPolicy, Terms
from harness.parts.platform.kubernetes.machines.deployment import DeploymentTerms
from harness.parts.platform.kubernetes.machines.probe import ProbeTerms

Natural = Annotated[int, Field(strict=True, ge=0)]


class Handler(Strict):
    """What is done to a container. port: of the container; seconds_ns: of a hook that only waits."""

    kind: Literal["http", "tcp", "exec", "sleep"]
    port: Natural = 0
    path: str = "/"
    scheme: Literal["HTTP", "HTTPS"] = "HTTP"
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    wait_ns: Natural = 0


class Probe(Strict):
    """One probe, scaled to the profile."""

    handler: Handler
    initial_delay_ns: Natural
    period_ns: Count
    timeout_ns: Count
    success_threshold: Count
    failure_threshold: Count
    grace_ns: Natural | None = None

    @property
    def terms(self) -> ProbeTerms:
        """For the machine."""
        return ProbeTerms(
            self.initial_delay_ns,
            self.period_ns,
            self.timeout_ns,
            self.success_threshold,
            self.failure_threshold,
            self.grace_ns,
        )


class Variable(Strict):
    """One variable of a container. kind: a text, in which `$(NAME)` is filled in, or a field of the pod.

    secret: its text is shown to nobody.
    """

    name: str
    kind: Literal["text", "field"] = "text"
    value: str = ""
    secret: bool = False


class Container(Strict):
    """One container. argv: `{port}` is the port that it is given for its first one. given: variables of the world.

    ports: the numbers that the manifest declares; a variable or a word of argv that is just such a number means the
    port that the pod has instead.
    """

    name: Text
    image: str
    argv: tuple[str, ...]
    ports: tuple[Natural, ...] = ()
    variables: tuple[Variable, ...] = ()
    startup: Probe | None = None
    liveness: Probe | None = None
    readiness: Probe | None = None
    pre_stop: Handler | None = None

    @property
    def spec(self) -> ContainerSpec:
        """For the machine."""
        startup, liveness, readiness = (
            None if probe is None else probe.terms for probe in (self.startup, self.liveness, self.readiness)
        )
        return ContainerSpec(self.name, startup, liveness, readiness, self.pre_stop is not None)


class Workload(Strict):
    """The pods of one Deployment, or one Pod, in one place.

    component: of the subject, for which they stand; "" for none. entrance: the port of the pods to which the place's
    load balancer leads; None: to none. before, world: variables that the manifest may replace, and those that it must
    not. keeps: what is deleted is replaced, as a Deployment does. unready: pods are endpoints before they are ready.
    """

    place: Text
    name: Text
    namespace: str
    component: str
    replicas: Natural
    keeps: bool
    containers: tuple[Container, ...]
    labels: dict[str, str]
    annotations: dict[str, str]
    account: str
    policy: RestartPolicy
    grace_ns: Natural
    surge: Natural = 1
    unavailable: Natural = 0
    recreate: bool = False
    min_ready_ns: Natural = 0
    progress_ns: Natural = 0
    entrance: Natural | None = None
    unready: bool = False
    before: dict[str, str]
    world: dict[str, str]
    cwd: str

    @property
    def key(self) -> str:
        """Its name in the whole world."""
        return f"{self.name}.{self.place}"

    @property
    def deployment(self) -> DeploymentTerms:
        """For the machine of its pods' number."""
        return DeploymentTerms(self.surge, self.unavailable, self.recreate, self.min_ready_ns, self.progress_ns)


class Balancer(Strict):
    """A place's load balancer: where it takes its targets, and where the link to each of the pods' ports listens."""

    admin: LoopbackAddress
    health_path: str
    links: tuple[tuple[Natural, LoopbackAddress], ...]


class Plan(Strict):
    """A whole cluster. second_ns: a second of the documented clock; least_ns, first_ns, cap_ns: see the machines."""

    workloads: tuple[Workload, ...]
    balancers: dict[str, Balancer]
    second_ns: Count
    least_ns: Natural
    first_ns: Natural
    cap_ns: Natural

    def terms_of(self, workload: Workload) -> Terms:
        """For the machine of one of its pods."""
        backoff = BackOffTerms(self.first_ns, self.cap_ns)
        return Terms(workload.policy, workload.grace_ns, self.least_ns, self.second_ns, backoff)


class Config(Strict):
    """Of the process. logs: where the pods' output goes; events: history file of what pods do."""

    admin: LoopbackAddress
    logs: str
    events: str
