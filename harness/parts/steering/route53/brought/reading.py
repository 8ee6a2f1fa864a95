"""Which form a file has, and the zone that is in it. Files come from outside: they are read, and never believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought import aws_output, octodns, terraform
from harness.parts.steering.route53.brought.model import Brought, Check
from harness.regular_files import read_text
from harness.topology.yaml_reader import loaded

FORMS = (
    "`aws route53 list-resource-record-sets --hosted-zone-id ID` (JSON), `terraform show -json PLAN`, or a zone of "
    "octoDNS (YAML)"
)


def read(file: Path, zone: str | None = None, health_checks: Path | None = None) -> Brought:
    """The zone that a file holds. zone: its name, where the file cannot say it, or holds several. health_checks: what
    `aws route53 list-health-checks` printed. Raises InputError, with file and line where there is one."""
    name, text = str(file), _text(file)
    document = _json(name, text)
    if document is None:
        found = _octodns(file, text, zone)
    elif aws_output.RECORDS in document:
        found = aws_output.zone(name, text, document)
    elif terraform.is_plan(document):
        found = terraform.zone(name, document, zone)
    elif aws_output.CHECKS in document:
        raise InputError(
            Problem(name, None, "these are health checks: name the zone's file, and this with --health-checks")
        )
    else:
        raise InputError(Problem(name, None, f"this is none of what can be read: {FORMS}"))
    if health_checks is None:
        return found
    return Brought(
        found.name, found.records, {**(found.checks or {}), **_checks(health_checks)}, found.zone_id, found.notes
    )


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(Problem(str(file), None, f"it cannot be read: {error}")) from error


def _json(name: str, text: str) -> Mapping[str, Any] | None:
    """None: it is not JSON at all."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(Problem(name, line, f"this is no JSON: {getattr(error, 'msg', 'it is too deep')}")) from error
    if not isinstance(document, dict):
        raise InputError(Problem(name, 1, f"this is a list, and none of what can be read: {FORMS}"))
    return document


def _checks(file: Path) -> Mapping[str, Check]:
    name, text = str(file), _text(file)
    document = _json(name, text)
    if document is None or aws_output.CHECKS not in document:
        raise InputError(
            Problem(name, None, "these are no health checks as `aws route53 list-health-checks` prints them")
        )
    return aws_output.checks(name, text, document)


def _octodns(file: Path, text: str, zone: str | None) -> Brought:
    name = str(file)
    if _is_master_file(text):
        told = "this is a zone file in the form of BIND: it holds no routing policy and no health check"
        raise InputError(Problem(name, 1, f"{told}. What can be read: {FORMS}"))
    document = loaded(name, text)
    if not isinstance(document, Mapping) or not all(
        isinstance(one, Mapping)
        for value in document.values()
        for one in (value if isinstance(value, list) else [value])
    ):
        raise InputError(Problem(name, None, f"this is none of what can be read: {FORMS}"))
    apex = zone or file.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".")
    if "." not in apex:
        raise InputError(
            Problem(name, None, f"octoDNS names a file by its zone, and {file.name} names none: say it with --zone")
        )
    return octodns.zone(name, document, apex)


def _is_master_file(text: str) -> bool:
    """Whether it begins like an RFC 1035 master file."""
    lines = (line.partition(";")[0].strip() for line in text.splitlines())
    first = next((line for line in lines if line), "")
    return first.startswith("$") or " IN " in f" {first} ".replace("\t", " ")
