"""What no schema says of pods: what the API server refuses beside it, and what cannot be run here. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from harness.errors import Problem
from harness.parts.platform.kubernetes.manifests.model import Container, Handler, Manifests, Probe, Template, Workload
from harness.parts.platform.kubernetes.manifests.reading import At
from harness.parts.platform.kubernetes.manifests.understanding import HANDLERS, unsupported_source

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_SHARE = re.compile(r"[0-9]+%")
_FIELD = re.compile(r"metadata\.(name|namespace|uid)|spec\.(nodeName|serviceAccountName)|status\.(podIPs?|hostIPs?)")
_FIELD_OF_MAP = re.compile(r"metadata\.(labels|annotations)\['[^']+'\]")
_POLICIES = ("Always", "OnFailure", "Never")
DATA_BYTES_MAX = 1_048_576
"""Of all values of a ConfigMap or a Secret ("ConfigMaps", Motivation; "Secrets", Size limit: 1 MiB)."""
VARIABLE_BYTES_MAX = 131_072
"""Of a variable with its name: Linux starts no program with a longer one (execve(2), MAX_ARG_STRLEN: 32 pages)."""
REPLICAS_MAX = 50
CONTAINERS_MAX = 10
_SECONDS_MAX = 86_400
_NO_VOLUMES = (
    "nothing is mounted here, as a container is a process of this machine: leave them out for drills, and let the "
    "image's command (`images:` in the subject file) or a variable say where files are"
)
Commands = Callable[[Container], bool]


def mistakes(manifests: Manifests, has_command: Commands) -> Iterator[Problem]:
    """Everything that is wrong with workloads, services and data. has_command: whether a container's image has one."""
    named = [
        *(("workload", one.kind, one.name, one.at) for one in manifests.workloads),
        *(("service", "Service", one.name, one.at) for one in manifests.services),
        *(("data", one.kind, one.name, one.at) for one in manifests.data),
    ]
    counts = Counter((kind, name) for _, kind, name, _ in named)
    for _, kind, name, at in named:
        if not _SUBDOMAIN.fullmatch(name):
            yield at.to("metadata", "name").problem(f"`{name}` is no name: a-z 0-9 - . are allowed, 253 at most")
        elif counts[kind, name] > 1:
            yield at.to("metadata", "name").problem(f"{counts[kind, name]} objects of this kind are called {name}")
    for data in manifests.data:
        size = sum(len(value.encode()) for value in data.values.values())
        if size > DATA_BYTES_MAX:
            yield data.at.to("data").problem(
                f"{size} bytes of values; Kubernetes takes {DATA_BYTES_MAX} (1 MiB) at most"
            )
    for workload in manifests.workloads:
        yield from _of_workload(workload)
        yield from _of_template(workload.template, manifests, has_command)


def _of_workload(workload: Workload) -> Iterator[Problem]:
    at, spec = workload.at, workload.at.to("spec")
    if workload.kind == "Pod":
        return
    if not 0 <= workload.replicas <= REPLICAS_MAX:
        yield spec.to("replicas").problem(f"0 to {REPLICAS_MAX} are run here")
    labels = workload.template.labels
    if not workload.selector:
        if spec.mapping("selector", "matchExpressions"):
            yield spec.to("selector").problem("only matchLabels are understood here")
        else:
            yield spec.to("selector").problem("a Deployment needs selector.matchLabels")
    elif any(labels.get(key) != value for key, value in workload.selector.items()):
        yield spec.to("selector").problem("does not match the labels of the template (template.metadata.labels)")
    if workload.template.restart_policy != "Always":
        yield at.to("spec", "template", "spec", "restartPolicy").problem("of a Deployment's pods is Always")
    rolling = spec.to("strategy", "rollingUpdate")
    for key, value in (("maxSurge", workload.surge), ("maxUnavailable", workload.unavailable)):
        if isinstance(value, str) and not _SHARE.fullmatch(value):
            yield rolling.to(key).problem(f"a number or a share such as 25% is wanted, not {value!r}")
        elif isinstance(value, int) and value < 0:
            yield rolling.to(key).problem("must not be negative")
    if str(workload.surge) in ("0", "0%") and str(workload.unavailable) in ("0", "0%"):
        yield rolling.to("maxUnavailable").problem("must not be 0 where maxSurge is 0: nothing could be replaced")
    for key, value in (("minReadySeconds", workload.min_ready_s), ("progressDeadlineSeconds", workload.progress_s)):
        if value < 0:
            yield spec.to(key).problem("must not be negative")
    if workload.progress_s <= workload.min_ready_s:
        yield spec.to("progressDeadlineSeconds").problem("must be greater than minReadySeconds")


def _of_template(template: Template, manifests: Manifests, has_command: Commands) -> Iterator[Problem]:
    spec, containers = template.at.to("spec"), template.containers
    if not 1 <= len(containers) <= CONTAINERS_MAX:
        yield spec.to("containers").problem(f"1 to {CONTAINERS_MAX} containers are run here")
    if spec.to("initContainers").node:
        yield spec.to("initContainers").problem("are not run here")
    if spec.to("volumes").node:
        yield spec.to("volumes").problem(_NO_VOLUMES)
    if template.restart_policy not in _POLICIES:
        yield spec.to("restartPolicy").problem(f"one of: {', '.join(_POLICIES)}")
    if not 0 <= template.grace_s <= _SECONDS_MAX:
        yield spec.to("terminationGracePeriodSeconds").problem(f"0 to {_SECONDS_MAX} seconds")
    names = Counter(container.name for container in containers)
    users: dict[int, str] = {}
    for container in containers:
        if not _LABEL.fullmatch(container.name):
            yield container.at.to("name").problem(f"`{container.name}` is no name: a-z 0-9 - are allowed, 63 at most")
        elif names[container.name] > 1:
            yield container.at.to("name").problem(f"{names[container.name]} containers are called {container.name}")
        for port in container.ports:
            other = users.setdefault(port.number, container.name)
            if other != container.name:
                yield port.at.problem(f"port {port.number} is container {other}'s, and all share the pod's address")
        yield from _of_container(container, manifests, has_command)


def _of_container(container: Container, manifests: Manifests, has_command: Commands) -> Iterator[Problem]:
    at = container.at
    if not container.image:
        yield at.problem("a container needs an image")
    elif not has_command(container):
        text = f"no command is known for `{container.image}`: say it in the subject file, under `images:`"
        yield at.to("image").problem(text)
    names = Counter(port.name for port in container.ports if port.name)
    numbers = Counter((port.number, port.protocol) for port in container.ports)
    for port in container.ports:
        if not 1 <= port.number <= 65_535:
            yield port.at.problem("containerPort is 1 to 65535")
        elif numbers[port.number, port.protocol] > 1:
            yield port.at.problem(f"port {port.number} is declared {numbers[port.number, port.protocol]} times")
        if port.name and not _PORT_NAME.fullmatch(port.name):
            yield port.at.to("name").problem(f"`{port.name}` is no port's name: a-z 0-9 -, 15 at most, one letter")
        elif names[port.name] > 1:
            yield port.at.to("name").problem(f"{names[port.name]} ports are called {port.name}")
        if port.protocol != "TCP":
            yield port.at.to("protocol").problem("only TCP is run here")
    for key in ("volumeMounts", "volumeDevices"):
        if at.to(key).node:
            yield at.to(key).problem(_NO_VOLUMES)
    yield from _of_variables(container, manifests)
    for kind, key in (("startup", "startupProbe"), ("liveness", "livenessProbe"), ("readiness", "readinessProbe")):
        yield from _of_handlers(at.to(key), sleep=False)
        probe = container.probes.get(kind)
        if probe is not None:
            yield from _of_probe(kind, probe, container)
    pre_stop = at.to("lifecycle", "preStop")
    yield from _of_handlers(pre_stop, sleep=True)
    if container.pre_stop is not None:
        yield from _of_handler(container.pre_stop, container)
    if at.to("lifecycle", "postStart").node is not None:
        yield at.to("lifecycle", "postStart").problem("is not run here")


def _of_variables(container: Container, manifests: Manifests) -> Iterator[Problem]:
    for variable in container.variables:
        if not _VARIABLE.fullmatch(variable.name):
            yield variable.at.to("name").problem(f"`{variable.name}` is no variable's name")
        for key in unsupported_source(variable.at):
            yield variable.at.to("valueFrom", key).problem("is not followed here")
        if variable.source is None:
            continue
        if variable.text:
            yield variable.at.problem("has both value and valueFrom; one of them is allowed")
        if variable.source.kind == "field":
            path = variable.source.key
            if path and not (_FIELD.fullmatch(path) or _FIELD_OF_MAP.fullmatch(path)):
                yield variable.source.at.to("fieldPath").problem(f"`{path}` is no field that is told here")
            continue
        source, found = variable.source, manifests.data_named(variable.source.kind, variable.source.name)
        if source.optional:
            continue
        if found is None:
            yield source.at.problem(_missing(source.kind, source.name))
        elif source.key not in found.values:
            there = ", ".join(found.values) or "none"
            yield source.at.to("key").problem(f"{source.name} has no key {source.key}; there are: {there}")
        elif _is_too_long(variable.name, found.values[source.key]):
            yield source.at.to("key").problem(_too_long(f"{source.key} of {source.name}"))
    for whole in container.whole:
        source = whole.source
        found = manifests.data_named(source.kind, source.name)
        if found is not None:
            long = [key for key, value in found.values.items() if _is_too_long(f"{whole.prefix}{key}", value)]
            yield from (source.at.problem(_too_long(f"{key} of {source.name}")) for key in long)
        elif not source.optional:
            yield source.at.problem(_missing(source.kind, source.name))


def _is_too_long(name: str, value: str) -> bool:
    return len(f"{name}={value}".encode()) >= VARIABLE_BYTES_MAX


def _too_long(what: str) -> str:
    return f"{what} is too long for a variable: Linux takes less than {VARIABLE_BYTES_MAX} bytes with the name"


def _missing(kind: str, name: str) -> str:
    what = "ConfigMap" if kind == "config" else "Secret"
    return f"no {what} is called {name or '(no name)'} in these files"


def _of_handlers(at: At, *, sleep: bool) -> Iterator[Problem]:
    if at.node is None:
        return
    given = [name for name in HANDLERS if at.to(name).node is not None]
    if "grpc" in given:
        yield at.to("grpc").problem("is not asked here; httpGet, tcpSocket and exec are")
    if "sleep" in given and not sleep:
        yield at.to("sleep").problem("is no probe")
    if len(given) != 1:
        kinds = ", ".join(HANDLERS[:3] + HANDLERS[4:] if sleep else HANDLERS[:3])
        yield at.problem(f"exactly one of {kinds} is wanted, got {' and '.join(given) or 'none'}")


def _of_probe(kind: str, probe: Probe, container: Container) -> Iterator[Problem]:
    at = probe.at
    numbers = {
        "initialDelaySeconds": probe.initial_delay_s,
        "periodSeconds": probe.period_s,
        "timeoutSeconds": probe.timeout_s,
        "successThreshold": probe.success_threshold,
        "failureThreshold": probe.failure_threshold,
    }
    for key, value in numbers.items():
        if not 0 <= value <= _SECONDS_MAX:
            yield at.to(key).problem(f"0 to {_SECONDS_MAX}, not {value}")
    if kind != "readiness" and probe.success_threshold > 1:
        yield at.to("successThreshold").problem(f"of a {kind} probe must be 1")
    grace = at.to("terminationGracePeriodSeconds")
    if probe.grace_s is not None and kind == "readiness":
        yield grace.problem("is not allowed for readiness probes, which end nothing")
    elif probe.grace_s is not None and not 1 <= probe.grace_s <= _SECONDS_MAX:
        yield grace.problem(f"1 to {_SECONDS_MAX}")
    yield from _of_handler(probe.handler, container)


def _of_handler(handler: Handler, container: Container) -> Iterator[Problem]:
    at = handler.at
    if handler.kind == "exec":
        if not handler.command:
            yield at.problem("needs a command")
        return
    if handler.kind == "sleep":
        if not 0 <= handler.seconds <= _SECONDS_MAX:
            yield at.to("seconds").problem(f"0 to {_SECONDS_MAX}")
        return
    if container.number_of(handler.port) is None:
        declared = ", ".join(f"{port.number}{f' ({port.name})' if port.name else ''}" for port in container.ports)
        text = f"nothing listens on port {handler.port or '(none)'}: container {container.name} declares"
        yield at.to("port").problem(f"{text} {declared or 'none'} (ports.containerPort)")
    if handler.scheme not in ("HTTP", "HTTPS"):
        yield at.to("scheme").problem("HTTP or HTTPS")
    if handler.kind == "http" and (not handler.path.isprintable() or " " in handler.path):
        yield at.to("path").problem("has a character that no request can carry")
    if at.to("host").node:
        yield at.to("host").problem("another host is not asked here: leave it out for the pod's own address")
    for index, (name, value) in enumerate(handler.headers):
        if not re.fullmatch(r"[-A-Za-z0-9!#$%&'*+.^_`|~]+", name) or not value.isprintable():
            yield at.to("httpHeaders", index).problem("is no header")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each once, by file and line."""
    return list(dict.fromkeys(sorted(problems, key=lambda one: (one.file, one.line or 0))))
