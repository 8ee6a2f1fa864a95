"""What is said, or refused, when a health check is deleted that records refer to."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from harness.engines.dns.names import escaped
from harness.engines.dns.zone import bare_id
from harness.parts.steering.route53.api import NS, ApiRequest, Refused
from harness.parts.steering.route53.changes import records_of

log = logging.getLogger(__name__)

_ALL = "100000"
"""More zones than an account may have."""


def note_deletion(moto: ApiRequest, check_id: str, refuse: bool) -> None:
    """Say in the log, or by refusing it (HealthCheckInUse), that a health check in use is being deleted."""
    users = sorted(set(_users_of(moto, check_id)))
    if not users:
        return
    if refuse:
        text = f"The health check {check_id} is in use by {', '.join(users)}"
        raise Refused("400 Bad Request", "HealthCheckInUse", text)
    log.warning("health check %s is deleted while in use by %s", check_id, ", ".join(users))


def _users_of(moto: ApiRequest, check_id: str) -> Iterator[str]:
    """Names of the records that refer to a health check."""
    _, zones = moto.get("hostedzone", maxitems=_ALL)
    for zone in () if zones is None else zones.iterfind(".//r:HostedZone/r:Id", NS):
        for stored in records_of(moto, bare_id(zone.text or "")).values():
            if stored.record.health_check_id == check_id:
                yield escaped(stored.record.name)
