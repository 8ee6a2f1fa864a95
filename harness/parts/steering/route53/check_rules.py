"""What Route 53 accepts as the settings of a health check: a pure function of them. AWS answers InvalidInput.

Sources: API Reference, HealthCheckConfig, CreateHealthCheck and UpdateHealthCheck; the sentences are AWS's where users
have reported them. Not refused here: addresses in private and special ranges, which worlds on one machine live in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from harness.engines.dns.zone import ENDPOINT_TYPES
from harness.engines.health_checks.route53 import REGIONS
from harness.parts.steering.route53 import constraints

Settings = Mapping[str, str | tuple[str, ...]]
"""Texts of HealthCheckConfig's fields, those that are given; lists as tuples, AlarmIdentifier as (region, name)."""

RESETTABLE = ("ChildHealthChecks", "FullyQualifiedDomainName", "Regions", "ResourcePath")
_KINDS = {
    **dict.fromkeys(ENDPOINT_TYPES, "Basic"),
    "CALCULATED": "Calculated",
    "CLOUDWATCH_METRIC": "CloudWatch metric",
    "RECOVERY_CONTROL": "Recovery control",
}
_NUMBERS = {
    "FailureThreshold": (1, 10),
    "Port": (1, 65_535),
    "HealthThreshold": (0, 256),
    "RequestInterval": (10, 30),
}
_LENGTHS = {
    "ResourcePath": (0, 255), "FullyQualifiedDomainName": (0, 255), "SearchString": (0, 255), "Regions": (3, 64),
    "ChildHealthChecks": (0, 256), "RoutingControlArn": (1, 255),
}  # fmt: skip
_WITHOUT_DATA = ("Healthy", "Unhealthy", "LastKnownStatus")
_INTERVALS = ("10", "30")
_NAMED = {
    "IPAddress": "an IP address", "Port": "a port", "FullyQualifiedDomainName": "a fully qualified domain name",
    "ResourcePath": "a resource path", "SearchString": "a search string", "RequestInterval": "a request interval",
    "FailureThreshold": "a failure threshold", "MeasureLatency": "a measure latency setting",
    "EnableSNI": "an SNI setting", "Regions": "regions", "HealthThreshold": "a health threshold",
    "ChildHealthChecks": "child health checks", "AlarmIdentifier": "an metric region",
    "InsufficientDataHealthStatus": "an insufficient data health state", "RoutingControlArn": "a routing control ARN",
}  # fmt: skip
"""How messages call a field; all but Inverted and Disabled, which every type has."""
_OWN = {
    "Basic": tuple(_NAMED)[:10],
    "Calculated": ("HealthThreshold", "ChildHealthChecks"),
    "CloudWatch metric": ("AlarmIdentifier", "InsufficientDataHealthStatus"),
    "Recovery control": ("RoutingControlArn",),
}
_NEEDED = {
    "Calculated": "HealthThreshold",
    "CloudWatch metric": "AlarmIdentifier",
    "Recovery control": "RoutingControlArn",
}


def refusal(settings: Settings) -> str | None:
    """The message about the settings of a whole check that AWS refuses; None when it takes them."""
    return ranges(settings, "healthCheckConfig.") or " ".join(_combinations(settings)) or None


def ranges(settings: Settings, path: str = "") -> str | None:
    """The message about values that their fields cannot have. path: what stands before the fields in the request."""
    broken = [text for field, value in settings.items() for text in _constraint(path, field, value)]
    return constraints.together(broken) if broken else None


def belongs(field: str, check_type: str) -> bool:
    """Whether checks of a type have a field."""
    return field not in _NAMED or field in _OWN[_KINDS[check_type]]


def _constraint(path: str, field: str, value: str | tuple[str, ...]) -> Iterable[str]:
    where = path + field[0].lower() + field[1:] if field != "IPAddress" else path + "iPAddress"
    if field in _NUMBERS and isinstance(value, str):
        if _whole(value):
            yield from constraints.number(where, int(value), *_NUMBERS[field])
        else:
            yield f"Value '{value}' at '{where}' failed to satisfy constraint: Member must be a number"
    if field in _LENGTHS and (value or isinstance(value, str)):
        yield from constraints.length(where, value, *_LENGTHS[field])
    if field == "Type":
        yield from constraints.one_of(where, str(value), _KINDS)
    if field == "InsufficientDataHealthStatus":
        yield from constraints.one_of(where, str(value), _WITHOUT_DATA)
    if field == "Regions":
        for number, region in enumerate(value, 1):
            yield from constraints.one_of(f"{where}.{number}.member", region, REGIONS)
    if field == "IPAddress" and value and not _is_address(str(value)):
        yield f"Value '{value}' at '{where}' failed to satisfy constraint: Member must be an IPv4 or IPv6 address"


def _combinations(settings: Settings) -> Iterable[str]:
    check_type = str(settings.get("Type", ""))
    kind = _KINDS[check_type]
    for field in settings:
        if not belongs(field, check_type):
            yield f"Invalid parameter : {kind} health checks must not have {_NAMED[field]} specified."
    needed = _NEEDED.get(kind)
    if needed is not None and needed not in settings:
        yield f"Invalid parameter : {kind} health checks must have {_NAMED[needed]} specified."
    if kind == "Basic":
        yield from _endpoint(check_type, settings)


def _endpoint(check_type: str, settings: Settings) -> Iterable[str]:
    address, name = settings.get("IPAddress"), settings.get("FullyQualifiedDomainName")
    if not address and not name:
        either = "an IP address or a fully qualified domain name"
        yield f"Invalid parameter : Basic health checks must have {either} specified."
    if settings.get("RequestInterval", "30") not in _INTERVALS:
        yield "Invalid parameter : RequestInterval must be 10 or 30."
    if check_type == "TCP":
        if not settings.get("Port"):
            yield "TCP health checks must have a port specified."
        if "ResourcePath" in settings:
            yield "TCP health checks must not have a resource path specified."
        if address and name:
            yield "TCP health checks that have IP address must not have a fully qualified domain name specified."
    if check_type.endswith("STR_MATCH"):
        if not settings.get("SearchString"):
            yield f"{check_type} health checks must have a search string specified."
    elif "SearchString" in settings:
        yield f"{check_type} health checks must not have a search string specified."


def _whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
