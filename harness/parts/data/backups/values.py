"""What a region's control plane knows of backups, restores, exports and imports, and what can be restored. Pure.

A restore is to a second: what took effect up to the end of that second is in it, and nothing else. It makes a new
table with the source's key and indexes, and without its streams, TTL, point-in-time recovery, auto scaling and tags
(Amazon DynamoDB Developer Guide, "Point-in-time recovery"; "Restoring a table from a backup"). All times are of the
wall clock, in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.units import NS_PER_S

ACCOUNT = "123456789012"
DAY_NS = 86_400 * NS_PER_S
DAYS, DAYS_MAX = 35, 35
"""API Reference, "PointInTimeRecoverySpecification": RecoveryPeriodInDays."""
RESTORE, EXPORT, IMPORT = "restore", "export", "import"
_KEPT = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingModeSummary")
INCREMENTAL = "INCREMENTAL_EXPORT"


@dataclass(frozen=True)
class Durations:
    """How long things take, in this profile."""

    latest_restorable_ns: int
    restore_ns: int
    backup_ns: int
    export_ns: int
    import_ns: int


@dataclass(frozen=True)
class Continuous:
    """Point-in-time recovery of a table: since when, and for how many days. made: which table of that name it is; a new
    one has none of its own before it is switched on for it."""

    since_ns: int
    days: int = DAYS
    made: str = ""


@dataclass(frozen=True)
class Backup:
    """An on-demand backup: of a table as it was at a moment; it can be used when it is ready."""

    arn: str
    name: str
    table: str
    described: Mapping[str, Any]
    at_ns: int
    ready_ns: int


@dataclass(frozen=True)
class Job:
    """A restore, an export or an import. at_ns: the state that is wanted; begin_ns: of an incremental export."""

    arn: str
    kind: str
    table: str
    target: str
    at_ns: int
    due_ns: int
    asked_ns: int
    described: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    begin_ns: int | None = None
    status: str = "IN_PROGRESS"
    reason: str = ""
    items: int = 0


@dataclass(frozen=True)
class State:
    """Of one region. continuous: by table; backups and jobs: by ARN."""

    region: str
    durations: Durations
    continuous: Mapping[str, Continuous] = field(default_factory=dict)
    backups: Mapping[str, Backup] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    made: int = 0


@dataclass(frozen=True)
class Asked:
    """A call. table: the description of the table that it names, None where there is none; target: whether the new
    table is there already."""

    operation: str
    body: Mapping[str, Any]
    table: Mapping[str, Any] | None = None
    target: bool = False


@dataclass(frozen=True)
class Ended:
    """A job has come to its end. reason: why it failed, "" where it did not."""

    arn: str
    items: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Reply:
    """What the caller is told. error: the exception's name, "" where it is an answer."""

    body: Mapping[str, Any]
    error: str = ""


@dataclass(frozen=True)
class Begin:
    """A job to be carried out when it is due."""

    job: Job


Effect = Reply | Begin


class Refused(Exception):
    """A call that DynamoDB refuses."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error = error


def restorable(state: State, table: str, now_ns: int) -> tuple[int, int] | None:
    """The earliest and the latest second to which a table can be restored; None: point-in-time recovery is off."""
    found = state.continuous.get(table)
    if found is None:
        return None
    earliest = max(found.since_ns, now_ns - found.days * DAY_NS)
    return _second(earliest + NS_PER_S - 1), _second(now_ns - state.durations.latest_restorable_ns)


def _second(at_ns: int) -> int:
    return at_ns // NS_PER_S * NS_PER_S


def end_of_second(at_s: float) -> int:
    """The last nanosecond of the second that a client names."""
    return int(at_s) * NS_PER_S + NS_PER_S - 1


def new_table(described: Mapping[str, Any], target: str) -> dict[str, Any]:
    """The call that makes a restored table: keys, indexes and how it is paid for, and nothing that is not restored."""
    kept = {name: described[name] for name in _KEPT if described.get(name)}
    mode = kept.pop("BillingModeSummary", {}).get("BillingMode")
    body = {"TableName": target, "AttributeDefinitions": kept["AttributeDefinitions"], "KeySchema": kept["KeySchema"]}
    through = described.get("ProvisionedThroughput") or {}
    units = {name: int(through.get(name) or 0) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    on_demand = mode == "PAY_PER_REQUEST" or not all(units.values())
    body |= {"BillingMode": "PAY_PER_REQUEST"} if on_demand else {"ProvisionedThroughput": units}
    for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if name in kept:
            body[name] = [
                {key: one[key] for key in ("IndexName", "KeySchema", "Projection")}
                | ({} if on_demand or name[0] == "L" else {"ProvisionedThroughput": units})
                for one in kept[name]
            ]
    return body


def name_of(given: str) -> str:
    """A table's name, of a name or an ARN."""
    return given.rpartition(":table/")[2].partition("/")[0] if given.startswith("arn:") else given


def table_arn(region: str, table: str) -> str:
    """The ARN of a table."""
    return f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{table}"


def numbered(state: State, now_ns: int) -> tuple[State, str]:
    """A number for something that is made, as AWS's look."""
    made = replace(state, made=state.made + 1)
    return made, f"{now_ns // 1_000_000:014d}-{made.made:08x}"


def made_of(described: Mapping[str, Any]) -> str:
    """What tells a table from another one that had its name before."""
    return str(described.get("TableId") or described.get("CreationDateTime") or "")


def table_of(event: Asked) -> Mapping[str, Any]:
    """The description of the table that a call names. Raises Refused."""
    if event.table is None:
        raise Refused("TableNotFoundException", "Table not found")
    return event.table
