"""What was read of a zone, whatever it was kept in. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.engines.dns.zone import HealthCheck
from harness.parts.steering.route53.record_sets import Stored


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
