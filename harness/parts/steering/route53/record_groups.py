"""What several record sets of one name may be together. AWS answers InvalidChangeBatch.

Sources: API Reference, ResourceRecordSet (Weight, Region, GeoLocation, Failover, MultiValueAnswer, TTL); Developer
Guide, "Supported DNS record types" (CNAME). Told of each record set that a batch writes, in AWS's words where users
have reported them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.engines.dns.names import escaped
from harness.parts.steering.route53.record_sets import Stored

_SAYS = {
    "Weight": ("as a non-weighted set exists with the same name and type.", ""),
    "Region": (
        "because a non-latency RRSet with the same name and type already exists.",
        "because a latency RRSet with the same name, type and region already exists.",
    ),
    "Failover": (
        "because a non-failover RRSet with the same name and type already exists.",
        "because a failover RRSet with the same name, type and role already exists.",
    ),
    "GeoLocation": (
        "because a non-GEO RRSet with the same name and type already exists",
        "because a GEO RRSet with the same name, type and location already exists",
    ),
    "MultiValueAnswer": ("because a non multivalue answer rrset exists with the same name and type.", ""),
    "GeoProximityLocation": (
        "because a non-geoproximity RRSet with the same name and type already exists.",
        "because a geoproximity RRSet with the same name, type and location already exists.",
    ),
    "CidrRoutingConfig": (
        "because a non-CIDR RRSet with the same name and type already exists.",
        "because a CIDR RRSet with the same name, type and location already exists.",
    ),
    "": ("as other RRSets exist with the same name and type.", ""),
}
"""For each policy: what is said beside record sets of another one, and beside one that says the same."""


def problems_of(written: Stored, named: Sequence[Stored], zone: str) -> Iterable[str]:
    """What is wrong with a record set among all those of its name, itself included. zone: the name of the apex."""
    yield from _cname(written, named, zone)
    group = [other for other in named if other.record.type == written.record.type and other.key != written.key]
    what = f"{written.named}{_role(written)} cannot be created "
    other_policy, same = _SAYS[written.policy]
    if any(other.policy != written.policy for other in group):
        yield what + other_policy
    elif same and any(_says(other) == _says(written) for other in group):
        yield what + same
    elif written.policy == "Weight" and len({o.record.ttl_s for o in (*group, written)} - {None}) > 1:
        yield what + "as weighted sets must contain the same TTL."


def _cname(written: Stored, named: Sequence[Stored], zone: str) -> Iterable[str]:
    name, kind, apex = escaped(written.record.name), written.record.type, escaped(zone)
    others = {other.record.type for other in named} - {kind}
    if kind == "CNAME" and written.record.name == zone:
        yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {apex}"
    elif kind == "CNAME" and others:
        yield (
            f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the "
            f"same DNS name in zone {apex}"
        )
    elif "CNAME" in others:
        yield (
            f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME "
            f"with the same DNS name already exists in zone {apex}"
        )


def _says(stored: Stored) -> tuple[object, ...]:
    """What no two record sets of a group may both say."""
    return stored.record.region, stored.record.failover, stored.place


def _role(stored: Stored) -> str:
    record = stored.record
    if stored.policy == "Region":
        return f", and Region Name={record.region}"
    if stored.policy == "Failover":
        return f", and marked as {(record.failover or '').lower()}"
    if stored.policy == "GeoLocation":
        words = {"ContinentCode": "continent", "CountryCode": "country", "SubdivisionCode": "subdivision"}
        place = ", ".join(f"{words.get(field, field)} = ({code})" for field, code in stored.place)
        return f", and routing to [{place}]"
    return ""
