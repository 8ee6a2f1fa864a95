"""A Terraform plan (`terraform show -json PLAN`): aws_route53_record and aws_route53_health_check as they will be.

What a plan does not know yet (the id of a health check that is still to be made) stands in its configuration as a
reference, from where it is taken. Sources: Terraform, "JSON output format"; the AWS provider's pages of both resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import parse_health_check
from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought.aws_output import stored_of
from harness.parts.steering.route53.brought.model import Brought, Check, Record, Where

RECORD, CHECK, ZONE = "aws_route53_record", "aws_route53_health_check", "aws_route53_zone"
_CHECK_FIELDS = {
    "type": "Type", "ip_address": "IPAddress", "fqdn": "FullyQualifiedDomainName", "port": "Port",
    "resource_path": "ResourcePath", "search_string": "SearchString", "request_interval": "RequestInterval",
    "failure_threshold": "FailureThreshold", "invert_healthcheck": "Inverted", "disabled": "Disabled",
    "enable_sni": "EnableSNI", "child_health_threshold": "HealthThreshold", "child_healthchecks": "ChildHealthChecks",
    "regions": "Regions", "insufficient_data_health_status": "InsufficientDataHealthStatus",
}  # fmt: skip
_INDEX = re.compile(r"\[[^\]]*\]")
_GEO = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}


def is_plan(document: Mapping[str, Any]) -> bool:
    """Whether this is a plan, or a state, as Terraform shows it."""
    return "terraform_version" in document and ("planned_values" in document or "values" in document)


def zone(file: str, document: Mapping[str, Any], wanted: str | None) -> Brought:
    """The zone of a plan. wanted: its name, where the plan has several. Raises InputError."""
    values = document.get("planned_values") or document.get("values") or {}
    resources = list(_resources(values.get("root_module") or {}))
    expressions = dict(_expressions((document.get("configuration") or {}).get("root_module") or {}))
    problems: list[Problem] = []
    checks: dict[str, Check] = {}
    for resource in resources:
        if resource["type"] == CHECK:
            _take(problems, file, resource, lambda r=resource: checks.update(_check(file, r)))
    records: list[Record] = []
    for resource in resources:
        if resource["type"] == RECORD:
            known = expressions.get(_plain(_address(resource)), {})
            _take(problems, file, resource, lambda r=resource, k=known: records.append(_record(file, r, k, checks)))
    if problems:
        raise InputError(*problems)
    name = _name(file, [normalise(r["values"]["name"]) for r in resources if r["type"] == ZONE], records, wanted)
    inside = tuple(one for one in records if _within(one.stored.record.name, name))
    outside = len(records) - len(inside)
    notes = (f"{outside} records of other zones are left out",) if outside else ()
    return Brought(name, inside, checks, "", notes)


def _take(problems: list[Problem], file: str, resource: Mapping[str, Any], work: Any) -> None:
    try:
        work()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        problems.append(Problem(file, None, f"{_address(resource)}: {said}"))


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource in module.get("resources") or ():
        if resource.get("mode", "managed") == "managed" and isinstance(resource.get("values"), Mapping):
            yield resource
    for child in module.get("child_modules") or ():
        yield from _resources(child)


def _expressions(module: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By address of a resource, without an index: what its settings are made of."""
    for resource in module.get("resources") or ():
        yield f"{prefix}{resource['address']}", resource.get("expressions") or {}
    for name, call in (module.get("module_calls") or {}).items():
        yield from _expressions(call.get("module") or {}, f"{prefix}module.{name}.")


def _referred(expression: Any) -> str:
    """The resource that a setting refers to: `aws_lb.a.dns_name` and `aws_lb.a` come in that order."""
    references = expression.get("references") or () if isinstance(expression, Mapping) else ()
    return str(references[-1]) if references else ""


def _address(resource: Mapping[str, Any]) -> str:
    return str(resource.get("address", ""))


def _plain(address: str) -> str:
    """Without indexes: `aws_route53_record.www[0]` is one of `aws_route53_record.www`."""
    return _INDEX.sub("", address)


def _check(file: str, resource: Mapping[str, Any]) -> Mapping[str, Check]:
    """A check by its id, where that is known, and by its address."""
    values, address = resource["values"], _address(resource)
    config = {api: values[key] for key, api in _CHECK_FIELDS.items() if values.get(key) is not None}
    check_id = str(values.get("id") or address)
    check = parse_health_check({"Id": check_id, "HealthCheckConfig": config})
    found = Check(check, Where(file, None, address), str(values.get("cloudwatch_alarm_region") or ""))
    return {check_id: found}


def _record(
    file: str, resource: Mapping[str, Any], expressions: Mapping[str, Any], checks: Mapping[str, Check]
) -> Record:
    values, address = resource["values"], _address(resource)
    body: dict[str, Any] = {
        "Name": values["name"], "Type": values["type"], "SetIdentifier": values.get("set_identifier"),
        "TTL": values.get("ttl"), "ResourceRecords": [{"Value": value} for value in values.get("records") or ()],
        "HealthCheckId": values.get("health_check_id") or _check_of(address, expressions, checks),
        "MultiValueAnswer": values.get("multivalue_answer_routing_policy") or None,
    }  # fmt: skip
    for number, alias in enumerate(values.get("alias") or ()):
        written = expressions.get("alias") or ()
        made_of = written[number] if isinstance(written, Sequence) and number < len(written) else {}
        body["AliasTarget"] = {
            "HostedZoneId": alias.get("zone_id") or "",
            "DNSName": alias.get("name") or _referred(made_of.get("name")) or "known after apply",
            "EvaluateTargetHealth": bool(alias.get("evaluate_target_health")),
        }
    for policy in values.get("failover_routing_policy") or ():
        body["Failover"] = policy["type"]
    for policy in values.get("weighted_routing_policy") or ():
        body["Weight"] = policy["weight"]
    for policy in values.get("latency_routing_policy") or ():
        body["Region"] = policy["region"]
    for policy in values.get("geolocation_routing_policy") or ():
        body["GeoLocation"] = {api: policy[key] for key, api in _GEO.items() if policy.get(key)}
    return Record(stored_of({key: told for key, told in body.items() if told is not None}), Where(file, None, address))


def _check_of(address: str, expressions: Mapping[str, Any], checks: Mapping[str, Check]) -> str | None:
    """The health check that a record refers to and that has no id yet: by its address, at the record's own index."""
    referred = _referred(expressions.get("health_check_id"))
    if not referred:
        return None
    module = address[: address.index(f"{RECORD}.")]
    index = "".join(_INDEX.findall(address.rpartition(".")[2]))
    found = f"{module}{_plain(referred)}"
    return f"{found}{index}" if f"{found}{index}" in checks else found


def _name(file: str, zones: Sequence[str], records: Sequence[Record], wanted: str | None) -> str:
    if wanted is not None:
        return normalise(wanted)
    if len(zones) == 1:
        return zones[0]
    if len(zones) > 1:
        raise InputError(Problem(file, None, f"several zones: say which with --zone: {', '.join(sorted(zones))}"))
    names = [one.stored.record.name.split(".") for one in records]
    if not names:
        raise InputError(Problem(file, None, f"no {RECORD} is in this plan"))
    shared = names[0]
    for labels in names[1:]:
        while shared and labels[-len(shared) :] != shared:
            shared = shared[1:]
    if len(set(map(tuple, names))) < 2 or len(shared) < 2:
        raise InputError(Problem(file, None, "the zone itself is not in this plan: say its name with --zone"))
    return ".".join(shared)


def _within(name: str, apex: str) -> bool:
    return name == apex or name.endswith(f".{apex}")
