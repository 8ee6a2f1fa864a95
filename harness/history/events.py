"""What a history is made of: one event, one line, stamped with the observer's monotonic nanoseconds.

Operations are an `Invoke` and, later, a `Completion` with the same `op`; how late the witness sent is in each `Invoke`.
Everything else in the same file is context: faults (by the adversary), DNS answers and health transitions (source:
witness, world or subject), canary probes, and marks of the phases of the drill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.history.business import BusinessChange, BusinessTold
from harness.history.journeys import JourneyMade
from harness.history.parties import PartyCall
from harness.history.source import Source
from harness.outcome import Outcome

Function = Literal["put", "get", "delete", "add"]
ABSENT = "absent"
"""The error of a delete that was answered: there is nothing to delete."""


@dataclass(frozen=True)
class Invoke:
    """A client starts an operation.

    op: unique id of the operation, and the value that a put writes. planned_ns: where the open-loop grid put it.
    mono_ns: when it was really sent, stamped before the DNS lookup. v: what a put writes, or by how much an add counts
    up; else None. extra: it was sent beside the even grid, to see a beginning or an end more closely; shares of what
    was served leave it out. group: the id of the first of several puts that one request made, all or none of them.
    """

    op: str
    p: int
    client: str
    cohort: str
    f: Function
    k: str
    v: str | None
    planned_ns: int
    mono_ns: int
    attempt: int = 0
    extra: bool = False
    group: str | None = None


@dataclass(frozen=True)
class Completion:
    """An operation ends, as its client sees it.

    v: for a get that succeeded the value read, None when the item is absent. address: the answered address that was
    dialled. status: HTTP status, None when there was none. region, epoch: testimony of the answer's headers.
    error: one word (refused, reset, timeout, connect-timeout, dns, garbage, absent), None when the answer needs none.
    k: the key as the application names it, which differs from the invoke's where ids are made by the server.
    """

    op: str
    p: int
    client: str
    cohort: str
    f: Function
    k: str
    v: str | None
    outcome: Outcome
    mono_ns: int
    address: str | None = None
    status: int | None = None
    error: str | None = None
    region: str | None = None
    epoch: int | None = None
    attempt: int = 0

    @property
    def served(self) -> bool:
        """The client was served: acknowledged write, an answered read, or a delete that found nothing to delete."""
        return self.outcome is Outcome.OK or self.error == ABSENT


@dataclass(frozen=True)
class FaultEvent:
    """The adversary starts or stops a fault.

    mono_ns: when the first link or process was touched; until_ns: when the last one was. The truth lies between.
    """

    f: Literal["start", "stop"]
    fault: str
    target: str
    mode: str
    mono_ns: int
    until_ns: int
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class DnsAnswer:
    """An observer's answer for the application's name changed (or was seen for the first time).

    client: which cache saw it; `authoritative` is a client that asks every time (TTL 0). addresses: of edges; where a
    proxy in front of all of them is answered, whose own address says nothing, of every one behind it.
    """

    source: Source
    client: str
    name: str
    addresses: tuple[str, ...]
    ttl_s: float
    mono_ns: int


@dataclass(frozen=True)
class HealthTransition:
    """The world's health checkers changed their mind about a region's edge.

    healthy_checkers of checkers say healthy; `status` follows the 18 % rule.
    """

    target: str
    status: Literal["healthy", "unhealthy"]
    healthy_checkers: int
    checkers: int
    mono_ns: int
    source: Source = "world"
    kind: str = "route53"


@dataclass(frozen=True)
class CanaryProbe:
    """The witness tried a link (or a process) of its own beside those that a fault hits.

    mono_ns: when it was sent. kind: what was asked: http, dynamodb or process.
    """

    link: str
    ok: bool
    mono_ns: int
    returned_ns: int
    error: str | None = None
    kind: str = ""


@dataclass(frozen=True)
class Sample:
    """What one failing operation was answered, for people to read: a few for each client and kind of failure.

    status_line: status and reason; headers: some of the answer's, `name: value`; body: its beginning. Each is one line
    of printable characters, at most 200. Nothing of the request is in it.
    """

    op: str
    client: str
    cohort: str
    f: Function
    mono_ns: int
    status: int
    status_line: str
    headers: tuple[str, ...] = ()
    body: str = ""
    address: str | None = None


@dataclass(frozen=True)
class Mark:
    """A drill entered a phase of its lifecycle, named as in harness.drill.lifecycle: `steady state`, `fault`, ...

    Among a region's commits (source: world) it is `reset`: every table of the region is gone.
    """

    f: str
    mono_ns: int
    text: str = ""
    source: Source = "harness"


@dataclass(frozen=True)
class PodEvent:
    """Something happened to a pod of a place, or to a rollout there (pod "").

    workload: the Deployment or Pod that it belongs to. what: started, ready, unready, killing, exited, backoff,
    deleted, gone; rollout complete, rollout stalled. text: why, in words.
    """

    place: str
    workload: str
    pod: str
    what: str
    mono_ns: int
    text: str = ""
    container: str = ""
    source: Source = "world"


@dataclass(frozen=True)
class Happening:
    """Something about a thing of the world, in the words of its part: for people, never for a verdict.

    kind: what sort of thing it is, in one word: call, record, target, ... thing: its name; of a call, who made it.
    what: what it is from now on, "" where it is there no more; of what does not last, what was done. good: whether that
    is as it should be; None: neither. text: why, or with what outcome. before: what it was until then, where anything.
    """

    kind: str
    thing: str
    what: str
    mono_ns: int
    text: str = ""
    lasts: bool = True
    good: bool | None = None
    source: Source = "world"
    before: str = ""


@dataclass(frozen=True)
class StopEvent:
    """The drill's stop conditions: watched from here (`armed`) to there (`disarmed`); what the user's command answered
    (`command`); one of them held, so that the drill was aborted (`abort`, and mono_ns is when that was decided).

    condition: `errors`, `latency` or `command`. from_ns, until_ns: the time that was looked at; of a command, while it
    ran. bad, total: requests that counted in it; ops: some of the bad ones. code: a command's exit code, None when it
    gave none; output: its last lines, each one line of printable characters, at most 200.
    """

    f: Literal["armed", "disarmed", "command", "abort"]
    mono_ns: int
    condition: str = ""
    from_ns: int | None = None
    until_ns: int | None = None
    bad: int = 0
    total: int = 0
    ops: tuple[str, ...] = ()
    code: int | None = None
    output: tuple[str, ...] = ()


Event = (
    Invoke | Completion | FaultEvent | DnsAnswer | HealthTransition | CanaryProbe | Sample | Mark | StopEvent | PodEvent
    | Happening | BusinessChange | BusinessTold | PartyCall | JourneyMade
)  # fmt: skip


@dataclass(frozen=True)
class Commit:
    """World truth, kept apart from the history: a region server applied a write to one item.

    v: the item's value attribute after the write, None when the item (or that attribute) is absent.
    seq: position in this region's commit log. undo: it puts back what the write before it to this item changed, which
    the region could not bring to another one: where a write counts only once another region has it, that one never did.
    """

    region: str
    table: str
    k: str
    v: str | None
    seq: int
    mono_ns: int
    undo: bool = False


@dataclass(frozen=True)
class Operation:
    """An invoke joined to its completion. completion None: it never returned, which counts as INFO."""

    invoke: Invoke
    completion: Completion | None

    @property
    def outcome(self) -> Outcome:
        return Outcome.INFO if self.completion is None else self.completion.outcome

    @property
    def good(self) -> bool:
        """The client was served; see Completion.served (an absent item is an available service)."""
        return self.completion is not None and self.completion.served

    @property
    def sent_ns(self) -> int:
        return self.invoke.mono_ns

    @property
    def returned_ns(self) -> int | None:
        return None if self.completion is None else self.completion.mono_ns

    @property
    def is_write(self) -> bool:
        return self.invoke.f != "get"
