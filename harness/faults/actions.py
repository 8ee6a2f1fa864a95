"""What can be done to a world, one small change each, and how each is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.faults.commerce_actions import CommerceAction, RelieveParty, RelieveShop, TroubleParty, TroubleShop
from harness.faults.dns_actions import DnsAction, RelieveDns, TroubleDns

Stream = Literal["upstream", "downstream"]


@dataclass(frozen=True)
class DisableLink:
    """Refuse new connections, close the open ones."""

    link: str


@dataclass(frozen=True)
class EnableLink:
    """Undo `DisableLink`."""

    link: str


@dataclass(frozen=True)
class AddToxic:
    """Put a toxic on a link. name: unique on the link. toxicity: share of connections that it works on, 0..1."""

    link: str
    name: str
    type: str
    stream: Stream
    attributes: Mapping[str, int | float | str] = field(default_factory=dict)
    toxicity: float = 1.0


@dataclass(frozen=True)
class RemoveToxic:
    """Undo `AddToxic`, of which name and type are repeated."""

    link: str
    name: str
    type: str


@dataclass(frozen=True)
class CutLink:
    """Reset the connections that a link has now. Nothing undoes it."""

    link: str


@dataclass(frozen=True)
class KillProcess:
    """End a process at once (SIGKILL)."""

    instance: str


@dataclass(frozen=True)
class StartProcess:
    """Undo `KillProcess`: start the instance anew, as whoever supervises it would in the end."""

    instance: str


@dataclass(frozen=True)
class FreezeProcess:
    """Stop a process (SIGSTOP): its sockets stay open and accept, and nothing answers."""

    instance: str


@dataclass(frozen=True)
class ThawProcess:
    """Undo `FreezeProcess`."""

    instance: str


@dataclass(frozen=True)
class RefuseOperations:
    """A region's database answers these operations with an error, whoever asks, and does nothing.

    name: unique at the database. error: the service's code.
    """

    database: str
    name: str
    operations: tuple[str, ...]
    error: str


@dataclass(frozen=True)
class AllowOperations:
    """Undo `RefuseOperations`."""

    database: str
    name: str


@dataclass(frozen=True)
class PutPoison:
    """Write records into the table of a region's database, past the application, that no version of it ever wrote."""

    database: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class RemovePoison:
    """Undo `PutPoison`. What has been made of the records elsewhere stays."""

    database: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class CorruptItems:
    """Rewrite the values of up to `items` items of the table of a region's database, past the application, and write
    one that nobody wrote, under `sentinel`. Its undoing removes that one alone: a new version does not mend data."""

    database: str
    items: int
    sentinel: str


@dataclass(frozen=True)
class DeleteTables:
    """Delete every table of a region's database. Nothing undoes that."""

    database: str


@dataclass(frozen=True)
class SwitchOffDatabase:
    """End the server of a region's database at once (SIGKILL), as when it loses power."""

    database: str


@dataclass(frozen=True)
class SwitchOnDatabase:
    """Undo `SwitchOffDatabase`: start it again on what it has stored."""

    database: str


@dataclass(frozen=True)
class TroubleProvider:
    """A provider's API is in trouble, whoever calls it. name: unique there; trouble: throttled, failing, unanswered."""

    provider: str
    name: str
    trouble: str


@dataclass(frozen=True)
class RelieveProvider:
    """Undo `TroubleProvider`."""

    provider: str
    name: str


@dataclass(frozen=True)
class DropRecord:
    """Delete the application's record through a provider's API, as somebody does who means to make it anew."""

    provider: str


@dataclass(frozen=True)
class RestoreRecord:
    """Undo `DropRecord`: make the record anew, as it was, unless somebody else has."""

    provider: str


@dataclass(frozen=True)
class LoseControlPlane:
    """The API of whoever steers clients answers nothing (silent) or errors (failing); what it serves goes on."""

    mode: Literal["silent", "failing"]


@dataclass(frozen=True)
class RestoreControlPlane:
    """Undo `LoseControlPlane`."""


@dataclass(frozen=True)
class BlindHealthChecks:
    """The health checks of whoever steers clients reach nothing (unreachable), or stay as they are (frozen)."""

    mode: Literal["unreachable", "frozen"]


@dataclass(frozen=True)
class UnblindHealthChecks:
    """Undo `BlindHealthChecks`."""


@dataclass(frozen=True)
class RollOutBad:
    """Roll a version of the application out in a place that starts and never answers."""

    place: str


@dataclass(frozen=True)
class RollBack:
    """Undo `RollOutBad`."""

    place: str


@dataclass(frozen=True)
class BreakByOwner:
    """Whoever owns a stack that is not ours brings a fault about, in a way that the environment file names.

    way: which of those, by its number. links: of ours, over which it must be seen.
    """

    fault: str
    target: str
    mode: str
    way: int
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class MendByOwner:
    """Undo `BreakByOwner`."""

    fault: str
    target: str
    mode: str
    way: int


LinkAction = DisableLink | EnableLink | AddToxic | RemoveToxic | CutLink
ProcessAction = KillProcess | StartProcess | FreezeProcess | ThawProcess
ItemAction = RefuseOperations | AllowOperations | PutPoison | RemovePoison | CorruptItems
DatabaseAction = ItemAction | DeleteTables | SwitchOffDatabase | SwitchOnDatabase
ProviderAction = TroubleProvider | RelieveProvider | DropRecord | RestoreRecord
SteeringAction = LoseControlPlane | RestoreControlPlane | BlindHealthChecks | UnblindHealthChecks
RolloutAction = RollOutBad | RollBack
OwnerAction = BreakByOwner | MendByOwner
OfOthers = ProviderAction | SteeringAction | CommerceAction | OwnerAction
Action = LinkAction | DnsAction | ProcessAction | DatabaseAction | RolloutAction | OfOthers


def undo(action: Action) -> Action | None:
    """The action that takes this one back; None when there is none."""
    match action:
        case DisableLink(link):
            return EnableLink(link)
        case AddToxic(link=link, name=name, type=kind):
            return RemoveToxic(link, name, kind)
        case KillProcess(instance):
            return StartProcess(instance)
        case FreezeProcess(instance):
            return ThawProcess(instance)
        case RefuseOperations(database=database, name=name):
            return AllowOperations(database, name)
        case PutPoison(database, keys):
            return RemovePoison(database, keys)
        case CorruptItems(database=database, sentinel=sentinel):
            return RemovePoison(database, (sentinel,))
        case SwitchOffDatabase(database):
            return SwitchOnDatabase(database)
        case TroubleParty(party=party, name=name):
            return RelieveParty(party, name)
        case TroubleProvider(provider=provider, name=name):
            return RelieveProvider(provider, name)
        case DropRecord(provider):
            return RestoreRecord(provider)
        case LoseControlPlane():
            return RestoreControlPlane()
        case BlindHealthChecks():
            return UnblindHealthChecks()
        case TroubleShop(trouble=trouble):
            return RelieveShop(trouble)
        case TroubleDns(link=link, name=name):
            return RelieveDns(link, name)
        case RollOutBad(place):
            return RollBack(place)
        case BreakByOwner(fault, target, mode, way):
            return MendByOwner(fault, target, mode, way)
    return None
