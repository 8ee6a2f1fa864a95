"""What is said, or refused, when a health check is deleted that records refer to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from xml.etree import ElementTree

from harness.parts.steering.route53.api import NS, ApiRequest, Refused

log = logging.getLogger(__name__)


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
    for zones in _pages(moto, "hostedzone", {"NextMarker": "marker"}):
        for zone in zones.iterfind(".//r:HostedZone/r:Id", NS):
            path = f"hostedzone/{(zone.text or '').rsplit('/', 1)[-1]}/rrset"
            for records in _pages(moto, path, {"NextRecordName": "name", "NextRecordType": "type"}):
                for record in records.iterfind(".//r:ResourceRecordSet", NS):
                    if record.findtext("r:HealthCheckId", None, NS) == check_id:
                        yield record.findtext("r:Name", "", NS)


def _pages(moto: ApiRequest, path: str, next_keys: dict[str, str]) -> Iterator[ElementTree.Element]:
    """Every page of a list operation. next_keys: element that says where to go on -> query parameter for it."""
    query: dict[str, str] = {}
    while True:
        _, page = moto.get(path, **query)
        if page is None:
            return
        yield page
        following = {parameter: page.findtext(f"r:{element}", "", NS) for element, parameter in next_keys.items()}
        if page.findtext("r:IsTruncated", "", NS) != "true" or following == query or not all(following.values()):
            return
        query = following
