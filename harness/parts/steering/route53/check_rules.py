"""What Route 53 accepts as the settings of a health check: a pure function of them.

Sources: API Reference, HealthCheckConfig and UpdateHealthCheck.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

Settings = Mapping[str, str | tuple[str, ...]]
"""Texts of HealthCheckConfig's fields, those that are given; ChildHealthChecks and Regions as tuples."""

RESETTABLE = ("ChildHealthChecks", "FullyQualifiedDomainName", "Regions", "ResourcePath")
_ENDPOINTS = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
_TYPES = (*_ENDPOINTS, "CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL")
_RANGES = {"FailureThreshold": (1, 10), "Port": (1, 65_535), "HealthThreshold": (0, 256)}
_LENGTHS = {"ResourcePath": 255, "FullyQualifiedDomainName": 255, "SearchString": 255}
_INTERVALS = ("10", "30")
_REGIONS_MIN = 3


def problems_of(settings: Settings) -> tuple[str, ...]:
    """What AWS refuses about them, as sentences."""
    kind = settings.get("Type", "")
    if kind not in _TYPES:
        return (f"Type is one of [{', '.join(_TYPES)}], not '{kind}'",)
    return (*_fields(settings), *(_endpoint(str(kind), settings) if kind in _ENDPOINTS else ()))


def _fields(settings: Settings) -> Iterable[str]:
    for field, (least, most) in _RANGES.items():
        value = settings.get(field)
        if value is not None and not (isinstance(value, str) and _whole(value) and least <= int(value) <= most):
            yield f"{field} is {least} to {most}, not '{value}'"
    for field, most in _LENGTHS.items():
        if len(settings.get(field, "")) > most:
            yield f"{field} has at most {most} characters"
    if settings.get("RequestInterval", "30") not in _INTERVALS:
        yield f"RequestInterval is 10 or 30, not '{settings['RequestInterval']}'"
    regions: Sequence[str] = settings.get("Regions", ())
    if 0 < len(regions) < _REGIONS_MIN:
        yield f"Regions are at least {_REGIONS_MIN}, not {len(regions)}"


def _endpoint(kind: str, settings: Settings) -> Iterable[str]:
    address = str(settings.get("IPAddress", ""))
    if not address and not settings.get("FullyQualifiedDomainName"):
        yield f"a health check of type {kind} needs an IPAddress or a FullyQualifiedDomainName"
    if address and not _is_address(address):
        yield f"IPAddress is an IPv4 or IPv6 address, not '{address}'"
    if kind == "TCP" and not settings.get("Port"):
        yield "a health check of type TCP needs a Port"
    if kind.endswith("STR_MATCH") and not settings.get("SearchString"):
        yield f"a health check of type {kind} needs a SearchString"


def _whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
