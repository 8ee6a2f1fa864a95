"""Whether the edge is what it is in steady state, from what the data plane tells of its health checks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.parts.steering.route53.spec import RegionAlarm
from harness.topology.environment import Environment
from harness.world.diagnosis import Complaint, is_passive

_STATUS = re.compile(r"HTTP Status Code (\d{3})")
_QUORUM = 0.75
"""The share of a check's checkers that must have data; 18 % decide, but a few early ones are no steady state."""


def quorum_reasons(checks: Sequence[Mapping[str, object]], environment: Environment) -> list[str]:
    """Why the health checks of the two places are no quorum yet. checks: as the data plane's status tells them."""
    by_place = {check["region"]: check for check in checks}
    reasons = []
    for place in (environment.primary, environment.standby):
        check = by_place.get(place.name)
        if check is None:
            reasons.append(f"no health check of {place.name} yet")
        elif float(str(check["has_data"])) < _QUORUM * float(str(check["checkers"])):
            reasons.append(f"{check['has_data']} of {check['checkers']} checkers of {place.name} have data")
    return reasons


def unheard(checks: Sequence[Mapping[str, object]]) -> list[str]:
    """Of two places, one is on and the other is off, once the data plane has heard of it."""
    statuses = sorted(str(check["status"]) for check in checks)
    return [] if statuses == ["healthy", "unhealthy"] else ["the routing controls have not been heard of yet"]


def untold(checks: Sequence[Mapping[str, object]], spec: RegionAlarm, environment: Environment) -> list[str]:
    """Of which place's metric there is no data yet."""
    by_place = {check["region"]: check for check in checks}
    reasons = []
    for place in (environment.primary, environment.standby):
        if by_place.get(place.name, {}).get("told") is None:
            metric = f"{spec.namespace} {spec.metric}"
            reasons.append(f"no data of {metric} in CloudWatch of {place.database_name} for a whole period yet")
    return reasons


def complaint(check: Mapping[str, Any], path: str) -> Complaint:
    """What is wrong with a place, by a health check that is unhealthy. path: that it asks for."""
    if check["type"] == "CLOUDWATCH_METRIC":
        why = "there is insufficient data" if check["told"] is None else "its metric breaches the alarm's threshold"
        return Complaint(
            f"Route 53's health check of {check['region']} is unhealthy: {why}", passive=check["told"] is False
        )
    why = _why(check)
    found = _STATUS.search(why)
    text = f"Route 53's health check of {check['region']} is unhealthy: {path}: {why}"
    return Complaint(text, is_passive(None if found is None else int(found[1])))


def _why(check: Mapping[str, Any]) -> str:
    """What most of its checkers saw last."""
    seen = Counter(o["status"] for o in check["observations"] if o["status"] and not o["healthy"])
    return seen.most_common(1)[0][0] if seen else "nothing is known of why"
