"""One pod's own: its name, its ports on loopback, and what its containers are given. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from harness.parts.platform.kubernetes.plan import Container, Workload

LOOPBACK = "127.0.0.1"
_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
_MAP_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True)
class Identity:
    """A pod. ports: number that a container declares -> the port that it has on this machine's loopback address."""

    name: str
    workload: Workload
    ports: Mapping[int, int]

    @property
    def instance(self) -> str:
        """Its name in the whole world."""
        return f"{self.name}.{self.workload.place}"

    @property
    def uid(self) -> str:
        """The same in every run."""
        return str(uuid.uuid5(_NAMESPACE, self.instance))

    def field(self, path: str) -> str:
        """A field of the pod, as the downward API tells it ("Downward API")."""
        workload = self.workload
        found = _MAP_FIELD.fullmatch(path)
        if found:
            return (workload.labels if found[1] == "labels" else workload.annotations).get(found[2], "")
        return {
            "metadata.name": self.name,
            "metadata.namespace": workload.namespace,
            "metadata.uid": self.uid,
            "spec.nodeName": workload.place,
            "spec.serviceAccountName": workload.account,
        }.get(path, LOOPBACK)


def environment_of(identity: Identity, container: Container) -> dict[str, str]:
    """The whole environment of a container. What the world gives cannot be replaced; everything else can.

    "Define dependent environment variables": `$(NAME)` is a variable said before it, `$$` a dollar.
    """
    found = dict(identity.workload.before)
    for variable in container.variables:
        if variable.kind == "field":
            found[variable.name] = identity.field(variable.value)
        else:
            found[variable.name] = _port_of(expanded(variable.value, found), identity, container)
    found |= identity.workload.world
    found["HOSTNAME"] = identity.name
    if container.ports:
        found["PORT"] = str(identity.ports[container.ports[0]])
    return found


def argv_of(identity: Identity, container: Container, environment: Mapping[str, str]) -> list[str]:
    """The command line of a container."""
    words = [expanded(word, environment) for word in container.argv]
    if container.ports:
        words = [word.replace("{port}", str(identity.ports[container.ports[0]])) for word in words]
    return [words[0], *(_port_of(word, identity, container) for word in words[1:])]


def expanded(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` filled in; what is not known stays as it is."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else known.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def _port_of(text: str, identity: Identity, container: Container) -> str:
    """A text that is just a port that the container declares means the one that the pod has."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    return str(identity.ports[number]) if number in container.ports else text
