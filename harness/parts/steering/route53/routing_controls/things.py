"""Clusters, control panels, routing controls and safety rules; what can be done to them, and what comes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.parts.steering.route53.routing_controls.rules import Rule

CONFLICT, MISSING, INVALID = "ConflictException", "ResourceNotFoundException", "ValidationException"
QUOTA = "ServiceQuotaExceededException"
_NO_TAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Cluster:
    """network: IPV4 or DUALSTACK."""

    arn: str
    name: str
    network: str = "IPV4"


@dataclass(frozen=True)
class Panel:
    """default: the one that its cluster came with."""

    arn: str
    cluster: str
    name: str
    default: bool = False


@dataclass(frozen=True)
class Control:
    """A routing control: a switch. panel: where it belongs."""

    arn: str
    panel: str
    name: str


Thing = Cluster | Panel | Control | Rule


@dataclass(frozen=True)
class Made:
    """Make things, all or none. token: the caller's; what it made before is given again. tags: of the first thing."""

    things: tuple[Thing, ...]
    token: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)


@dataclass(frozen=True)
class Renamed:
    """A new name, of a rule a new wait period, of a cluster a new network type; None: as it is."""

    arn: str
    name: str | None = None
    wait_ms: int | None = None
    network: str | None = None


@dataclass(frozen=True)
class Tagged:
    """Give a thing tags, and take some away. without: their keys."""

    arn: str
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Removed:
    """Remove a thing that nothing else rests on."""

    arn: str


@dataclass(frozen=True)
class Switched:
    """Set routing controls. overridden: safety rules that have no say in this."""

    changes: Mapping[str, bool]
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forgotten:
    """Everything is removed."""


@dataclass(frozen=True)
class Done:
    """Effect: it was carried out. thing: what the call is about, where there is one."""

    thing: Thing | None = None


@dataclass(frozen=True)
class Refused:
    """Effect: nothing was changed. resource: what the refusal is about."""

    code: str
    text: str
    resource: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Flipped:
    """Effect: a routing control changed its state."""

    control: Control
    on: bool


Event = Made | Renamed | Tagged | Removed | Switched | Forgotten
Effect = Done | Refused | Flipped


@dataclass(frozen=True)
class State:
    """things: by ARN, in the order in which they were made. made_ns: of each. on: routing controls that are on."""

    things: Mapping[str, Thing] = field(default_factory=dict)
    made_ns: Mapping[str, int] = field(default_factory=dict)
    on: frozenset[str] = frozenset()
    quiet_until_ns: Mapping[str, int] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, kind: type[Cluster] | type[Panel] | type[Control] | type[Rule], within: str = "") -> list[Thing]:
        """All things of a kind; within: a cluster or a panel."""
        return [t for t in self.things.values() if isinstance(t, kind) and (not within or within in home(self, t))]

    def rules(self) -> list[Rule]:
        """All safety rules."""
        return [thing for thing in self.things.values() if isinstance(thing, Rule)]


def home(state: State, thing: Thing) -> tuple[str, ...]:
    """The panel and the cluster that a thing belongs to."""
    if isinstance(thing, Cluster):
        return ()
    if isinstance(thing, Panel):
        return (thing.cluster,)
    panel = state.things.get(thing.panel)
    return (thing.panel, panel.cluster) if isinstance(panel, Panel) else (thing.panel,)


def called(thing: Thing) -> str:
    """What sort of thing it is, as AWS says it."""
    return {Cluster: "Cluster", Panel: "ControlPanel", Control: "RoutingControl", Rule: "SafetyRule"}[type(thing)]
