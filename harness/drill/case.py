"""A case: everything that a drill's verdict depends on beside what was seen, as plain frozen data.

With the history, the survivor's commits and the final tables it is all that `conclusion.conclude` needs, so a drill can
be judged again by anybody, at any time, from its folder alone. Nothing in here is alive: no world, no file, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.checkers.promise import Promise
from harness.drill.case_audience import CaseAudience
from harness.drill.case_journeys import CaseJourneys
from harness.drill.case_recovery import CaseArchive, CaseRebuild, CaseRestore
from harness.drill.evidence import Objectives
from harness.drill.lifecycle import Limits
from harness.drill.plain import LEFT_OUT
from harness.drill.plan import Law, unanswered_ns
from harness.drill.reconciled import CaseReconciled
from harness.drill.stopping.conditions import StopConditions
from harness.history.events import CanaryProbe
from harness.measurement.canary import CanaryJudgement, Expectation, Fails, Rate, Slow, judge_canary
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict
from harness.topology.environment import PRIMARY, STANDBY

SCHEMA = "drill-case/1"
Final = Mapping[str, Mapping[str, Mapping[str, str | None]]]
"""Database -> table -> key -> value, after everything had gone quiet."""


@dataclass(frozen=True)
class CasePlace:
    """A place where the application ran. address: what DNS answers for it, "" when it has none."""

    name: str
    database: str
    address: str
    role: str | None = None


@dataclass(frozen=True)
class Workload:
    """What the judged clients sent. table: where their writes end up; "" in older files: in the first one.

    functions: the operations that the application has; empty in older files: nobody knows.
    """

    dns_clients: int
    rate_per_s: float
    timeout_s: float
    table: str = ""
    functions: tuple[str, ...] = ()

    def lacks(self, function: str) -> bool:
        """Whether the application has no such operation."""
        return bool(self.functions) and function not in self.functions


@dataclass(frozen=True)
class CanaryCase:
    """What the witness's own probes of `links` must have seen. For `slow` low is in milliseconds, for `rate` shares."""

    links: tuple[str, ...]
    kind: Literal["fails", "slow", "rate"] = "fails"
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def of(cls, links: tuple[str, ...], expected: Expectation) -> CanaryCase:
        """From a fault's plan."""
        if isinstance(expected, Slow):
            return cls(links, "slow", expected.min_ms)
        if isinstance(expected, Rate):
            return cls(links, "rate", expected.low, expected.high)
        return cls(links)

    @property
    def expected(self) -> Expectation:
        """What judges it."""
        if self.kind == "slow":
            return Slow(self.low)
        return Rate(self.low, self.high) if self.kind == "rate" else Fails()


@dataclass(frozen=True)
class CaseFault:
    """One fault. applied: false where it was only announced (`fault=none`). interval: when it began and ended."""

    kind: str
    target: str
    mode: str
    interval: FaultInterval
    applied: bool = True
    links: tuple[str, ...] = ()
    canary: CanaryCase = CanaryCase(())
    kinds_used: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()

    @property
    def started_ns(self) -> int:
        """When its first link was touched."""
        return self.interval.start_low_ns

    @property
    def holds(self) -> bool:
        """Whether it was applied, and has not been healed."""
        return self.applied and self.interval.stop_low_ns is None

    def judged_by(self, probes: Iterable[CanaryProbe]) -> CanaryJudgement:
        """Whether the fault was seen at its victim."""
        if not self.applied:
            return CanaryJudgement(False, "the fault was never applied, and was not seen anywhere")
        return judge_canary(probes, self.canary.links, self.canary.expected, self.interval)


@dataclass(frozen=True)
class Episode:
    """A stretch of a drill that is judged by itself; see `episodes` for the rule. faults, healed: indexes of faults.

    begins: with a fault (the last one of `faults`), or with the heal of `healed` while other faults go on holding.
    serving: the place that served before it. expected: the place that a step says must serve after it.
    """

    name: str
    begins: Literal["fault", "heal"]
    serving: str
    faults: tuple[int, ...] = ()
    healed: tuple[int, ...] = ()
    expected: str | None = None


@dataclass(frozen=True)
class Requirement:
    """Something that the scenario demanded. episode: the index of the one it is about; None: the whole drill.

    place: which place it names. from_ns, until_ns: the time that it is about, where its step says so. system: of a
    third party, which one; most: how many of something there may be, or seconds; share: of something, 0..1.
    """

    name: str
    episode: int | None = None
    place: str | None = None
    from_ns: int | None = None
    until_ns: int | None = None
    system: str | None = None
    most: float | None = None
    share: float | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class Ending:
    """What ended the scenario before its last step. about: the requirement that was judged then, if one was."""

    verdict: Verdict
    text: str
    about: Requirement | None = None


@dataclass(frozen=True)
class CaseLook:
    """The table that clients write as a database had it while they were at work: read between the two moments.

    Only where no order of commits is kept, and where the table is small enough; see harness.drill.looking.
    """

    database: str
    from_ns: int
    until_ns: int
    items: Mapping[str, str]


@dataclass(frozen=True)
class CaseBusiness:
    """Where the application keeps what it is told of a business elsewhere: see harness.topology.subject.Business."""

    keeps: Mapping[str, str]
    effects: str | None = None
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseShop:
    """A shop that took part. told: in which times it tells the application of what happens, in a sentence; untold: what
    it had not told in the end, in words."""

    told: str
    untold: str = ""


@dataclass(frozen=True)
class Case:
    """One drill. `law` is what the environment's documented constants say; times are the profile's wall time.

    settings: `--set` texts. control: the verdict that a drill which is broken on purpose must end with;
    control_applies_nothing: since no fault is ever applied in it, and for no other reason. lease_s: how
    long the subject's lease may run. mixed_timing: the subject's own intervals were not scaled. unsent: operations
    that the witness was too late to send. promise: what the subject promises of its data; None: a case of before there
    were promises, whose scenario alone says what is judged. at_rest: what was found amiss before any fault, and kept
    nobody from starting. own_timing: whether the subject's file tells of intervals of its own; replication: what it
    says of that (both None: an older file). not_reached: steps of the scenario after the one that ended it. stop: when
    the drill had to be aborted. looks, restores, rebuilds: in order of time. log paths, folder: relative to run.json.
    """

    name: str
    feature: str
    scenario: str
    folder: str
    objectives: Objectives
    limits: Limits
    law: Law
    places: tuple[CasePlace, ...]
    workload: Workload
    tags: tuple[str, ...] = ()
    typed: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[CaseFault, ...] = ()
    episodes: tuple[Episode, ...] = ()
    required: tuple[Requirement, ...] = ()
    control: Verdict | None = None
    control_applies_nothing: bool = False
    ended_by: Ending | None = None
    calibration: Mapping[str, float] = field(default_factory=dict)
    deaths: tuple[str, ...] = ()
    at_rest: tuple[str, ...] = ()
    unsent: int = 0
    lease_s: float | None = None
    mixed_timing: bool = False
    logs: tuple[str, ...] = ()
    duration_ns: int = 0
    prescribed_ns: int = 0
    promise: Promise | None = None
    own_timing: bool | None = None
    replication: str | None = None
    not_reached: tuple[str, ...] = ()
    stop: StopConditions = field(default_factory=StopConditions)
    looks: tuple[CaseLook, ...] = ()
    restores: tuple[CaseRestore, ...] = ()
    rebuilds: tuple[CaseRebuild, ...] = ()
    business: CaseBusiness | None = None
    reconciled: CaseReconciled | None = None
    shop: CaseShop | None = None
    journeys: CaseJourneys | None = field(default=None, metadata=LEFT_OUT)
    archive: CaseArchive | None = field(default=None, metadata=LEFT_OUT)
    audience: CaseAudience | None = field(default=None, metadata=LEFT_OUT)
    schema: str = SCHEMA

    @property
    def window_ns(self) -> int:
        """W: how long nothing may fail before a recovery counts as lasting."""
        return self.limits.window_ns

    @property
    def unanswered_ns(self) -> int:
        """After this long an operation without an answer counts as failed."""
        return unanswered_ns(self.workload.timeout_s)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Place -> the address that DNS answers for it."""
        return {place.name: place.address for place in self.places if place.address}

    @property
    def by_address(self) -> Mapping[str, str]:
        """The address that DNS answers -> the place that it stands for."""
        return {address: place for place, address in self.addresses.items()}

    def told(self, episode: int | None) -> str:
        """Which episode a sentence is about, as its beginning, where there are several."""
        if episode is None or len(self.episodes) < 2:
            return ""
        return f"episode {episode + 1} ({self.episodes[episode].name}): "

    def role(self, role: str) -> str:
        """The name of the place with a role."""
        return next(place.name for place in self.places if place.role == role)

    @property
    def primary(self) -> str:
        """The place that serves on any other day."""
        return self.role(PRIMARY)

    @property
    def standby(self) -> str:
        """The place that takes over."""
        return self.role(STANDBY)

    def database_of(self, place: str) -> str:
        """Whose database a place uses."""
        return next(one.database for one in self.places if one.name == place)

    def other_than(self, place: str) -> str:
        """Who takes over for a place: the standby; for the standby itself, the primary."""
        return self.standby if place != self.standby else self.primary
