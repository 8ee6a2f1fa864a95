"""What all checkers of a health check say together, and what calculated checks make of it.

Sources: Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy" (more than 18 %)
and "... the status of health checks that monitor other health checks"; API Reference, HealthCheckConfig.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from harness.engines.dns.zone import ENDPOINT_TYPES, Configuration, HealthCheck
from harness.engines.health_checks.checker import Checker

HEALTHY_PERCENT = 18
"""An endpoint is healthy when more than 18 % of checkers report it healthy ("might change"; Developer Guide)."""


def enough_healthy(healthy: int, checkers: int) -> bool:
    """Whether `healthy` of `checkers` make an endpoint healthy. With no checker at all nobody objects: healthy."""
    return checkers == 0 or healthy * 100 > HEALTHY_PERCENT * checkers


def votes(checkers: Sequence[Checker]) -> int:
    """How many of the checkers hold the endpoint to be healthy."""
    return sum(checker.healthy for checker in checkers)


def statuses(config: Configuration, checkers: Mapping[str, Sequence[Checker]]) -> Mapping[str, bool]:
    """Every health check's status, healthy or not, by id.

    A disabled check counts as healthy whatever it looks at, and `Inverted` flips that too: disabled and inverted is the
    documented switch that takes traffic away by hand (API Reference, HealthCheckConfig, Disabled). A check type that
    nothing here feeds has insufficient data: CLOUDWATCH_METRIC is what its InsufficientDataHealthStatus says, a new
    check's last known status being healthy; RECOVERY_CONTROL is healthy like a new one; inverted, each is the opposite.
    """
    found = {
        check.id: _endpoint(check, checkers.get(check.id, ()))
        for check in config.checks.values()
        if check.type != "CALCULATED"
    }
    calculated = {check.id: _calculated(check, found) for check in config.checks.values() if check.type == "CALCULATED"}
    return MappingProxyType(found | calculated)


def _endpoint(check: HealthCheck, checkers: Sequence[Checker]) -> bool:
    if check.type in ENDPOINT_TYPES:
        healthy = enough_healthy(votes(checkers), len(checkers))
    else:
        healthy = check.type != "CLOUDWATCH_METRIC" or check.without_data != "Unhealthy"
    return (check.disabled or healthy) != check.inverted


def _calculated(check: HealthCheck, children: Mapping[str, bool]) -> bool:
    """Healthy when at least HealthThreshold children are: 0 is always, more than there are is never.

    A calculated check may not watch a calculated check, so children are found among the others. A child that was
    deleted counts as healthy, as an unknown check does everywhere.
    """
    healthy = sum(children.get(child, True) for child in check.children) >= check.health_threshold
    return (check.disabled or healthy) != check.inverted
