"""What the witness is told to do: one validated, frozen value. Addresses are `(host, port)`, times are seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from harness.history.events import DnsAnswer, Event
from harness.kit.address import ANY_ADDRESS, Address, LoopbackAddress
from harness.kit.config import Strict, parsed, refusal
from harness.kit.forms import Form
from harness.kit.reach import may_dial
from harness.kit.tls import Tls
from harness.names import CohortName
from harness.witness.members import Member
from harness.workload import Workload


class Cohort(Strict):
    """How many clients of a kind there are, and how often each writes and reads.

    period_s: one write and one read per client in each period. delete_every: every Nth write is a delete (0: none).
    min_ttl_s: lower clamp on a DNS answer's lifetime (ttl-violating only; operators' clamps of 60 to 2400 s are seen
    in public configurations). connections: pooled connections that a pinned client opens at its start. closely: so many
    times as often does a client look where it hurts (see harness.witness.attention).
    """

    clients: int = Field(default=1, ge=0, le=1000)
    period_s: float = Field(default=0.2, gt=0)
    delete_every: int = Field(default=10, ge=0)
    min_ttl_s: float = Field(default=0.0, ge=0)
    connections: int = Field(default=4, ge=1, le=100)
    closely: int = Field(default=1, ge=1, le=16)


class _SocketCanary(Strict):
    link: str
    address: Address
    keepalive: bool = False


class HttpCanary(_SocketCanary):
    """GET `path` through a link; any HTTP answer is a sign of life. keepalive: reuse one connection. tls: how it is
    spoken there, None: not at all. bad: an answer that holds one of these texts is a failure all the same."""

    kind: Literal["http"]
    path: str = "/"
    host: str | None = None
    tls: Tls | None = None
    bad: tuple[str, ...] = ()


class DynamoDbCanary(_SocketCanary):
    """ListTables through a link. region: of the credential scope."""

    kind: Literal["dynamodb"]
    region: str = Field(min_length=1)


class CallCanary(_SocketCanary):
    """One operation of DynamoDB through a link. bad: an answer that holds one of these texts is a failure."""

    kind: Literal["dynamodb-call"]
    region: str = Field(min_length=1)
    operation: Annotated[str, Form(r"^[A-Za-z0-9]+$", "an operation's name has letters and digits alone")]
    body: str = "{}"
    bad: tuple[str, ...] = ()


class DnsCanary(_SocketCanary):
    """Ask for the A records of `name` over UDP, once. bad: addresses that are an error, as if there were none."""

    kind: Literal["dns"]
    name: str = Field(min_length=1)
    bad: tuple[str, ...] = ()


class ProcessCanary(Strict):
    """A process is there and not stopped."""

    kind: Literal["process"]
    link: str
    pid: int = Field(gt=0)


Canary = Annotated[HttpCanary | DynamoDbCanary | CallCanary | DnsCanary | ProcessCanary, Field(discriminator="kind")]


_EDGE_OF = {
    CohortName.PINNED_A: 0, CohortName.DIRECT_A: 0, CohortName.PINNED_B: 1, CohortName.DIRECT_B: 1,
}  # fmt: skip


class Stub(Strict):
    """How clients ask resolvers: how long they wait for one, and how often they ask all of them."""

    timeout_s: float = Field(default=0.3, gt=0)
    attempts: int = Field(default=2, ge=1, le=10)


class WitnessConfig(Strict):
    """Everything the witness needs.

    history: JSON-lines file that is appended to. dns: authoritative server. record: the application's name.
    resolvers: whom clients ask, in their order, as `stub` says; none: the authoritative server itself.
    port: of the edges. address_book: answered address -> where the clients' link listens; an absent loopback address
    stands for itself. edges: region -> its edge's address, the first is `a`, the second `b`. fronts: answered
    addresses of proxies in front of all edges. audience: further clients, each behind caches as they are. timeout_s:
    deadline of
    an operation from its send time to its answer, name lookup included. seed: of DNS query ids. keys: clients write
    keys of their own only, or also such as others write (see harness.witness.workloads).

    Of a stack that is not ours: hosts: addresses and networks that may be dialled, and no others (none: this machine
    alone). tls: how clients speak it, None: not at all. key_prefix: how every key begins that is written. written: the
    file that names these keys.
    """

    history: str
    dns: Address
    record: str
    resolvers: tuple[LoopbackAddress, ...] = ()
    stub: Stub = Stub()
    port: int = Field(ge=1, le=65535)
    address_book: dict[str, Address] = Field(default_factory=dict)
    edges: dict[str, str] = Field(default_factory=dict)
    fronts: tuple[str, ...] = ()
    cohorts: dict[CohortName, Cohort] = Field(default_factory=dict)
    audience: tuple[Member, ...] = ()
    workload: Workload = Workload()
    keys: Literal["own", "shared"] = "own"
    timeout_s: float = Field(default=1.0, gt=0)
    dns_probe_period_s: float = Field(default=0.05, gt=0)
    canaries: tuple[Canary, ...] = ()
    canary_period_s: float = Field(default=0.25, gt=0)
    canary_timeout_s: float = Field(default=1.0, gt=0)
    realtime: bool = True
    seed: int = 0
    admin: LoopbackAddress = ANY_ADDRESS
    hosts: tuple[str, ...] = ()
    tls: Tls | None = None
    key_prefix: str = ""
    written: str | None = None

    @model_validator(mode="after")
    def _within_reach(self) -> WitnessConfig:
        if not self.hosts:  # a name server that somebody has named may lie anywhere
            self.refuse_beyond([("dns", self.dns)])
        self.refuse_beyond(("address_book", address) for address in self.address_book.values())
        self.refuse_canaries(self.canaries)
        return self

    def refuse_canaries(self, canaries: Iterable[Canary]) -> None:
        """Raises ValueError for one whose address may not be dialled."""
        self.refuse_beyond((f"canaries: {c.link}", c.address) for c in canaries if not isinstance(c, ProcessCanary))

    def refuse_beyond(self, named: Iterable[tuple[str, Address]]) -> None:
        """Raises ValueError for an address that may not be dialled. named: by what it is for."""
        for what, (host, _) in named:
            if may_dial(host, self.hosts):
                continue
            if self.hosts:
                raise ValueError(f"{what}: {host} is outside the named hosts ({', '.join(self.hosts)})")
            raise ValueError(f"{what}: {host} is not a loopback address; a drill stays on this machine")

    @model_validator(mode="after")
    def _edges_for_cohorts(self) -> WitnessConfig:
        for name, cohort in self.cohorts.items():
            if cohort.clients and name in _EDGE_OF:
                self.edge_of(name)
        return self

    def edge_of(self, cohort: CohortName) -> str:
        """The edge address of a cohort that stays with one edge. Raises ValueError."""
        place = _EDGE_OF[cohort]
        addresses = list(self.edges.values())
        if place >= len(addresses):
            raise ValueError(f"cohort {cohort} needs {place + 1} edges; {len(addresses)} are configured")
        return addresses[place]

    def behind(self, event: Event) -> Event:
        """An answer with the address of a proxy in front is told as one with every edge behind it; all else as it is.

        What such an answer says of a place is that any may serve.
        """
        if isinstance(event, DnsAnswer) and not set(self.fronts).isdisjoint(event.addresses):
            return replace(event, addresses=tuple(sorted(self.edges.values())))
        return event

    def dial_address(self, answered: str) -> Address | None:
        """Where a client that was answered `answered` connects; None when that is nowhere it may go."""
        if answered in self.address_book:
            return self.address_book[answered]
        return (answered, self.port) if may_dial(answered, self.hosts) else None


def parse_config(config: Mapping[str, Any]) -> WitnessConfig:
    """The validated configuration. Raises InputError that names every wrong or unknown key."""
    return parsed(WitnessConfig, config, "witness")


_CANARIES: TypeAdapter[tuple[Canary, ...]] = TypeAdapter(tuple[Canary, ...])


def parse_canaries(canaries: Any) -> tuple[Canary, ...]:
    """The validated list of canaries. Raises InputError."""
    try:
        return _CANARIES.validate_python(canaries)
    except ValidationError as error:
        raise refusal(error, "canaries", Canary) from error
