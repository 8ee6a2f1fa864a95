"""`aws route53 list-resource-record-sets` and `list-health-checks`, as they print JSON.

Whole answers and those of one page are alike here; an answer that was cut (`IsTruncated`, `NextToken`) is refused,
since what is missing would look lost. Sources: API Reference, ListResourceRecordSets, ListHealthChecks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.engines.dns.zone import parse_health_check, parse_record_set
from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought.model import UNFIT, Brought, Check, Record, Where, formed, told_of
from harness.parts.steering.route53.record_sets import POLICIES, Stored

RECORDS, CHECKS = "ResourceRecordSets", "HealthChecks"
_PLACES = ("GeoLocation", "GeoProximityLocation", "CidrRoutingConfig")
_DECODER = json.JSONDecoder()


def zone(file: str, text: str, document: Mapping[str, Any]) -> Brought:
    """The zone of a list of record sets. Raises InputError with every record set that is none."""
    _refuse_cut(file, document)
    records, problems = [], []
    for body, where in _listed(file, text, document, RECORDS):
        try:
            records.append(Record(stored_of(body), where))
        except UNFIT as error:
            problems.append(Problem(file, where.line, f"this is no record set: {told_of(error)}"))
    if problems:
        raise InputError(*problems)
    apex = [one.stored.record.name for one in records if one.stored.record.type == "SOA"]
    if len(apex) != 1:
        raise InputError(Problem(file, None, f"a zone has one SOA record, and {len(apex)} are listed"))
    aliases = {one.stored.record.alias.zone_id for one in records if one.stored.record.alias and _inside(one, apex[0])}
    return Brought(apex[0], tuple(records), None, aliases.pop() if len(aliases) == 1 else "")


def checks(file: str, text: str, document: Mapping[str, Any]) -> dict[str, Check]:
    """The health checks of an account, by id. Raises InputError with everything that is none."""
    _refuse_cut(file, document)
    found, problems = {}, []
    for body, where in _listed(file, text, document, CHECKS):
        try:
            check = formed(parse_health_check(body))
            alarm = body["HealthCheckConfig"].get("AlarmIdentifier") or {}
            found[check.id] = Check(check, where, str(alarm.get("Region", "")))
        except UNFIT as error:
            problems.append(Problem(file, where.line, f"this is no health check: {told_of(error)}"))
    if problems:
        raise InputError(*problems)
    return found


def stored_of(body: Mapping[str, Any]) -> Stored:
    """A record set as the API writes it. Raises one of UNFIT."""
    place = tuple(
        (str(key), str(value))
        for field in _PLACES
        for key, value in sorted((body.get(field) or {}).items())
    )  # fmt: skip
    policies = frozenset(field for field in POLICIES if body.get(field) is not None)
    return Stored(formed(parse_record_set(body)), policies, place, body)


def _inside(record: Record, apex: str) -> bool:
    alias = record.stored.record.alias
    return alias is not None and (alias.name == apex or alias.name.endswith(f".{apex}"))


def _refuse_cut(file: str, document: Mapping[str, Any]) -> None:
    if document.get("IsTruncated") or document.get("NextToken"):
        text = "this is one page of several, and what is on the others would look lost: leave out --max-items"
        raise InputError(Problem(file, None, text))


def _listed(file: str, text: str, document: Mapping[str, Any], what: str) -> Iterator[tuple[Mapping[str, Any], Where]]:
    """Each element of a list, with the line on which it begins."""
    found = document[what]
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise InputError(Problem(file, None, f"{what} is a list"))
    key = re.search(rf'"{what}"\s*:\s*\[', text)
    if key is None:  # written with escapes, as nobody does: there is a list, and its lines are not known
        yield from ((body, Where(file)) for body in found)
        return
    at = key.end()
    line = text.count("\n", 0, at) + 1
    for body in found:
        begins = at
        while text[begins] in " \t\r\n,":
            begins += 1
        line += text.count("\n", at, begins)
        _, at = _DECODER.raw_decode(text, begins)
        yield body, Where(file, line)
        line += text.count("\n", begins, at)
