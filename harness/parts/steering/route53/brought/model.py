"""What was read of a zone, whatever it was kept in. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.engines.dns.zone import HealthCheck, RecordSet
from harness.kit.wording import wording
from harness.parts.steering.route53.record_sets import Stored

Value = TypeVar("Value")
UNKNOWN = "unknown"
"""The type of a health check of which only the id is known: it is taken to ask what its record leads to."""


@dataclass(frozen=True)
class Where:
    """A place in a file. line: 1-based; None where the file has no lines that mean anything to people. name: what the
    file itself calls it, "" where it calls it nothing."""

    file: str
    line: int | None = None
    name: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} ({self.name})" if self.name else place


@dataclass(frozen=True)
class Record:
    """A record set, and where it is written."""

    stored: Stored
    where: Where


@dataclass(frozen=True)
class Check:
    """A health check, and where it is written.

    alarm_region: of the alarm whose metric a CLOUDWATCH_METRIC check watches, "" for any other.
    """

    check: HealthCheck
    where: Where
    alarm_region: str = ""


@dataclass(frozen=True)
class Brought:
    """One zone. name: its apex, normalised. checks: by id; None: the file cannot say what health checks there are.

    zone_id: as aliases within the zone name it. notes: what of the file could not be taken over, for people.
    """

    name: str
    records: tuple[Record, ...]
    checks: Mapping[str, Check] | None = None
    zone_id: str = ""
    notes: tuple[str, ...] = field(default=())


UNFIT = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading something raises that has not the form it should have."""


class Misfit(ValueError):
    """What is wrong with a value, in words."""


def told_of(error: Exception) -> str:
    """The same for people, who do not know Python."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) if isinstance(error, Misfit) else f"a value in it is of the wrong kind ({error})"


_FORMS: Mapping[type[Any], TypeAdapter[Any]] = {one: TypeAdapter(one) for one in (RecordSet, HealthCheck)}


def formed(found: Value) -> Value:
    """A record set or a health check of what somebody wrote, with fields of the kinds they must be. Raises Misfit."""
    try:
        made: Value = _FORMS[type(found)].validate_python(vars(found))
    except ValidationError as error:
        told = (f"{'.'.join(map(str, one['loc']))}: {wording(one)}" for one in error.errors(include_url=False))
        raise Misfit("; ".join(told)) from None
    return made


def whole(found: Mapping[str, Any], key: str, default: int) -> int:
    """A whole number. Raises Misfit."""
    value = found.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit(f"{key}: a whole number is wanted, not {value}")
    return int(value)


def mapping(found: Any, what: str) -> Mapping[str, Any]:
    """A mapping. Raises Misfit."""
    if not isinstance(found, Mapping):
        raise Misfit(f"{what}: a mapping is wanted, not {found}")
    return found


def sequence(found: Any, what: str) -> Sequence[Any]:
    """A list with something in it. Raises Misfit."""
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        raise Misfit(f"{what}: a list with something in it is wanted, not {found}")
    return found
