"""A Terraform plan (`terraform show -json PLAN`): aws_route53_record and aws_route53_health_check as they will be.

What a plan does not know yet (the id of a health check that is still to be made) stands in its configuration as a
reference, from where it is taken. A record's name may leave out its zone's, as the provider adds it; one that is not
known yet (of a certificate's validation) is left out. Sources: Terraform, "JSON output format"; the AWS provider's
pages of both resources, and its `expandRecordName`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence, Set
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
_INSTANCE = re.compile(r"(?!each\.|count\.|var\.|local\.|path\.|self\.)(?:data\.)?\w+\.[\w-]+(\[[^\]]*\])?")
"""A reference that names a resource or a module, perhaps one of several."""
_GEO = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}


def is_plan(document: Mapping[str, Any]) -> bool:
    """Whether this is a plan, or a state, as Terraform shows it."""
    return "terraform_version" in document and ("planned_values" in document or "values" in document)


def zone(file: str, document: Mapping[str, Any], wanted: str | None) -> Brought:
    """The zone of a plan. wanted: its name, where the plan has several. Raises InputError."""
    values = document.get("planned_values") or document.get("values") or {}
    resources = list(_resources(values.get("root_module") or {}))
    expressions = dict(_expressions((document.get("configuration") or {}).get("root_module") or {}))
    before = ((document.get("prior_state") or {}).get("values") or {}).get("root_module") or {}
    zones = _zones([*_resources(before), *resources])
    problems: list[Problem] = []
    checks: dict[str, Check] = {}
    for resource in resources:
        if resource["type"] == CHECK and _managed(resource):
            _take(problems, file, resource, lambda r=resource: checks.update(_check(file, r)))
    written = [one for one in resources if one["type"] == RECORD and _managed(one)]
    found = [one for one in written if one["values"].get("name") is not None and one["values"].get("type")]
    made_of = {_address(one): expressions.get(_plain(_address(one)), {}) for one in found}
    homes = {_address(one): _zone_of(one, made_of[_address(one)], zones) for one in found}
    candidates = {normalise(one["values"]["name"]) for one in resources if one["type"] == ZONE and _managed(one)}
    candidates = candidates or {home for home in homes.values() if home is not None}
    home = normalise(wanted) if wanted is not None else min(candidates) if len(candidates) == 1 else None
    names = {_address(one): _name_of(one["values"], homes[_address(one)], home) for one in found}
    records: list[Record] = []
    for resource in found:
        known = made_of[_address(resource)]
        _take(problems, file, resource, lambda r=resource, k=known: records.append(_record(file, r, k, checks, names)))
    if problems:
        raise InputError(*problems)
    name = _name(file, sorted(candidates), records, wanted)
    inside = tuple(one for one in records if _within(one.stored.record.name, name))
    outside = {one.stored.record.name for one in records if not _within(one.stored.record.name, name)}
    notes = (
        _left_out(f"they are not in {name}", outside),
        _left_out("their names are known after apply only", {_address(one) for one in written if one not in found}),
    )
    return Brought(name, inside, checks, "", tuple(filter(None, notes)))


def _left_out(why: str, names: Set[str]) -> str:
    shown = ", ".join(sorted(names)[:5]) + (", ..." if len(names) > 5 else "")
    return f"left out, for {why}: {shown}" if names else ""


def _managed(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("mode", "managed") == "managed")


def _zones(resources: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Names of zones, by address and by id: those of the plan, and those that it only looks up."""
    found = {}
    for resource in resources:
        values = resource["values"]
        if resource["type"] == ZONE and values.get("name"):
            keys = (_address(resource), values.get("zone_id"), values.get("id"))
            found.update({str(key): normalise(values["name"]) for key in keys if key})
    return found


def _zone_of(resource: Mapping[str, Any], expressions: Mapping[str, Any], zones: Mapping[str, str]) -> str | None:
    """The zone of a record; None where the plan does not tell it, as where a module is given it."""
    known = zones.get(str(resource["values"].get("zone_id") or ""))
    return known or zones.get(_at(_address(resource), expressions.get("zone_id"), zones))


def _name_of(values: Mapping[str, Any], zone: str | None, home: str | None) -> str:
    """A record's whole name, as the provider makes it: the zone's is added where it is missing."""
    name = normalise(str(values.get("fqdn") or values.get("name") or ""))
    if zone is None and "." in name:
        return name
    apex = zone or home
    return name if apex is None or _within(name, apex) else f"{name}.{apex}" if name else apex


def _take(problems: list[Problem], file: str, resource: Mapping[str, Any], work: Any) -> None:
    try:
        work()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        problems.append(Problem(file, None, f"{_address(resource)}: {said}"))


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource in module.get("resources") or ():
        if isinstance(resource.get("values"), Mapping):
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
    """The resource that a setting refers to, where it is one of several with its index: of `aws_lb.a["x"].dns_name`,
    `aws_lb.a["x"]` and `aws_lb.a`, which come in that order, the second."""
    references = [str(one) for one in (expression.get("references") or ())] if isinstance(expression, Mapping) else []
    named = [one for one in references if _INSTANCE.fullmatch(one)]
    return named[0] if named else references[-1] if references else ""


def _at(address: str, expression: Any, known: Container[str]) -> str:
    """What a setting of the resource at `address` refers to, in the same module; one of several is at the same index
    where the setting says so (`each.key`), or where only that is known."""
    referred = _referred(expression)
    if not referred:
        return ""
    module = address[: address.index(f"{RECORD}.")]
    index = "".join(_INDEX.findall(address.rpartition(f"{RECORD}.")[2]))
    found = f"{module}{referred}"
    its_own = {"each.key", "each.value", "count.index"} & set(expression["references"])
    return f"{found}{index}" if f"{found}{index}" in known or (its_own and "[" not in referred) else found


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
    file: str,
    resource: Mapping[str, Any],
    made_of: Mapping[str, Any],
    checks: Mapping[str, Check],
    names: Mapping[str, str],
) -> Record:
    values, address = resource["values"], _address(resource)
    body: dict[str, Any] = {
        "Name": names[address], "Type": values["type"], "SetIdentifier": values.get("set_identifier"),
        "TTL": values.get("ttl"), "ResourceRecords": [{"Value": value} for value in values.get("records") or ()],
        "HealthCheckId": values.get("health_check_id") or _at(address, made_of.get("health_check_id"), checks) or None,
        "MultiValueAnswer": values.get("multivalue_answer_routing_policy") or None,
    }  # fmt: skip
    for number, alias in enumerate(values.get("alias") or ()):
        written = made_of.get("alias") or ()
        its_own = written[number] if isinstance(written, Sequence) and number < len(written) else {}
        target = _at(address, its_own.get("name"), names)
        body["AliasTarget"] = {
            "HostedZoneId": alias.get("zone_id") or "",
            "DNSName": alias.get("name") or names.get(target, target) or "known after apply",
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
