"""What a subject file says: which commands make up the system under test, and where each runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.kit.forms import Form
from harness.names import EACH, OUTSIDE, instance_name
from harness.stored import KeySpec, ValueSpec
from harness.topology.consistency import Consistency
from harness.topology.environment import LONGEST_S, Environment, Seconds, Spec
from harness.topology.timing import Timing
from harness.wire import placeholders
from harness.wire.statuses import Statuses, codes
from harness.wire.url_path import UrlPath
from harness.workload import Text, Workload

START_TIMEOUT_S = 20.0
SETTLE_S = 90.0
"""Production seconds until a started application is served through the edge: three health checks 30 s apart, Route 53's
standard interval (Developer Guide, "Values that you specify when you create or update health checks")."""

EnvironmentName = Annotated[
    str,
    Form(r"^[A-Za-z_][A-Za-z0-9_]*$", "a variable's name has letters, digits and _, and does not begin with a digit"),
]
SubjectName = Annotated[
    str,
    Form(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", "needs 1 to 63 characters of a-z A-Z 0-9 _ . -, a letter or a digit first"
    ),
]
ComponentName = Annotated[str, Form(r"^[a-z][a-z0-9-]{0,40}$", "needs 1 to 41 characters of a-z 0-9 -, a letter first")]
TableName = Annotated[str, Form(r"^[A-Za-z0-9_.-]{3,255}$", "DynamoDB wants 3 to 255 characters of a-z A-Z 0-9 _ . -")]
"""Amazon DynamoDB Developer Guide, "Naming rules"."""

PORT = "{port}"
_MATCHED = range(200, 500)
"""What a target group's matcher may hold (Elastic Load Balancing API Reference, Matcher)."""


def _of_a_matcher(statuses: tuple[str, ...]) -> tuple[str, ...]:
    beyond = [code for code in codes(statuses) if code not in _MATCHED]
    if beyond:
        raise ValueError(f"{beyond[0]} is beyond what a load balancer takes for healthy (200 to 499)")
    return statuses


class Table(Spec):
    """A table that exists in every database before the components start, and is compared between them afterwards.

    key: the attribute that is the key, or what partition key and sort key hold: `{PK: "TENANT#1", SK: "ITEM#{id}"}`;
    items with other keys are not looked at. value: the attribute that holds what the client sent, `doc.value` within a
    map, or `{attribute: body, at: /value}` within a text that is JSON. key_types: of key attributes that are no
    strings: N or B. create: false leaves creating it to the subject.
    """

    name: TableName
    key: KeySpec
    value: ValueSpec
    key_types: dict[str, Literal["S", "N", "B"]] = Field(default_factory=dict)
    create: bool = True


class Component(Spec):
    """One program of the subject. region: `each`, `outside`, or a place's name.

    command: `python` is the harness's own interpreter, or that of `venv` (a virtual environment's folder) where one is
    named; `{port}` is the port where a program takes it on its command line; port_env: the variable that tells it. env:
    may take variables of the environment: `${env:NAME}`. health: polled by the load balancer; health_codes: what it
    must answer, within 200 to 499 (the balancer's matcher); edge_health: polled by the edge's health checks (default:
    health), which want 2xx or 3xx; ready: the component counts as started once this gives any HTTP answer (default:
    health).
    """

    name: ComponentName
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    region: str
    env: dict[EnvironmentName, Text] = Field(default_factory=dict)
    venv: Annotated[str, Field(min_length=1)] | None = None
    port_env: EnvironmentName | None = None
    health: UrlPath = "/health"
    health_codes: Annotated[Statuses, AfterValidator(_of_a_matcher)] = ("200",)
    edge_health: UrlPath | None = None
    ready: UrlPath | None = None

    @property
    def has_port(self) -> bool:
        """Whether it is told a port to listen on."""
        return self.port_env is not None or any(PORT in text for text in (*self.command, *self.env.values()))

    @property
    def edge_health_path(self) -> str:
        """The path that the edge's health checks ask."""
        return self.edge_health or self.health

    @property
    def ready_path(self) -> str:
        """The path that tells that the component has started."""
        return self.ready or self.health


class Image(Spec):
    """What a container image runs on this machine. command: as of a component; `{port}` is the pod's port.

    asks_database: the paths that it answers by asking the database; a liveness probe on one of them is warned of.
    """

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    asks_database: tuple[UrlPath, ...] = ()


class Failover(Spec):
    """components: what `failover=off` stops, besides freezing the edge's answer."""

    components: tuple[str, ...] = ()


class SubjectTiming(Spec):
    """What the subject documents of its own timing, in production seconds; only used to predict the recovery time.

    lease_s: how long a lease may still run when its region is lost. edge_follows: the edge's health path is healthy
    only where writes are accepted.
    """

    check_interval_s: Seconds
    check_timeout_s: Seconds
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] = 3
    lease_s: Annotated[float, Field(ge=0, le=LONGEST_S)] = 0
    edge_follows: bool = False


class Business(Spec):
    """Where the application keeps what it was told of a business that goes on elsewhere, such as a shop's.

    keeps: by kind of thing (`orders`), the table whose value is the version of it that the application knows of.
    effects: the table whose value counts, by key, how often something was done because of it: once, and no more. asks:
    by topic (`orders/create`), the keys of what must be done because of it, with fields of its body: `erp:{id}`.
    """

    keeps: Annotated[dict[TableName, TableName], Field(min_length=1)]
    effects: TableName | None = None
    asks: dict[Text, tuple[Text, ...]] = Field(default_factory=dict)


class Subject(Spec):
    """A whole subject file. folder: where it lies; commands run there.

    images: by name, with or without its tag; for platforms that run manifests. business: for worlds that have one.
    start_timeout_s: wall seconds, in either profile, in which every component with a port must give an HTTP answer.
    venv: the virtual environment of those components that name none. replication: `none` where the design copies no
    writes to another database, `promised` where a drill without it is missed; left out, it is looked for and told.
    """

    subject: SubjectName
    tables: tuple[Table, ...] = ()
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    images: dict[Text, Image] = Field(default_factory=dict)
    failover: Failover = Failover()
    workload: Workload = Workload()
    consistency: Consistency = Consistency()
    business: Business | None = None
    venv: Annotated[str, Field(min_length=1)] | None = None
    replication: Literal["none", "promised"] | None = None
    honours_time_scale: bool = False
    timing: SubjectTiming | None = None
    start_timeout_s: Seconds = START_TIMEOUT_S
    folder: Path = Field(default=Path(), exclude=True)

    @property
    def application(self) -> Component:
        """The component behind the load balancers: the one with a port, running in each place, or in one alone."""
        inside = [c for c in self.components if c.has_port and c.region != OUTSIDE]
        return next((c for c in inside if c.region == EACH), inside[0])

    @property
    def written_table(self) -> str | None:
        """The table by which clients' writes are judged; None without tables."""
        return self.workload.table or next((table.name for table in self.tables), None)

    @property
    def judged_table(self) -> Table | None:
        """The same, with its key and value."""
        return next((table for table in self.tables if table.name == self.written_table), None)

    def variables(self) -> frozenset[str]:
        """The environment variables that it takes something from: what they hold is shown to nobody."""
        given = (text for component in self.components for text in component.env.values())
        return self.workload.variables() | {name for text in given for name in placeholders.variables(text)}

    def serving_timeout_s(self, timing: Timing) -> float:
        """Wall seconds in which the started application must serve writes through the edge."""
        return self.start_timeout_s + timing.interval_s(SETTLE_S)

    def instances(self, environment: Environment) -> tuple[Instance, ...]:
        """Every process that a drill starts, in the order of the file."""
        return tuple(
            Instance(component=component, place=place, name=instance_name(component.name, place))
            for component in self.components
            for place in _places(component, environment)
        )


class Instance(Spec):
    """One running component. place: its name, or `outside`; name: e.g. `storefront.us-east-1`."""

    component: Component
    place: str
    name: str


def _places(component: Component, environment: Environment) -> tuple[str, ...]:
    if component.region == EACH:
        return tuple(place.name for place in environment.places)
    return (OUTSIDE,) if component.region == OUTSIDE else (component.region,)
