"""What an intermediary knows, hears of, and wants done: the values of its machine (see decision.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from reference.intermediary.leadership import Asserted, Claim, Seat, TableRead, Terms
from reference.intermediary.looking import Look, LookRules, View


@dataclass(frozen=True, slots=True)
class Site:
    """A place where clients can be sent. address: of its load balancer; database: the region whose tables it uses."""

    name: str
    address: str
    database: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers that decisions rest on, in nanoseconds. sites: the primary first. tied: a place serves only while its
    own database is the active one."""

    sites: tuple[Site, ...]
    regions: tuple[str, ...]
    looks: LookRules
    tied: bool
    terms: Terms
    api_timeout_ns: int
    hold_down_ns: int
    refresh_ns: int
    back_off_ns: int
    back_off_max_ns: int
    retry_after_max_ns: int

    def site_at(self, address: str) -> Site | None:
        """The place that an address leads to."""
        return next((site for site in self.sites if site.address == address), None)

    @property
    def primary(self) -> Site:
        """Where clients are in steady state."""
        return self.sites[0]


@dataclass(frozen=True, slots=True)
class ARecord:
    """The record as the API tells it."""

    id: int
    address: str
    ttl_s: int


Answer = Literal["done", "missing", "throttled", "refused", "error", "unknown", "not-sent"]
"""Of the API: carried out; there is no such record; too many requests; wrong by our own fault; failed for certain; no
answer, so nobody knows; our leadership was over before it was sent."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call to the API ended. records: what there is under the name, where it was read. after_s: what a throttled
    caller was told to wait."""

    answer: Answer
    records: tuple[ARecord, ...] = ()
    after_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A round begins: time has passed."""


Event = Look | TableRead | Asserted | Called | Tick


@dataclass(frozen=True, slots=True)
class ReadTables:
    """Read who is active and who leads from every table."""


@dataclass(frozen=True, slots=True)
class Assert:
    """Write the claim to these tables, each on condition that it holds what is said here (None: no claim)."""

    claim: Claim
    wanted: Mapping[str, Claim | None]


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """Ask the API what there is under the name."""


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Have the API make the record say `address`; id None: make one. Not sent later than send_by_ns."""

    id: int | None
    address: str
    send_by_ns: int


@dataclass(frozen=True, slots=True)
class DropRecord:
    """Have the API delete a record that is one too many."""

    id: int
    send_by_ns: int


@dataclass(frozen=True, slots=True)
class Testify:
    """Say how a place is found: agree of `of` vantage points find it well."""

    place: str
    well: bool
    agree: int
    of: int


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the operators."""

    level: str
    what: str
    details: Mapping[str, object] = field(default_factory=dict)


Effect = ReadTables | Assert | ReadRecord | WriteRecord | DropRecord | Testify | Announce


class Calling(Enum):
    """What is asked of the API just now: one thing at a time."""

    NOTHING = "nothing"
    READING = "reading"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class State:
    """Everything an intermediary knows.

    records: as last read, None while nobody knows. read_ns: when that was. doubt: something was written since, and
    nobody knows whether it was carried out. not_before_ns: no call before this; failures: calls that failed in a row.
    said: what was announced last of why nothing is done. led: whether it led when it last looked.
    """

    seat: Seat
    views: Mapping[str, View]
    records: tuple[ARecord, ...] | None = None
    read_ns: int = 0
    doubt: bool = False
    calling: Calling = Calling.NOTHING
    not_before_ns: int = 0
    failures: int = 0
    wanted: str = ""
    said: str = ""
    led: bool = False
