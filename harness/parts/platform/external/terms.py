"""On which terms the stack may be used: as its owner says in the environment file."""

from __future__ import annotations

from harness.parts.platform.external.spec import External
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.world.terms import Terms


def terms(environment: Environment) -> Terms:
    """See harness.world.terms.terms_of."""
    spec = checked(section_named("platform"), environment.platform)
    assert isinstance(spec, External)
    return Terms(spec.hosts, spec.key_prefix, spec.rate_max_per_s)
