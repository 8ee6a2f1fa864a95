"""A Terraform plan (`terraform show -json PLAN`): aws_route53_record and aws_route53_health_check as they will be.

What a plan does not know yet (the id of a health check that is still to be made) stands in its configuration as a
reference, from where it is taken. Sources: Terraform, "JSON output format"; the AWS provider's pages of both resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import HealthCheck, parse_health_check
from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought.aws_output import stored_of
from harness.parts.steering.route53.brought.model import UNFIT, UNKNOWN, Brought, Check, Record, Where, formed, told_of
from harness.parts.steering.route53.brought.strangers import of_plan

RECORD, CHECK, ZONE = "aws_route53_record", "aws_route53_health_check", "aws_route53_zone"
_CHECK_FIELDS = {
    "type": "Type", "ip_address": "IPAddress", "fqdn": "FullyQualifiedDomainName", "port": "Port",
    "resource_path": "ResourcePath", "search_string": "SearchString", "request_interval": "RequestInterval",
    "failure_threshold": "FailureThreshold", "invert_healthcheck": "Inverted", "disabled": "Disabled",
    "enable_sni": "EnableSNI", "child_health_threshold": "HealthThreshold", "child_healthchecks": "ChildHealthChecks",
    "regions": "Regions", "insufficient_data_health_status": "InsufficientDataHealthStatus",
}  # fmt: skip
_NO_RESOURCES = ("var.", "each.", "local.", "count.", "module.")
_INDEX = re.compile(r"\[[^\]]*\]")
_INSTANCE = re.compile(rf"(?!{'|'.join(map(re.escape, _NO_RESOURCES[:-1]))})\w+\.[\w-]+(\[[^\]]*\])?")
"""A reference that names a resource, perhaps one of several."""
_GEO = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}


def is_plan(document: Mapping[str, Any]) -> bool:
    """Whether this is a plan, or a state, as Terraform shows it."""
    return "terraform_version" in document and ("planned_values" in document or "values" in document)


def zone(file: str, document: Mapping[str, Any], wanted: str | None) -> Brought:
    """The zone of a plan. wanted: its name, where the plan has several. Raises InputError."""
    values = document.get("planned_values") or document.get("values")
    resources = list(_resources(_in(values, "root_module")))
    expressions = dict(_expressions(_in(document.get("configuration"), "root_module")))
    problems: list[Problem] = []
    checks: dict[str, Check] = {}
    for resource in resources:
        if resource["type"] == CHECK:
            _take(problems, file, resource, lambda r=resource: checks.update(_check(file, r)))
    zones = Zones(document, wanted)
    records: list[Record] = []
    later = []
    for resource in resources:
        if resource["type"] == RECORD and not _named(resource):
            later.append(_address(resource))
        elif resource["type"] == RECORD:
            known = expressions.get(_plain(_address(resource)), {})
            _take(
                problems, file, resource, lambda r=resource, k=known: records.append(_record(file, r, k, checks, zones))
            )
    if problems:
        raise InputError(*problems)
    if later and not records:
        raise InputError(Problem(file, None, f"{', '.join(later[:5])}: a name that is known after apply only"))
    if not records and (told := of_plan([str(resource["type"]) for resource in resources])):
        raise InputError(Problem(file, None, f"no {RECORD} is in this plan; {told}"))
    name = _name(file, zones, records, wanted)
    inside = tuple(one for one in records if _within(one.stored.record.name, name))
    if not inside:
        names = ", ".join(sorted({one.stored.record.name for one in records})[:5]) or "none"
        raise InputError(Problem(file, None, f"no {RECORD} of {name} is in this; its records: {names}"))
    outside = len(records) - len(inside)
    notes = [f"{outside} record{'s' * (outside != 1)} of other zones left out"] if outside else []
    if later:
        notes.append(
            f"left out, for their names are known after apply only: {', '.join(later[:5])}{', ...' * (len(later) > 5)}"
        )
    elsewhere = {
        check_id: Check(HealthCheck(check_id, UNKNOWN), one.where)
        for one in inside
        if (check_id := one.stored.record.health_check_id) and check_id not in checks
    }
    if elsewhere:
        told = (
            "made elsewhere (`aws route53 list-health-checks`, given as --health-checks, tells): each is taken to ask"
        )
        notes.append(f"health checks {', '.join(sorted(elsewhere))} are {told} what its record leads to")
    return Brought(name, inside, {**checks, **elsewhere}, "", tuple(notes))


class Zones:
    """The zones that a plan makes or looks up, by address and by id; what is looked up stands in its prior state."""

    def __init__(self, document: Mapping[str, Any], wanted: str | None) -> None:
        self.made: list[str] = []
        self._by: dict[str, str] = {}
        prior = _in(document.get("prior_state"), "values")
        for values in (prior, document.get("planned_values"), document.get("values")):
            for resource in _resources(_in(values, "root_module"), ("managed", "data")):
                name = resource["values"].get("name")
                if resource["type"] == ZONE and isinstance(name, str):
                    self.made.append(normalise(name))
                    self._by[_address(resource)] = normalise(name)
                    self._by[str(resource["values"].get("zone_id") or "")] = normalise(name)
        self._by.pop("", None)
        self.made = list(dict.fromkeys(self.made))
        self._only = normalise(wanted) if wanted else self.made[0] if len(self.made) == 1 else ""

    def full(self, values: Mapping[str, Any], address: str, expressions: Mapping[str, Any]) -> str:
        """A record's whole name: the provider puts the zone's behind what does not end with it."""
        name = normalise(str(values["name"]))
        apex = self._by.get(str(values.get("zone_id") or "")) or self._referred(address, expressions)
        if not apex and "." not in name:
            apex = self._only
        if not apex:
            return normalise(str(values.get("fqdn") or name))
        return name if _within(name, apex) else f"{name}.{apex}".lstrip(".")

    def _referred(self, address: str, expressions: Mapping[str, Any]) -> str:
        """By what its zone_id refers to, in the same module, at the record's own index or at none."""
        found = _referred(expressions.get("zone_id"))
        module, index = _module(address), "".join(_INDEX.findall(address.rpartition(".")[2]))
        return self._by.get(f"{module}{_plain(found)}{index}") or self._by.get(f"{module}{found}", "")


def _named(resource: Mapping[str, Any]) -> bool:
    """Whether the name is known: that of a certificate's validation is only when there is the certificate."""
    return resource["values"].get("name") is not None


def _take(problems: list[Problem], file: str, resource: Mapping[str, Any], work: Any) -> None:
    try:
        work()
    except UNFIT as error:
        problems.append(Problem(file, None, f"{_address(resource)}: {told_of(error)}"))


def _in(found: Any, key: str) -> Any:
    """What a mapping has there; None where it is no mapping, or has nothing."""
    return found.get(key) if isinstance(found, Mapping) else None


def _mappings(found: Any) -> Iterator[Mapping[str, Any]]:
    """Those of a list; none where it is no list."""
    return (one for one in (found if isinstance(found, list) else ()) if isinstance(one, Mapping))


def _resources(module: Any, modes: Sequence[str] = ("managed",)) -> Iterator[Mapping[str, Any]]:
    for resource in _mappings(_in(module, "resources")):
        if resource.get("mode", "managed") in modes and isinstance(resource.get("values"), Mapping):
            yield {"type": "", **resource}
    for child in _mappings(_in(module, "child_modules")):
        yield from _resources(child, modes)


def _expressions(module: Any, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By address of a resource, without an index: what its settings are made of."""
    for resource in _mappings(_in(module, "resources")):
        told = resource.get("expressions")
        yield f"{prefix}{_address(resource)}", told if isinstance(told, Mapping) else {}
    calls = _in(module, "module_calls")
    for name, call in calls.items() if isinstance(calls, Mapping) else ():
        yield from _expressions(_in(call, "module"), f"{prefix}module.{name}.")


def _referred(expression: Any) -> str:
    """The resource that a setting refers to: `aws_lb.a.dns_name` and `aws_lb.a` come in that order."""
    references = _in(expression, "references")
    return str(references[-1]) if isinstance(references, list) and references else ""


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
    check = formed(parse_health_check({"Id": check_id, "HealthCheckConfig": config}))
    found = Check(check, Where(file, None, address), str(values.get("cloudwatch_alarm_region") or ""))
    return {check_id: found}


def _record(
    file: str, resource: Mapping[str, Any], expressions: Mapping[str, Any], checks: Mapping[str, Check], zones: Zones
) -> Record:
    values, address = resource["values"], _address(resource)
    body: dict[str, Any] = {
        "Name": zones.full(values, address, expressions), "Type": values["type"],
        "SetIdentifier": values.get("set_identifier"), "TTL": values.get("ttl"),
        "ResourceRecords": [{"Value": _value(value, values["type"])} for value in values.get("records") or ()],
        "HealthCheckId": values.get("health_check_id") or _check_of(address, expressions, checks),
        "MultiValueAnswer": values.get("multivalue_answer_routing_policy") or None,
    }  # fmt: skip
    for number, alias in enumerate(values.get("alias") or ()):
        written = expressions.get("alias") or ()
        made_of = written[number] if isinstance(written, Sequence) and number < len(written) else {}
        body["AliasTarget"] = {
            "HostedZoneId": alias.get("zone_id") or "",
            "DNSName": alias.get("name") or _unknown(made_of.get("name"), address),
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


def _value(value: str, record_type: str) -> str:
    """The provider puts quotes around texts."""
    return f'"{value}"' if record_type in ("TXT", "SPF") else value


def _unknown(expression: Any, address: str) -> str:
    """What an alias leads to that is not made yet: the resource it refers to, and of several (`for_each`) which one. A
    variable is another for each record."""
    references = [str(one) for one in (expression.get("references") or ())] if isinstance(expression, Mapping) else []
    found = next((one for one in references if _INSTANCE.fullmatch(one)), _referred(expression))
    if not found or found.startswith(_NO_RESOURCES[:-1]):
        return f"{found or 'unknown'} of {address}"
    by_its_own = "[" not in found and any(one.startswith(("each.", "count.")) for one in references)
    return found + "".join(_INDEX.findall(address.rpartition(f"{RECORD}.")[2])) * by_its_own


def _check_of(address: str, expressions: Mapping[str, Any], checks: Mapping[str, Check]) -> str | None:
    """The health check that a record refers to and that has no id yet: by its address, at the record's own index."""
    referred = _referred(expressions.get("health_check_id"))
    if not referred:
        return None
    module = _module(address)
    index = "".join(_INDEX.findall(address.rpartition(".")[2]))
    found = f"{module}{_plain(referred)}"
    return f"{found}{index}" if f"{found}{index}" in checks else found


def _module(address: str) -> str:
    """What stands before a record's own address: `module.dns.`, with its index, or nothing."""
    return address.partition(f"{RECORD}.")[0] if f"{RECORD}." in address else ""


def _name(file: str, zones: Zones, records: Sequence[Record], wanted: str | None) -> str:
    if wanted is not None:
        return normalise(wanted)
    used = [zone for zone in zones.made if any(_within(one.stored.record.name, zone) for one in records)] or zones.made
    if len(used) == 1:
        return used[0]
    if len(used) > 1:
        raise InputError(Problem(file, None, f"several zones: say which with --zone: {', '.join(sorted(used))}"))
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
