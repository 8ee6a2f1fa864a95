"""What an account may have, and how much of it there is: limits, counts, and where checkers are. The rest is refused.

The quotas are those that an account begins with, and one more is refused as AWS does. Operations of Route 53 that
nobody answers here are refused by Route 53's own code, so that no client meets an HTML page. Tags are moto's, of what
there is. Sources: API Reference, GetAccountLimit, GetHostedZoneLimit, GetCheckerIpRanges, CreateHealthCheck,
CreateHostedZone; Developer Guide, quotas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element, SubElement

from harness.engines.health_checks.route53 import CHECKER_NETWORK
from harness.parts.steering.route53 import constraints
from harness.parts.steering.route53.api import API, NAMESPACE, NS, ApiRequest, Refused, add, document

HEALTH_CHECKS, HOSTED_ZONES = 200, 500
RECORDS_OF_ZONE = 10_000
_ALL = "100000"
_BAD = "400 Bad Request"


def _checks(moto: ApiRequest) -> int:
    return _count(moto, "healthcheck", ".//r:HealthCheck")


def _zones(moto: ApiRequest) -> int:
    return _count(moto, "hostedzone", ".//r:HostedZone")


def _none(_: ApiRequest) -> int:
    return 0


def _delegation_sets(moto: ApiRequest) -> int:
    """Those that are reusable; every zone has one of its own, without an id."""
    return _count(moto, "delegationset", ".//r:DelegationSet[r:Id]") - _count(
        moto, "delegationset", ".//r:DelegationSet[r:Id='']"
    )


_ACCOUNT: Mapping[str, tuple[int, Callable[[ApiRequest], int]]] = {
    "MAX_HEALTH_CHECKS_BY_OWNER": (HEALTH_CHECKS, _checks),
    "MAX_HOSTED_ZONES_BY_OWNER": (HOSTED_ZONES, _zones),
    "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": (100, _delegation_sets),
    "MAX_TRAFFIC_POLICIES_BY_OWNER": (50, _none),
    "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": (5, _none),
}
_ZONE_LIMITS = ("MAX_RRSETS_BY_ZONE", "MAX_VPCS_ASSOCIATED_BY_ZONE")
_NOBODY: Mapping[str, str] = {
    "trafficpolicy": "traffic policies", "trafficpolicies": "traffic policies",
    "trafficpolicyinstance": "traffic policies", "trafficpolicyinstances": "traffic policies",
    "cidrcollection": "CIDR collections", "keysigningkey": "DNSSEC signing",
    "geolocation": "the list of geolocations", "geolocations": "the list of geolocations",
    "reusabledelegationsetlimit": "limits of delegation sets",
}  # fmt: skip
_NOBODY_OF_ZONES: Mapping[str, str] = {
    "authorizevpcassociation": "private zones", "deauthorizevpcassociation": "private zones",
    "enable-dnssec": "DNSSEC signing", "disable-dnssec": "DNSSEC signing", "features": "accelerated recovery",
    "rrsetprotection": "protection of record sets",
}  # fmt: skip
_PATH = re.compile(rf"{API}/(\w+)(?:/([^/]+))?(?:/([^/]+))?(?:/[^/]+)?/?")


def told_of_account(moto: ApiRequest) -> bytes | None:
    """The answer about an account, or a zone; None when that is not asked for. Raises Refused."""
    found = _PATH.fullmatch(moto.path)
    if found is None:
        return None
    match moto.method, found[1], found[2], found[3]:
        case "GET", "accountlimit", str(kind), None:
            return _limit("GetAccountLimitResponse", kind, *_account(moto, kind))
        case "GET", "hostedzonelimit", str(zone), str(kind):
            return _zone_limit(moto, zone, kind)
        case "GET", "healthcheckcount", None, None:
            return _answer("GetHealthCheckCountResponse", HealthCheckCount=_checks(moto))
        case "GET", "trafficpolicyinstancecount", None, None:
            return _answer("GetTrafficPolicyInstanceCountResponse", TrafficPolicyInstanceCount=0)
        case "GET", "checkeripranges", None, None:
            root = Element("GetCheckerIpRangesResponse", xmlns=NAMESPACE)
            add(SubElement(root, "CheckerIpRanges"), member=CHECKER_NETWORK)
            return document(root)
        case _, "tags", str(kind), str(tagged):
            _require(moto, kind, tagged)
        case "POST", "tags", str(kind), None if (asked := moto.xml()) is not None:
            for one in asked.iterfind("r:ResourceIds/r:ResourceId", NS):
                _require(moto, kind, one.text or "")
        case _, "hostedzone", _, str(what) if what in _NOBODY_OF_ZONES:
            raise _refused(_NOBODY_OF_ZONES[what])
        case _, what, _, _ if what in _NOBODY:
            raise _refused(_NOBODY[what])
    return None


def refuse_beyond(moto: ApiRequest, *, zones: bool) -> None:
    """Raise Refused when the account has all the hosted zones, or health checks, that it may have."""
    if zones and _zones(moto) >= HOSTED_ZONES:
        text = f"Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than {HOSTED_ZONES} hosted zones."
        raise Refused(_BAD, "TooManyHostedZones", text)
    if not zones and _checks(moto) >= HEALTH_CHECKS:
        text = f"Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more than {HEALTH_CHECKS} health checks."
        raise Refused(_BAD, "TooManyHealthChecks", text)


def _require(moto: ApiRequest, kind: str, tagged: str) -> None:
    if kind == "healthcheck":
        moto.require_health_check(tagged)
    elif kind == "hostedzone":
        moto.require_zone(tagged)


def _account(moto: ApiRequest, kind: str) -> tuple[int, int]:
    if kind not in _ACCOUNT:
        raise Refused(_BAD, "InvalidInput", constraints.together([*constraints.one_of("type", kind, _ACCOUNT)]))
    value, count = _ACCOUNT[kind]
    return value, count(moto)


def _zone_limit(moto: ApiRequest, zone: str, kind: str) -> bytes:
    if kind not in _ZONE_LIMITS:
        raise Refused(_BAD, "InvalidInput", constraints.together([*constraints.one_of("type", kind, _ZONE_LIMITS)]))
    moto.require_zone(zone)
    if kind != "MAX_RRSETS_BY_ZONE":
        text = "The specified hosted zone is a public hosted zone, not a private hosted zone."
        raise Refused(_BAD, "HostedZoneNotPrivate", text)
    count = _count(moto, f"hostedzone/{zone}/rrset", ".//r:ResourceRecordSet")
    return _limit("GetHostedZoneLimitResponse", kind, RECORDS_OF_ZONE, count)


def _count(moto: ApiRequest, path: str, what: str) -> int:
    _, page = moto.get(path, maxitems=_ALL)
    return 0 if page is None else len(page.findall(what, NS))


def _limit(name: str, kind: str, value: int, count: int) -> bytes:
    root = Element(name, xmlns=NAMESPACE)
    add(SubElement(root, "Limit"), Type=kind, Value=str(value))
    add(root, Count=str(count))
    return document(root)


def _answer(name: str, **numbers: int) -> bytes:
    root = Element(name, xmlns=NAMESPACE)
    add(root, **{key: str(number) for key, number in numbers.items()})
    return document(root)


def _refused(what: str) -> Refused:
    return Refused(_BAD, "InvalidInput", f"This stand-in of Route 53 has no {what.removeprefix('the ')}.")
