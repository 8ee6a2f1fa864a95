"""What the pods of each place are given by their manifests, by name: what one place lacks, a failover misses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.parts.platform.kubernetes.manifests.gathering import Gathered
from harness.parts.platform.kubernetes.manifests.model import Manifests
from harness.parts.platform.kubernetes.resolving import variables_of
from harness.world.diagnosis import Diagnosis
from harness.world.one_sided import one_sided, told


def sides(gathered: Mapping[str, Gathered]) -> Iterator[Diagnosis]:
    """A row for each name that some places have, and others lack."""
    by_place = {place: _names(found.manifests) for place, found in gathered.items()}
    if len(by_place) > 1:
        yield from told(list(one_sided(by_place)), "variables, ConfigMaps and Secrets of the manifests")


def _names(manifests: Manifests) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for workload in manifests.workloads:
        given = found.setdefault(workload.name, set())
        for container in workload.template.containers:
            for variable in variables_of(container, manifests):
                if variable.value or variable.kind == "field":
                    given.add(f"{variable.name} of a Secret" if variable.secret else variable.name)
    return found
