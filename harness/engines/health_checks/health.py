"""What all checkers of a health check say together, and what calculated checks make of it.

Sources: Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy" (more than 18 %)
and "... the status of health checks that monitor other health checks"; API Reference, HealthCheckConfig.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Told:
    """What checks watch that probe nothing: routing controls that are on, metrics that are within their alarm's limits.

    now: by what is watched (HealthCheck.watches); None: there is no data. last: what was known last of each.
    """

    now: Mapping[str, bool | None] = field(default_factory=lambda: MappingProxyType({}))
    last: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))

    def hearing(self, told: Mapping[str, bool | None]) -> Told:
        """After this was told."""
        known = {key: value for key, value in told.items() if value is not None}
        return Told({**self.now, **told}, {**self.last, **known})


NOTHING_TOLD = Told()


def statuses(
    config: Configuration, checkers: Mapping[str, Sequence[Checker]], told: Told = NOTHING_TOLD
) -> Mapping[str, bool]:
    """Every health check's status, healthy or not, by id.

    A disabled check counts as healthy whatever it looks at, and `Inverted` flips that too: disabled and inverted is the
    documented switch that takes traffic away by hand (API Reference, HealthCheckConfig, Disabled). A routing control
    that is on is healthy; so is one of which nothing is known, like any new check. A metric without data is what its
    InsufficientDataHealthStatus says, a new check's last known status being healthy.
    """
    found = {
        check.id: status_of(check, checkers.get(check.id, ()), told)
        for check in config.checks.values()
        if check.type != "CALCULATED"
    }
    calculated = {check.id: _calculated(check, found) for check in config.checks.values() if check.type == "CALCULATED"}
    return MappingProxyType(found | calculated)


def status_of(check: HealthCheck, checkers: Sequence[Checker], told: Told) -> bool:
    """The status of one that is not calculated; see `statuses`."""
    probed = check.type in ENDPOINT_TYPES
    healthy = enough_healthy(votes(checkers), len(checkers)) if probed else _watched(check, told)
    return (check.disabled or healthy) != check.inverted


def _watched(check: HealthCheck, told: Told) -> bool:
    watched = check.watches or ""
    known = told.now.get(watched)
    if known is not None:
        return known
    if check.type == "CLOUDWATCH_METRIC" and check.without_data != "LastKnownStatus":
        return check.without_data == "Healthy"
    return told.last.get(watched, True)


def _calculated(check: HealthCheck, children: Mapping[str, bool]) -> bool:
    """Healthy when at least HealthThreshold children are: 0 is always, more than there are is never.

    A calculated check may not watch a calculated check, so children are found among the others. A child that was
    deleted counts as healthy, as an unknown check does everywhere.
    """
    healthy = sum(children.get(child, True) for child in check.children) >= check.health_threshold
    return (check.disabled or healthy) != check.inverted
