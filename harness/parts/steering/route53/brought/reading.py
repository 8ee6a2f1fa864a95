"""Which form a file has, and the zone that is in it. Files come from outside: they are read, and never believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.engines.dns.names import normalise
from harness.errors import InputError, Problem
from harness.parts.steering.route53.brought import aws_output, octodns, strangers, terraform
from harness.parts.steering.route53.brought.model import UNKNOWN, Brought, Check
from harness.parts.steering.route53.brought.texts import text_of
from harness.topology.yaml_reader import loaded

FORMS = (
    "`aws route53 list-resource-record-sets --hosted-zone-id ID` (JSON), `terraform show -json PLAN`, or a zone of "
    "octoDNS (YAML)"
)


def read(file: Path, zone: str | None = None, health_checks: Path | None = None) -> Brought:
    """The zone that a file holds. zone: its name, where the file cannot say it, or holds several. health_checks: what
    `aws route53 list-health-checks` printed. Raises InputError, with file and line where there is one."""
    found = _zone(file, zone)
    if health_checks is None:
        return found
    own = {key: one for key, one in (found.checks or {}).items() if one.check.type != UNKNOWN or "." in key}
    return replace(found, checks={**own, **checks_of(health_checks)})


def checks_of(file: Path) -> Mapping[str, Check]:
    """The health checks of an account. Raises InputError."""
    name, text = str(file), text_of(file)
    document = _json(name, text)
    if not isinstance(document, Mapping) or aws_output.CHECKS not in document:
        told = "these are no health checks as `aws route53 list-health-checks` prints them"
        raise InputError(Problem(name, None, told))
    return aws_output.checks(name, text, document)


def _zone(file: Path, zone: str | None) -> Brought:
    name, text = str(file), text_of(file)
    document = _json(name, text)
    if document is None:
        return _octodns(file, text, zone)
    if isinstance(document, Mapping) and aws_output.RECORDS in document:
        found = aws_output.zone(name, text, document)
        if zone is not None and normalise(zone) != found.name:
            raise InputError(Problem(name, None, f"this is the zone {found.name}, and not {normalise(zone)}"))
        return found
    if isinstance(document, Mapping) and terraform.is_plan(document):
        return terraform.zone(name, document, zone)
    if isinstance(document, Mapping) and aws_output.CHECKS in document:
        text = "these are health checks: name the zone's file, and this with --health-checks"
        raise InputError(Problem(name, None, text))
    raise _refused(name, strangers.of_document(document))


def _refused(file: str, told: str, line: int | None = None) -> InputError:
    """told: what it is, "" where nobody knows."""
    known = f"{told}. What can be read" if told else "this is none of what can be read"
    return InputError(Problem(file, line, f"{known}: {FORMS}"))


def _json(name: str, text: str) -> Any:
    """None: it is not JSON at all."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        if told := strangers.of_text(text):
            raise _refused(name, told) from error
        line = getattr(error, "lineno", None)
        raise InputError(Problem(name, line, f"this is no JSON: {getattr(error, 'msg', 'it is too deep')}")) from error


def _octodns(file: Path, text: str, zone: str | None) -> Brought:
    name = str(file)
    if told := strangers.of_text(text):
        raise _refused(name, told, 1)
    document = loaded(name, text)
    if isinstance(document, Mapping) and {aws_output.RECORDS, aws_output.CHECKS} & document.keys():
        raise InputError(Problem(name, None, "this is AWS's list as YAML: add `--output json`"))
    bodies = [one for value in document.values() for one in _listed(value)] if isinstance(document, Mapping) else []
    if not any(isinstance(one, Mapping) and "type" in one for one in bodies):
        stranger = strangers.of_document(document)
        if stranger or not bodies or not all(isinstance(one, Mapping) for one in bodies):
            raise _refused(name, stranger)
    apex = zone or file.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".")
    if "." not in apex:
        raise InputError(
            Problem(name, None, f"octoDNS names a file by its zone, and {file.name} names none: say it with --zone")
        )
    return octodns.zone(name, document, apex)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
