"""What the environment file says of the platform that runs the manifests of a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from harness.topology.environment import Environment, Spec
from harness.topology.mistakes import Mistake

File = Annotated[str, Field(min_length=1, max_length=1000)]


class Kubernetes(Spec):
    """Runs pods as processes. manifests: files, for every place; places: further ones of one place, by its name.

    Paths are relative to the environment file. An object of a place's own files stands for one of the same kind and
    name in the common ones: a ConfigMap, for instance, that says which region is at hand.
    """

    manifests: Annotated[tuple[File, ...], Field(min_length=1, max_length=100)]
    places: dict[str, tuple[File, ...]] = Field(default_factory=dict)


SPEC = Kubernetes
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.platform.kubernetes.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Places that there are not."""
    given = environment.platform.settings.get("places")
    known = [place.name for place in environment.places]
    for name in given if isinstance(given, dict) else ():
        if name not in known:
            text = f"platform.places.{name}: no such place; one of: {', '.join(known)}"
            yield Mistake(("platform", "places", name), text)
