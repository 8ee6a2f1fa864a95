"""Manifests and a world become a plan: commands for images, values for variables, durations of the profile. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from harness.parts.platform.kubernetes import plan
from harness.parts.platform.kubernetes.machines.backoff import CAP_NS, FIRST_NS
from harness.parts.platform.kubernetes.machines.container import RestartPolicy
from harness.parts.platform.kubernetes.machines.deployment import rounded
from harness.parts.platform.kubernetes.manifests import model
from harness.parts.platform.kubernetes.manifests.gathering import Gathered, image_of
from harness.topology.subject import Component, Instance, Subject
from harness.topology.timing import Timing
from harness.units import to_ns, to_s
from harness.world.components import command
from harness.world.part import Blueprint

_LEAST_S = 2.0
_MANIFESTS_OWN = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""Variables that the world gives and a manifest may replace: a pod may work in another region than the nearest."""
Given = Callable[[Instance], tuple[Mapping[str, str], Mapping[str, str]]]
"""What an instance is given: what may be replaced, and what the world insists on."""


def resolved(
    blueprint: Blueprint, gathered: Mapping[str, Gathered], given: Given, balancers: Mapping[str, plan.Balancer]
) -> plan.Plan:
    """The whole plan."""
    timing = blueprint.timing
    return plan.Plan(
        workloads=tuple(
            _workload(blueprint, place, one, found, given)
            for place, found in gathered.items()
            for one in found.manifests.workloads
        ),
        balancers=dict(balancers),
        second_ns=to_ns(timing.interval_s(1)),
        least_ns=to_ns(timing.timeout_s(_LEAST_S)),
        first_ns=to_ns(timing.interval_s(to_s(FIRST_NS))),
        cap_ns=to_ns(timing.interval_s(to_s(CAP_NS))),
    )


def pods_at_once(workload: model.Workload) -> int:
    """How many pods a workload may have at one time: those that it adds in a rollout, and as many again that go."""
    surge, _ = rounded(workload.replicas, workload.surge, workload.unavailable)
    return 2 * workload.replicas + surge if workload.kind == "Deployment" else 1


def _workload(
    blueprint: Blueprint, place: str, workload: model.Workload, gathered: Gathered, given: Given
) -> plan.Workload:
    subject, timing, template = blueprint.subject, blueprint.timing, workload.template
    named = next((one for one in subject.components if one.name == workload.name), None)
    component = named or subject.application
    before, world = given(Instance(component=component, place=place, name=f"{component.name}.{place}"))
    before = {**before, "COMPONENT": workload.name}
    surge, unavailable = rounded(workload.replicas, workload.surge, workload.unavailable)
    entrance, port = gathered.entrance
    return plan.Workload(
        place=place,
        name=workload.name,
        namespace=workload.namespace,
        component=named.name if named is not None else "",
        replicas=workload.replicas,
        keeps=workload.kind == "Deployment",
        containers=tuple(
            _container(one, gathered.manifests, subject, component, timing) for one in template.containers
        ),
        labels=dict(template.labels),
        annotations=dict(template.annotations),
        account=template.account,
        policy=RestartPolicy(template.restart_policy),
        grace_ns=to_ns(timing.timeout_s(template.grace_s)),
        surge=surge,
        unavailable=unavailable,
        recreate=workload.recreate,
        min_ready_ns=to_ns(timing.interval_s(workload.min_ready_s)),
        progress_ns=to_ns(timing.interval_s(workload.progress_s)),
        entrance=port if entrance is workload else None,
        before=before | _program_variables(component, subject, before),
        world={name: value for name, value in world.items() if name not in _MANIFESTS_OWN},
        cwd=str(subject.folder),
    )


def _program_variables(component: Component, subject: Subject, before: Mapping[str, str]) -> dict[str, str]:
    """What a virtual environment wants to be told; nothing of what the subject file says for a plain process."""
    bare = component.model_copy(update={"env": {}, "port_env": None})
    return command.own_variables(bare, subject, None, before, {})


def _container(
    container: model.Container, manifests: model.Manifests, subject: Subject, component: Component, timing: Timing
) -> plan.Container:
    image = image_of(subject, container)
    words = container.command or (image.command if image is not None else ())
    argv = command.argv(component.model_copy(update={"command": (*words, *container.args)}), subject, None)
    startup, liveness, readiness = (
        None if probe is None else _probe(probe, container, timing)
        for probe in (container.startup, container.liveness, container.readiness)
    )
    return plan.Container(
        name=container.name,
        image=container.image,
        argv=tuple(argv),
        ports=tuple(port.number for port in container.ports),
        variables=variables_of(container, manifests),
        startup=startup,
        liveness=liveness,
        readiness=readiness,
        pre_stop=None if container.pre_stop is None else _handler(container.pre_stop, container, timing),
    )


def variables_of(container: model.Container, manifests: model.Manifests) -> tuple[plan.Variable, ...]:
    """In the order in which they count: all of a ConfigMap or Secret first, single ones last ("envFrom", "env")."""
    found: list[plan.Variable] = []
    for whole in container.whole:
        data = manifests.data_named(whole.source.kind, whole.source.name)
        secret = whole.source.kind == "secret"
        for key, value in data.values.items() if data is not None else ():
            # Taken as it is: `$(NAME)` is filled in where the manifest itself says a value.
            text = value.replace("$", "$$")
            found.append(plan.Variable(name=f"{whole.prefix}{key}", value=text, secret=secret))
    for variable in container.variables:
        source = variable.source
        if source is None:
            found.append(plan.Variable(name=variable.name, value=variable.text))
        elif source.kind == "field":
            found.append(plan.Variable(name=variable.name, kind="field", value=source.key))
        else:
            data = manifests.data_named(source.kind, source.name)
            if data is not None and source.key in data.values:
                text = data.values[source.key].replace("$", "$$")
                found.append(plan.Variable(name=variable.name, value=text, secret=source.kind == "secret"))
    return tuple(found)


def _probe(probe: model.Probe, container: model.Container, timing: Timing) -> plan.Probe:
    return plan.Probe(
        handler=_handler(probe.handler, container, timing),
        initial_delay_ns=to_ns(timing.interval_s(probe.initial_delay_s)),
        period_ns=to_ns(timing.interval_s(probe.period_s)),
        timeout_ns=to_ns(timing.timeout_s(probe.timeout_s)),
        success_threshold=probe.success_threshold,
        failure_threshold=probe.failure_threshold,
        grace_ns=None if probe.grace_s is None else to_ns(timing.timeout_s(probe.grace_s)),
    )


def _handler(handler: model.Handler, container: model.Container, timing: Timing) -> plan.Handler:
    scheme: Literal["HTTP", "HTTPS"] = "HTTPS" if handler.scheme == "HTTPS" else "HTTP"
    return plan.Handler(
        kind=handler.kind,
        port=container.number_of(handler.port) or 0,
        path=handler.path if handler.path.startswith("/") else f"/{handler.path}",
        scheme=scheme,
        headers=handler.headers,
        command=handler.command,
        wait_ns=to_ns(timing.interval_s(handler.seconds)),
    )
