"""The health of a load balancer's targets, and what it answers when a target fails. No I/O.

States of a target, as DescribeTargetHealth names them (ELB API reference, TargetHealth):

    initial ----one success----> healthy <--healthy_threshold successes-- unhealthy
       \\--unhealthy_threshold failures--> unhealthy <--unhealthy_threshold failures-- healthy

Only healthy targets get requests; when there is none, all of them do ("fails open"). From "Health checks for
Application Load Balancer target groups": one success after registration makes a target healthy; an answer's duration
does not shift the interval; the connection of a check is closed after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus

from harness.units import NS_PER_S

INTERVAL_S = 30.0
"""HealthCheckIntervalSeconds, for targets of type instance and ip (same page)."""
TIMEOUT_S = 5.0
"""HealthCheckTimeoutSeconds (same page)."""
HEALTHY_THRESHOLD = 5
"""HealthyThresholdCount (same page)."""
UNHEALTHY_THRESHOLD = 2
"""UnhealthyThresholdCount (same page)."""
SUCCESS_CODES = (200,)
"""Matcher (same page)."""
IDLE_TIMEOUT_S = 60.0
"""idle_timeout.timeout_seconds ("Edit attributes for your Application Load Balancer")."""
CONNECT_TIMEOUT_S = 10.0
"""Connection time-out to a target ("Troubleshoot your Application Load Balancers", HTTP 504)."""
MAX_REQUEST_LINE_BYTES = 16 * 1024
"""Request line ("Quotas for your Application Load Balancers", HTTP headers)."""
MAX_REQUEST_HEAD_BYTES = 64 * 1024
"""Entire request header (same page)."""
MAX_RESPONSE_HEAD_BYTES = 32 * 1024
"""Entire response header (same page)."""


class TargetState(StrEnum):
    """The health of a registered target, in the words of the load balancer's API."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Reason(StrEnum):
    """Why a target is not healthy (ELB API reference, TargetHealth.Reason)."""

    INITIAL = "Elb.InitialHealthChecking"
    MISMATCH = "Target.ResponseCodeMismatch"
    TIMEOUT = "Target.Timeout"
    FAILED = "Target.FailedHealthChecks"


@dataclass(frozen=True)
class HealthSettings:
    """interval_ns: from the start of a check to the start of the next. success_codes: HTTP statuses that pass."""

    interval_ns: int = int(INTERVAL_S * NS_PER_S)
    timeout_ns: int = int(TIMEOUT_S * NS_PER_S)
    healthy_threshold: int = HEALTHY_THRESHOLD
    unhealthy_threshold: int = UNHEALTHY_THRESHOLD
    success_codes: tuple[int, ...] = SUCCESS_CODES


@dataclass(frozen=True)
class TargetHealth:
    """One target. check: number of its last check; deadline_ns: of the check under way, None between checks.

    status: what its last finished check answered; None: nothing well-formed, or not in time.
    """

    id: str
    state: TargetState = TargetState.INITIAL
    reason: Reason | None = Reason.INITIAL
    successes: int = 0
    failures: int = 0
    check: int = 0
    next_check_ns: int = 0
    deadline_ns: int | None = None
    status: int | None = None


@dataclass(frozen=True)
class GroupState:
    """All registered targets, in the order of registration."""

    targets: tuple[TargetHealth, ...] = ()


@dataclass(frozen=True)
class Registered:
    """The list of targets is now this one. Those that stay keep their health."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class Forgotten:
    """Every target starts again as `initial`."""


@dataclass(frozen=True)
class Tick:
    """Time passed."""


@dataclass(frozen=True)
class Checked:
    """A check ended. status: HTTP status, None when no well-formed answer came (refused, reset, garbage)."""

    id: str
    check: int
    status: int | None


Event = Registered | Forgotten | Tick | Checked


@dataclass(frozen=True)
class SendCheck:
    """Ask the target's health path; give the outcome back as `Checked` with the same number."""

    id: str
    check: int


@dataclass(frozen=True)
class CancelCheck:
    """The outcome of this check is not wanted any more; close its connection."""

    id: str
    check: int


@dataclass(frozen=True)
class Changed:
    """A target's state changed. healthy of targets are healthy now."""

    id: str
    state: TargetState
    reason: Reason | None
    healthy: int
    targets: int


Effect = SendCheck | CancelCheck | Changed


@dataclass(frozen=True)
class TargetGroup:
    """The machine: `step` never raises for an unknown or late check, it ignores it."""

    settings: HealthSettings = HealthSettings()

    def step(self, state: GroupState, event: Event, now_ns: int) -> tuple[GroupState, tuple[Effect, ...]]:
        """The next state, and what must be done."""
        effects: tuple[Effect, ...] = ()
        if isinstance(event, Registered):
            state, effects = _register(state, event.ids, now_ns)
        elif isinstance(event, Forgotten):
            effects = _cancel(state.targets)
            state = GroupState(tuple(_fresh(target, now_ns) for target in state.targets))
        elif isinstance(event, Checked):
            state, effects = self._ended(state, event)
        state, due = self._due(state, now_ns)
        return state, effects + due

    def _ended(self, state: GroupState, event: Checked) -> tuple[GroupState, tuple[Effect, ...]]:
        target = next((target for target in state.targets if target.id == event.id), None)
        if target is None or target.deadline_ns is None or target.check != event.check:
            return state, ()
        answered = replace(target, status=event.status)
        state, _ = _put(state, target, answered)
        target = answered
        if event.status in self.settings.success_codes:
            return _put(state, target, self._passed(target))
        return _put(state, target, self._failed(target, Reason.FAILED if event.status is None else Reason.MISMATCH))

    def _due(self, state: GroupState, now_ns: int) -> tuple[GroupState, tuple[Effect, ...]]:
        effects: list[Effect] = []
        for target in state.targets:
            if target.deadline_ns is not None and now_ns >= target.deadline_ns:
                effects.append(CancelCheck(target.id, target.check))
                silent = replace(target, status=None)  # an earlier answer is none to this check
                state, changed = _put(state, target, self._failed(silent, Reason.TIMEOUT))
                effects += changed
        for target in state.targets:
            if target.deadline_ns is None and now_ns >= target.next_check_ns:
                begun = self._begin(target, now_ns)
                effects.append(SendCheck(begun.id, begun.check))
                state, _ = _put(state, target, begun)
        return state, tuple(effects)

    def _begin(self, target: TargetHealth, now_ns: int) -> TargetHealth:
        following_ns = target.next_check_ns + self.settings.interval_ns
        if following_ns <= now_ns:  # we woke up too late: keep the interval, not the grid
            following_ns = now_ns + self.settings.interval_ns
        deadline_ns = now_ns + self.settings.timeout_ns
        return replace(target, check=target.check + 1, next_check_ns=following_ns, deadline_ns=deadline_ns)

    def _passed(self, target: TargetHealth) -> TargetHealth:
        target = replace(target, successes=target.successes + 1, failures=0, deadline_ns=None)
        wanted = 1 if target.state is TargetState.INITIAL else self.settings.healthy_threshold
        if target.state is TargetState.HEALTHY or target.successes < wanted:
            return target
        return replace(target, state=TargetState.HEALTHY, reason=None)

    def _failed(self, target: TargetHealth, reason: Reason) -> TargetHealth:
        target = replace(target, successes=0, failures=target.failures + 1, deadline_ns=None)
        if target.state is TargetState.UNHEALTHY:
            return replace(target, reason=reason)
        if target.failures < self.settings.unhealthy_threshold:
            return target
        return replace(target, state=TargetState.UNHEALTHY, reason=reason)


def next_wake_ns(state: GroupState) -> int | None:
    """When the machine wants its next Tick; None while there is no target."""
    wakes = [t.next_check_ns if t.deadline_ns is None else t.deadline_ns for t in state.targets]
    return min(wakes, default=None)


def candidates(state: GroupState, *, fails_open: bool = True) -> tuple[str, ...]:
    """The targets that get requests: the healthy ones; when none is healthy all of them, where it fails open."""
    healthy = tuple(target.id for target in state.targets if target.state is TargetState.HEALTHY)
    return healthy or (tuple(target.id for target in state.targets) if fails_open else ())


def _fresh(target: TargetHealth, now_ns: int) -> TargetHealth:
    return TargetHealth(target.id, check=target.check, next_check_ns=now_ns)


def _register(state: GroupState, ids: tuple[str, ...], now_ns: int) -> tuple[GroupState, tuple[Effect, ...]]:
    known = {target.id: target for target in state.targets}
    kept = tuple(known.get(id_) or TargetHealth(id_, next_check_ns=now_ns) for id_ in ids)
    return GroupState(kept), _cancel(tuple(target for target in state.targets if target.id not in ids))


def _cancel(targets: tuple[TargetHealth, ...]) -> tuple[Effect, ...]:
    return tuple(CancelCheck(target.id, target.check) for target in targets if target.deadline_ns is not None)


def _put(state: GroupState, old: TargetHealth, new: TargetHealth) -> tuple[GroupState, tuple[Effect, ...]]:
    targets = tuple(new if target is old else target for target in state.targets)
    if new.state is old.state:
        return GroupState(targets), ()
    healthy = sum(target.state is TargetState.HEALTHY for target in targets)
    return GroupState(targets), (Changed(new.id, new.state, new.reason, healthy, len(targets)),)


class TargetFailure(StrEnum):
    """Why no target answered; the value is what the answer's own header says."""

    NO_TARGET = "no-target"
    REFUSED = "target-refused"
    RESET = "target-reset"
    GARBAGE = "target-garbage"
    TIMEOUT = "target-timeout"


_STATUS = {
    TargetFailure.NO_TARGET: HTTPStatus.SERVICE_UNAVAILABLE,
    TargetFailure.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
}


def status_of(failure: TargetFailure) -> HTTPStatus:
    """The status of the answer ("Troubleshoot your Application Load Balancers").

    503: no registered target. 504: connecting or answering took too long. 502: the target refused, reset or closed
    the connection with a request outstanding, or its answer was malformed.
    """
    return _STATUS.get(failure, HTTPStatus.BAD_GATEWAY)
