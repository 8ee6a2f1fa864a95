"""Where clients come in at the places of an existing stack: as the environment file says, and never chosen here."""

from __future__ import annotations

from collections.abc import Mapping

from harness.kit.tls import Tls
from harness.parts.edge.external.spec import External
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.world.part import Edge


def tls(environment: Environment) -> Tls | None:
    """See harness.world.load_balancer.tls_of."""
    spec = checked(section_named("load_balancer"), environment.load_balancer)
    assert isinstance(spec, External)
    if spec.tls is None:
        return None
    ca_file = None if spec.tls.ca_file is None else str(environment.folder / spec.tls.ca_file)
    return Tls(server_name=spec.tls.server_name or environment.edge.record, ca_file=ca_file, verify=spec.tls.verify)


def edges(environment: Environment) -> Mapping[str, Edge]:
    """See harness.world.load_balancer.edges_given."""
    spec = checked(section_named("load_balancer"), environment.load_balancer)
    assert isinstance(spec, External)
    port = environment.edge.port
    return {p.name: Edge(p.name, spec.addresses[p.name], spec.addresses[p.name], port) for p in environment.places}
