"""The replicas of one table: which regions have one, how each comes about, and what may be asked when. A pure machine.

Sources: Amazon DynamoDB API Reference, UpdateTable (ReplicaUpdates, MultiRegionConsistency, GlobalTableWitnessUpdates)
and ReplicaDescription; Developer Guide, "Multi-Region strong consistency".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from harness.parts.data.global_tables.regions import same_set

EVENTUAL, STRONG = "EVENTUAL", "STRONG"
STRONG_REGIONS = 3
"""Three replicas, or two and a witness ("Multi-Region strong consistency")."""


class Status(StrEnum):
    """Of a replica (API Reference, ReplicaDescription)."""

    CREATING = "CREATING"
    CREATION_FAILED = "CREATION_FAILED"
    DELETING = "DELETING"
    ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Replica:
    """One of them. why: of what failed."""

    status: Status
    why: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """replicas: by region, the one that the table was made in first; none: it is an ordinary table."""

    consistency: str = EVENTUAL
    replicas: Mapping[str, Replica] = field(default_factory=dict)
    witness: str | None = None

    @property
    def busy(self) -> bool:
        """Whether replicas are being made or deleted: nothing else may be asked meanwhile."""
        return any(one.status in (Status.CREATING, Status.DELETING) for one in self.replicas.values())

    @property
    def active(self) -> tuple[str, ...]:
        """The regions between which changes go."""
        return tuple(region for region, one in self.replicas.items() if one.status is Status.ACTIVE)

    @property
    def is_strong(self) -> bool:
        """Whether writes are synchronous to another region."""
        return self.consistency == STRONG and len(self.active) > 1


@dataclass(frozen=True, slots=True)
class Asked:
    """UpdateTable in a region that has the table. body: as it was sent; empty: whether the table holds no item.

    known: the regions that can have a table, and witnesses: those that can be a witness; none named: any.
    """

    region: str
    body: Mapping[str, Any]
    empty: bool
    known: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """The table is there in a region, and what the others hold has been sent to it."""

    region: str


@dataclass(frozen=True, slots=True)
class NotMade:
    """It could not be made there."""

    region: str
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A region has no replica any more."""

    region: str


Event = Asked | Made | NotMade | Gone


@dataclass(frozen=True, slots=True)
class Make:
    """Make the table in a region, as it is in another one."""

    region: str
    like: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the table in a region."""

    region: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call is answered with an error."""

    code: str
    message: str


Effect = Make | Delete | Refuse
Step = tuple[Group, tuple[Effect, ...]]


def step(state: Group, event: Event, now_ns: int) -> tuple[Group, tuple[Effect, ...]]:
    """The next state, and what must be done; a Refuse is the only effect where there is one."""
    del now_ns
    match event:
        case Asked():
            return _asked(state, event)
        case Made(region=region):
            return _with(state, region, Replica(Status.ACTIVE)), ()
        case NotMade(region=region, why=why):
            return _with(state, region, Replica(Status.CREATION_FAILED, why)), ()
        case Gone(region=region):
            left = {other: one for other, one in state.replicas.items() if other != region}
            return replace(state, replicas=left if len(left) > 1 else {}), ()


def _asked(state: Group, asked: Asked) -> Step:
    updates: Sequence[Mapping[str, Any]] = asked.body.get("ReplicaUpdates") or ()
    create = [str(one["Create"].get("RegionName", "")) for one in updates if "Create" in one]
    delete = [str(one["Delete"].get("RegionName", "")) for one in updates if "Delete" in one]
    witnesses = asked.body.get("GlobalTableWitnessUpdates") or ()
    witness = next((str(one["Create"].get("RegionName", "")) for one in witnesses if "Create" in one), None)
    refused = _refusal(state, asked, create, delete, witness)
    if refused is not None:
        return state, (refused,)
    replicas = dict(state.replicas) or {asked.region: Replica(Status.ACTIVE)}
    replicas |= dict.fromkeys(create, Replica(Status.CREATING)) | dict.fromkeys(delete, Replica(Status.DELETING))
    consistency = str(asked.body.get("MultiRegionConsistency") or state.consistency)
    changed = Group(consistency, replicas, witness or state.witness)
    effects: tuple[Effect, ...] = (
        *(Make(region, asked.region) for region in create),
        *(Delete(region) for region in delete),
    )
    return changed, effects


def _refusal(
    state: Group, asked: Asked, create: Sequence[str], delete: Sequence[str], witness: str | None
) -> Refuse | None:
    table = asked.body.get("TableName", "")
    if state.busy:
        return Refuse("ResourceInUseException", f"Replicas of table {table} are being created or deleted")
    have = set(state.replicas) or {asked.region}
    for region in (*create, *filter(None, (witness,))):
        if region in have:
            return _invalid(f"Table {table} has a replica in {region} already")
        possible = asked.witnesses if region == witness else asked.known
        if possible and region not in possible:
            return _invalid(f"There is no region {region} here")
    for region in delete:
        if region not in state.replicas:
            return _invalid(f"Table {table} has no replica in {region}")
        if region == asked.region:
            return _invalid("A replica is deleted from another region, or by DeleteTable")
    consistency = asked.body.get("MultiRegionConsistency")
    if consistency not in (None, EVENTUAL, STRONG):
        return _invalid(f"MultiRegionConsistency must be {EVENTUAL} or {STRONG}")
    if state.replicas and consistency not in (None, state.consistency):
        return _invalid("The consistency of a global table cannot be changed")
    if state.consistency == STRONG and state.replicas and create:
        return _invalid("No replica can be added to a table with multi-Region strong consistency")
    if consistency == STRONG and not state.replicas:
        return _strong_refusal(asked, create, witness)
    return _invalid("A witness belongs to multi-Region strong consistency") if witness else None


def _strong_refusal(asked: Asked, create: Sequence[str], witness: str | None) -> Refuse | None:
    regions = (asked.region, *create, *filter(None, (witness,)))
    if len(set(regions)) != STRONG_REGIONS:
        return _invalid("Multi-Region strong consistency needs three regions: three replicas, or two and a witness")
    if not same_set(regions):
        return _invalid(f"{', '.join(regions)} are not of one set of regions")
    return None if asked.empty else _invalid("Multi-Region strong consistency needs an empty table")


def _invalid(message: str) -> Refuse:
    return Refuse("ValidationException", message)


def _with(state: Group, region: str, replica: Replica) -> Group:
    return replace(state, replicas={**state.replicas, region: replica}) if region in state.replicas else state
