"""Documents that have the right form, as what they mean; what has no meaning here is told. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any, cast

from harness.errors import Problem
from harness.parts.platform.kubernetes.manifests.model import (
    Container,
    ContainerPort,
    Data,
    Handler,
    Manifests,
    Probe,
    Service,
    ServicePort,
    Source,
    Template,
    Variable,
    Whole,
    Workload,
)
from harness.parts.platform.kubernetes.manifests.reading import At, kind_of

HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc", "sleep")
_SOURCES = ("fieldRef", "configMapKeyRef", "secretKeyRef", "resourceFieldRef", "fileKeyRef")


def understood(documents: Iterable[At]) -> tuple[Manifests, list[Problem]]:
    """What all documents say together, and what is wrong with single ones."""
    workloads: list[Workload] = []
    services: list[Service] = []
    data: list[Data] = []
    problems: list[Problem] = []
    for at in documents:
        kind = kind_of(at)
        if kind == "v1 Service":
            services.append(_service(at))
        elif kind in ("v1 ConfigMap", "v1 Secret"):
            one, wrong = _data(at, "config" if kind == "v1 ConfigMap" else "secret")
            data.append(one)
            problems += wrong
        else:
            workloads.append(_workload(at))
    return Manifests(tuple(workloads), tuple(services), tuple(data)), problems


def _workload(at: At) -> Workload:
    name, namespace = at.text("metadata", "name"), at.text("metadata", "namespace", default="default")
    if kind_of(at) == "v1 Pod":
        template = _template(at)
        return Workload("Pod", name, namespace, at, template, template.labels)
    spec = at.to("spec")
    strategy = spec.to("strategy")
    rolling = strategy.mapping("rollingUpdate")
    return Workload(
        "Deployment",
        name,
        namespace,
        at,
        _template(spec.to("template")),
        _texts(spec.mapping("selector", "matchLabels")),
        _number(spec, "replicas", 1),
        rolling.get("maxSurge", "25%"),
        rolling.get("maxUnavailable", "25%"),
        strategy.text("type", default="RollingUpdate") == "Recreate",
        _number(spec, "minReadySeconds", 0),
        _number(spec, "progressDeadlineSeconds", 600),
    )


def _template(at: At) -> Template:
    spec = at.to("spec")
    return Template(
        at,
        _texts(at.mapping("metadata", "labels")),
        _texts(at.mapping("metadata", "annotations")),
        tuple(_container(one) for one in spec.to("containers").each()),
        spec.text("restartPolicy", default="Always"),
        _number(spec, "terminationGracePeriodSeconds", 30),
        spec.text("serviceAccountName", default="default"),
    )


def _container(at: At) -> Container:
    pre_stop = at.to("lifecycle", "preStop")
    return Container(
        at.text("name"),
        at.text("image"),
        at,
        _words(at, "command"),
        _words(at, "args"),
        tuple(_container_port(one) for one in at.to("ports").each()),
        tuple(_whole(one) for one in at.to("envFrom").each()),
        tuple(_variable(one) for one in at.to("env").each()),
        _probe(at.to("startupProbe")),
        _probe(at.to("livenessProbe")),
        _probe(at.to("readinessProbe")),
        _handler(pre_stop) if pre_stop.node is not None else None,
    )


def _container_port(at: At) -> ContainerPort:
    return ContainerPort(_number(at, "containerPort", 0), at, at.text("name"), at.text("protocol", default="TCP"))


def _probe(at: At) -> Probe | None:
    """With the defaults where a number is absent, and where it is 0, which the API server takes for absent."""
    if at.node is None:
        return None
    handler = _handler(at)
    if handler is None:
        return None
    grace = at.to("terminationGracePeriodSeconds").node
    return Probe(
        handler,
        at,
        _number(at, "initialDelaySeconds", 0),
        _number(at, "periodSeconds", 10) or 10,
        _number(at, "timeoutSeconds", 1) or 1,
        _number(at, "successThreshold", 1) or 1,
        _number(at, "failureThreshold", 3) or 3,
        None if grace is None else int(grace),
    )


def _handler(at: At) -> Handler | None:
    """The first one that is there; more than one is told by the rules."""
    for name in HANDLERS:
        found = at.to(name)
        if found.node is None:
            continue
        if name == "exec":
            return Handler("exec", found, command=_words(found, "command"))
        if name == "sleep":
            return Handler("sleep", found, seconds=_number(found, "seconds", 0))
        if name == "grpc":
            return None
        headers = tuple((one.text("name"), one.text("value")) for one in found.to("httpHeaders").each())
        port = found.to("port").node
        return Handler(
            "http" if name == "httpGet" else "tcp",
            found,
            port if isinstance(port, int) else str(port or ""),
            found.text("path", default="/") or "/",
            found.text("scheme", default="HTTP"),
            headers,
        )
    return None


def _whole(at: At) -> Whole:
    for key, kind in (("configMapRef", "config"), ("secretRef", "secret")):
        found = at.to(key)
        if found.node is not None:
            source = Source(cast(Any, kind), found, "", found.text("name"), bool(found.mapping().get("optional")))
            return Whole(source, at.text("prefix"))
    return Whole(Source("config", at, "", ""))


def _variable(at: At) -> Variable:
    value = at.to("valueFrom")
    name, text = at.text("name"), at.text("value")
    if value.node is None:
        return Variable(name, text, at)
    for key, kind in (("configMapKeyRef", "config"), ("secretKeyRef", "secret")):
        found = value.to(key)
        if found.node is not None:
            optional = bool(found.mapping().get("optional"))
            source = Source(cast(Any, kind), found, found.text("key"), found.text("name"), optional)
            return Variable(name, text, at, source)
    found = value.to("fieldRef")
    return Variable(name, text, at, Source("field", found, found.text("fieldPath")))


def _service(at: At) -> Service:
    spec = at.to("spec")
    return Service(
        at.text("metadata", "name"),
        at.text("metadata", "namespace", default="default"),
        at,
        _texts(spec.mapping("selector")),
        tuple(_service_port(one) for one in spec.to("ports").each()),
        spec.text("type", default="ClusterIP"),
        bool(spec.mapping().get("publishNotReadyAddresses")),
    )


def _service_port(at: At) -> ServicePort:
    number = _number(at, "port", 0)
    target = at.to("targetPort").node
    return ServicePort(number, number if target is None else target, at, at.text("name"))


def _data(at: At, kind: str) -> tuple[Data, list[Problem]]:
    """Keys with their texts; a Secret's `data` is base64, its `stringData` is not."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    encoded = at.to("data")
    for key, text in encoded.mapping().items():
        if kind == "config":
            values[str(key)] = str(text)
            continue
        try:
            values[str(key)] = base64.b64decode(str(text), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            problems.append(encoded.to(key).problem("is not base64 of a text (stringData takes it as it is)"))
            values[str(key)] = ""
    if kind == "secret":
        values |= _texts(at.mapping("stringData"))
    return Data(cast(Any, kind), at.text("metadata", "name"), at, values), problems


def unsupported_source(at: At) -> Iterator[str]:
    """The ways in which a variable says that it gets its value that are not followed here."""
    given = [key for key in _SOURCES if at.to("valueFrom", key).node is not None]
    yield from (key for key in given if key in ("resourceFieldRef", "fileKeyRef"))


def _texts(mapping: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping.items()}


def _words(at: At, key: str) -> tuple[str, ...]:
    return tuple(str(word) for word in at.to(key).node or ())


def _number(at: At, key: str, default: int) -> int:
    node = at.to(key).node
    return default if node is None else int(node)
