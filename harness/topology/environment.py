"""What an environment file says: places, databases, edge, health checks, workload, objectives (production seconds)."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from harness.kit.config import Strict
from harness.kit.forms import Form
from harness.names import OUTSIDE
from harness.topology.audience import Users
from harness.topology.stop import Stop
from harness.topology.timing import Profile

Name = Annotated[
    str, Form(r"^[a-z0-9][a-z0-9.-]{0,62}$", "needs 1 to 63 characters of a-z 0-9 . -, a letter or a digit first")
]
SHORTEST_S, LONGEST_S = 0.001, 86_400.0
Seconds = Annotated[float, Field(ge=SHORTEST_S, le=LONGEST_S)]
"""Any duration that somebody writes, in a file, an option or a step: a millisecond to a day."""
Period = Annotated[float, Field(ge=0.1, le=LONGEST_S)]
"""How often something is done again: clients and checkers that did it more often would only measure themselves."""
Items = Annotated[int, Field(ge=0, le=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Port = Annotated[int, Field(ge=0, le=65_535)]
PRIMARY, STANDBY = "primary", "standby"


_ROLES = (PRIMARY, STANDBY)


def _role(word: object) -> object:
    """What is no word is no role, and a misspelt `primary` would be a role of its own: both would show much later."""
    if word is None:
        return None
    if not isinstance(word, str) or not word[:1].isalpha():
        raise ValueError(f"no role; one of: {', '.join(_ROLES)}, or a word that scenarios use for the place")
    close = () if word in _ROLES else difflib.get_close_matches(word, _ROLES, 1, 0.8)
    if close:
        raise ValueError(f"did you mean {close[0]}?")
    return word


class Spec(Strict):
    """Base of all file models: people write a number where a name is meant."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class Section(BaseModel):
    """A section that names a part by its kind (None: the usual one). The rest is checked by the part's own spec."""

    model_config = ConfigDict(frozen=True, extra="allow", coerce_numbers_to_str=True)

    kind: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What it says beside the kind."""
        return dict(self.model_extra or {})


class Place(Spec):
    """Where the application runs: a region, a data centre. database: the region whose database it uses.

    role: `primary` serves in steady state, `standby` takes over; any other word is a name that scenarios may use. A
    place whose database is not named is the region of its database, too: losing one is losing both.
    """

    name: Name
    role: Annotated[Name | None, BeforeValidator(_role)] = None
    database: Name | None = None

    @property
    def database_name(self) -> str:
        """The region whose database it uses."""
        return self.database or self.name


class Edge(Spec):
    """Where clients come in: a name in a hosted zone, with a PRIMARY and a SECONDARY alias record.

    ttl_s: what resolvers may cache; an alias to a load balancer has 60 s, not settable (Route 53 API Reference,
    ResourceRecordSet, TTL). port: the application's port on both edge addresses, 0 = any free one.
    """

    hosted_zone: Name = "example.com"
    record: Name = "app.example.com"
    ttl_s: Seconds = 60
    port: Port = 0
    dns_port: Port = 0


class HealthChecks(Spec):
    """Route 53 health checks of each region's edge.

    Defaults: request interval 10 s (fast), failure threshold 3, connect 4 s, status 2 s (Route 53 Developer Guide,
    "How Route 53 determines whether a health check is healthy"); 16 checkers as seen in practice.
    """

    request_interval_s: Literal[10, 30] = 10
    failure_threshold: Annotated[int, Field(ge=1, le=10)] = 3
    connect_timeout_s: Seconds = 4
    status_timeout_s: Seconds = 2
    checkers: Annotated[int, Field(ge=3, le=64)] = 16
    evaluate_target_health: bool = True


class Workload(Spec):
    """The witness's open-loop clients. Periods and time-outs are wall seconds in every profile.

    rate_per_s: operations per second of the judged `dns` cohort over all its clients. The other cohorts run at
    `other_period_s` for each kind of operation.
    """

    dns_clients: Annotated[int, Field(ge=4, le=64)] = 4
    rate_per_s: Annotated[float, Field(ge=1, le=1000)] = 40
    other_period_s: Period = 0.5
    timeout_s: Annotated[float, Field(ge=0.5, le=60)] = 1.0


class ProfileObjectives(Spec):
    """Promises of one profile, in its wall seconds. error_budget: share of requests that may fail under a fault.

    planned_interruption_s: how long a failback, or another move that no fault calls for, may interrupt a client; left
    out: as long as the recovery time objective.
    """

    rto_s: Seconds
    rpo_s: Seconds | None = None
    rpo_items: Items | None = None
    error_budget: Share | None = None
    planned_interruption_s: Seconds | None = None
    failback_s: Seconds | None = None


class Objectives(Spec):
    """What a drill promises unless its scenario says otherwise, per profile."""

    fast: ProfileObjectives
    production: ProfileObjectives


class Environment(Spec):
    """A whole environment file. folder: where it lies, for the relative path of `subject`.

    subject_at: where the file says `subject`, as FILE:LINE, for whoever does not find it; stop_at: where
    it says how many requests a stop condition needs, by its name. profile: of a run that names
    none; a stack that is not ours runs in `production`, unless it has been made quicker.
    """

    environment: Name
    description: str = ""
    profile: Profile = Profile.FAST
    places: tuple[Place, ...] = Field(validation_alias=AliasChoices("places", "regions"))
    edge: Edge = Edge()
    health_checks: HealthChecks = HealthChecks()
    links: Section = Section()
    platform: Section = Section()
    region_servers: Section = Section()
    replication: Section = Section()
    functions: Section = Section()
    shop: Section = Section()
    recovery: Section = Section()
    third_parties: Section = Section()
    load_balancer: Section = Section()
    gateway: Section = Section()
    steering: Section = Section()
    dns: Section = Section()
    workload: Workload = Workload()
    audience: tuple[Users, ...] = ()
    objectives: Objectives
    stop: Stop = Stop()
    subject: str | None = None
    toxiproxy_port: Port = 0
    folder: Path = Field(default=Path(), exclude=True)
    subject_at: str = Field(default="", exclude=True)
    stop_at: dict[str, str] = Field(default_factory=dict, exclude=True)

    @property
    def primary(self) -> Place:
        """The place that serves in steady state."""
        return next(place for place in self.places if place.role == PRIMARY)

    @property
    def standby(self) -> Place:
        """The place that takes over."""
        return next(place for place in self.places if place.role == STANDBY)

    @property
    def databases(self) -> tuple[str, ...]:
        """The regions that have a database, each once, in the order of the places that use them."""
        return tuple(dict.fromkeys(place.database_name for place in self.places))

    @property
    def locations(self) -> tuple[str, ...]:
        """Everything that can be lost as a whole: places, and the regions of their databases."""
        return tuple(dict.fromkeys((*(place.name for place in self.places), *self.databases)))

    def database_of(self, place: str) -> str:
        """The region whose database a place uses. Raises KeyError for no place of this environment."""
        found = self.place_named(place)
        if found is None:
            raise KeyError(place)
        return found.database_name

    def section(self, key: str) -> Section:
        """The section of that key; see harness.topology.kinds. Raises KeyError."""
        if key not in type(self).model_fields:
            raise KeyError(key)
        found: Section = getattr(self, key)
        return found

    def home_of(self, place: str) -> str:
        """The region whose database is at hand in a place; "" outside, where none is nearer than another."""
        return "" if place == OUTSIDE else self.database_of(place)

    def place_named(self, name: str) -> Place | None:
        """The place of that name, or None."""
        return next((place for place in self.places if place.name == name), None)

    def place_with_role(self, role: str) -> Place | None:
        """The place that has a role, or None."""
        return next((place for place in self.places if place.role == role), None)

    def objectives_of(self, profile: Profile) -> ProfileObjectives:
        """The promises of a profile."""
        return self.objectives.fast if profile is Profile.FAST else self.objectives.production
