"""Route 53 health checks that keep what they were given (moto keeps the fields of endpoint checks, and not all).

API Reference, HealthCheckConfig: which fields a type has, and their defaults. UpdateHealthCheck: each update adds one
to the version, ResetElements go back to the default, what is not spoken of stays. CreateHealthCheck: the reference of a
check that was deleted is not used again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import HealthCheck, Route53Backend
from moto.route53.responses import Route53

from harness.engines.moto.patching import Patches

_ANY = {"Inverted": False, "Disabled": False}
_ENDPOINT = {**_ANY, "RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False, "EnableSNI": False}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "HTTP": {**_ENDPOINT, "Port": 80},
    "HTTP_STR_MATCH": {**_ENDPOINT, "Port": 80},
    "HTTPS": {**_ENDPOINT, "Port": 443},
    "HTTPS_STR_MATCH": {**_ENDPOINT, "Port": 443},
    "TCP": _ENDPOINT,
}
_UPDATED = (
    "IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString", "FailureThreshold", "Inverted",
    "Disabled", "HealthThreshold", "ChildHealthChecks", "EnableSNI", "Regions", "AlarmIdentifier",
    "InsufficientDataHealthStatus",
)  # fmt: skip
_GIVEN = "given_config"
_DELETED = "deleted_references"


class _AlreadyExists(Route53ClientError):
    def __init__(self) -> None:
        text = "A different health check has already been created with the specified caller reference."
        super().__init__("HealthCheckAlreadyExists", text)


def whole_health_checks(patches: Patches) -> None:
    """Every field of every type of check comes back as it was given, from create, get, list and update."""
    patches.wrap(Route53, "create_health_check", _create)
    patches.wrap(Route53, "update_health_check", _update)
    patches.wrap(Route53Backend, "delete_health_check", _delete)
    patches.wrap(HealthCheck, "health_check_config", lambda original: property(lambda check: _config(check, original)))


def _config(check: HealthCheck, original: Any) -> Any:
    given = vars(check).get(_GIVEN)
    if given is None:  # made by CloudFormation, not through the API
        return original.fget(check)
    return {**_DEFAULTS.get(given["Type"], _ANY), **given}


def _create(original: Callable[[Route53], Any]) -> Callable[[Route53], Any]:
    def create_health_check(self: Route53) -> Any:
        if self._get_param("CallerReference") in vars(self.backend).get(_DELETED, ()):
            raise _AlreadyExists
        result = original(self)
        setattr(result.result["HealthCheck"], _GIVEN, dict(self._get_param("HealthCheckConfig")))
        return result

    return create_health_check


def _update(original: Callable[[Route53], Any]) -> Callable[[Route53], Any]:
    def update_health_check(self: Route53) -> Any:
        result = original(self)
        check = result.result["HealthCheck"]
        spoken = {name: value for name in _UPDATED if (value := self._get_param(name)) is not None}
        reset = self._get_param("ResetElements") or ()
        kept = {**vars(check).get(_GIVEN, {}), **spoken}
        setattr(check, _GIVEN, {name: value for name, value in kept.items() if name not in reset})
        check.health_check_version += 1
        return result

    return update_health_check


def _delete(original: Callable[[Route53Backend, str], None]) -> Callable[[Route53Backend, str], None]:
    def delete_health_check(self: Route53Backend, health_check_id: str) -> None:
        check = self.health_checks.get(health_check_id)
        if check is not None:
            vars(self).setdefault(_DELETED, set()).add(check.caller_reference)
        original(self, health_check_id)

    return delete_health_check
