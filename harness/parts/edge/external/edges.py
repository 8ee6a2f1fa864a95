"""Where clients come in at the places of an existing stack: as the environment file says, and never chosen here."""

from __future__ import annotations

from collections.abc import Mapping

from harness.parts.edge.external.spec import External
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.world.part import Edge


def edges(environment: Environment) -> Mapping[str, Edge]:
    """See harness.world.load_balancer.edges_given."""
    spec = checked(section_named("load_balancer"), environment.load_balancer)
    assert isinstance(spec, External)
    port = environment.edge.port
    return {p.name: Edge(p.name, spec.addresses[p.name], spec.addresses[p.name], port) for p in environment.places}
