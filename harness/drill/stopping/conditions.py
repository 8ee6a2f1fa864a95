"""What a drill is stopped by, as plain data of its case, in the wall time of its profile; and as people are told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.history.events import Completion
from harness.measurement.models import JUDGED_COHORT
from harness.names import CohortName
from harness.units import to_s

Kind = Literal["errors", "latency", "command"]
ERRORS: Kind = "errors"
LATENCY: Kind = "latency"
COMMAND: Kind = "command"

_DIRECT = (CohortName.DIRECT_A.value, CohortName.DIRECT_B.value)
_UNANSWERED = ("timeout", "connect-timeout")


@dataclass(frozen=True)
class RequestCondition:
    """More than `share` of at least `requests` requests, within window_ns, were bad.

    above_ns None: bad is what was not served. Else: what was served later than that, or not answered in time. place:
    whose clients count, those that dial it past DNS at `address`; None: those that follow DNS.
    """

    share: float
    window_ns: int
    requests: int
    above_ns: int | None = None
    place: str | None = None
    address: str | None = None

    @property
    def kind(self) -> Kind:
        """Which of the conditions it is."""
        return ERRORS if self.above_ns is None else LATENCY

    def bad(self, ended: Completion, took_ns: int) -> bool | None:
        """Whether a request counts against it; None when it is none of those that count."""
        if self.place is None:
            counts = ended.cohort == JUDGED_COHORT
        else:
            counts = ended.cohort in _DIRECT and ended.address == self.address
        if not counts:
            return None
        if self.above_ns is None:
            return not ended.served
        if ended.error in _UNANSWERED:
            return True
        return took_ns > self.above_ns if ended.served else None

    def breached(self, bad: int, total: int) -> bool:
        """Whether so many of so many are too many."""
        return total >= self.requests and bad > self.share * total

    @property
    def what(self) -> str:
        """`requests failed`: what is counted."""
        if self.above_ns is None:
            return "requests failed"
        return f"requests took longer than {self.above_ns / 1e6:g} ms"

    @property
    def whose(self) -> str:
        """Of which clients."""
        return "clients that follow DNS" if self.place is None else f"clients that dial {self.place} directly"

    @property
    def text(self) -> str:
        """The condition in words."""
        what = self.what.replace("failed", "fail").replace("took", "take")
        return f"more than {percent(self.share)} of {what} within {to_s(self.window_ns):g} s ({self.whose})"


@dataclass(frozen=True)
class CommandCondition:
    """A command of the user's exits non-zero. program: only what is run; arguments may hold what nobody may see."""

    program: str
    every_ns: int
    timeout_ns: int

    @property
    def text(self) -> str:
        """The condition in words."""
        return f"the stop command {self.program} exits non-zero, or says nothing for {to_s(self.timeout_ns):g} s"


@dataclass(frozen=True)
class StopConditions:
    """All of a drill's; any of them is enough."""

    errors: RequestCondition | None = None
    latency: RequestCondition | None = None
    command: CommandCondition | None = None

    @property
    def of_requests(self) -> tuple[RequestCondition, ...]:
        """Those that clients show."""
        return tuple(one for one in (self.errors, self.latency) if one is not None)

    def __bool__(self) -> bool:
        return bool(self.of_requests) or self.command is not None

    @property
    def texts(self) -> tuple[str, ...]:
        """Each in words."""
        commands = () if self.command is None else (self.command.text,)
        return (*(one.text for one in self.of_requests), *commands)


def percent(share: float) -> str:
    """`50 %`."""
    return f"{share * 100:g} %"
