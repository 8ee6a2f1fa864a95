"""One probe of one container: when it is run, and what its results mean. No I/O.

A worker looks at its container by a ticker of one period, from the moment when the pod is there, not when the container
is. A look that finds the container not running, younger than the initial delay, or not at the point where this kind of
probe counts, passes unused. While a request is under way one tick is kept, and the others are lost. From "Configure
Liveness, Readiness and Startup Probes" (concepts/workloads/pods/probes) and, where that is silent, from the kubelet's
own `pkg/kubelet/prober/worker.go`:

* results before the first one: startup unknown, readiness failure, liveness success;
* a number of results in a row makes a result count; what cannot be asked at all (an error) changes nothing;
* liveness and readiness wait for a startup probe, never for each other; a startup probe rests once it has succeeded;
* after a failure of liveness, and after any result of startup, the worker holds until there is a new container;
* the results in a row that a container had are not forgotten when it ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from harness.units import NS_PER_S


class ProbeKind(StrEnum):
    """What a probe is for."""

    STARTUP = "startup"
    LIVENESS = "liveness"
    READINESS = "readiness"


class Result(StrEnum):
    """What is known by a probe. ERROR: it could not be asked, which is thrown away."""

    UNKNOWN = "unknown"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


INITIAL = {
    ProbeKind.STARTUP: Result.UNKNOWN,
    ProbeKind.LIVENESS: Result.SUCCESS,
    ProbeKind.READINESS: Result.FAILURE,
}


@dataclass(frozen=True)
class ProbeTerms:
    """How one probe is run ("Configure probes": the defaults and what each field means).

    grace_ns: the probe's own terminationGracePeriodSeconds, None where the pod's holds.
    """

    initial_delay_ns: int = 0
    period_ns: int = 10 * NS_PER_S
    timeout_ns: int = 1 * NS_PER_S
    success_threshold: int = 1
    failure_threshold: int = 3
    grace_ns: int | None = None


@dataclass(frozen=True)
class Look:
    """What a worker sees of its container. since_ns: running since; None: it does not run. started: startup is over."""

    since_ns: int | None
    started: bool


@dataclass(frozen=True)
class Worker:
    """What is known by one probe. next_ns: of its ticker; number: of its last request; deadline_ns: of the one under
    way. last, row: the latest result, and how often it came in a row."""

    kind: ProbeKind
    terms: ProbeTerms
    next_ns: int
    result: Result
    last: Result | None = None
    row: int = 0
    on_hold: bool = False
    number: int = 0
    deadline_ns: int | None = None


def began(kind: ProbeKind, terms: ProbeTerms, now_ns: int) -> Worker:
    """The worker of a pod that is new: it looks at once."""
    return Worker(kind, terms, now_ns, INITIAL[kind])


def with_new_container(worker: Worker) -> Worker:
    """There is another container: what was known of the old one does not hold, what came in a row still counts."""
    return replace(worker, result=INITIAL[worker.kind], on_hold=False, deadline_ns=None)


def without_container(worker: Worker) -> Worker:
    """Its container runs no more: an answer that is still under way is of no use."""
    result = worker.result if worker.on_hold else Result.FAILURE
    return replace(worker, result=result, deadline_ns=None)


def hurried(worker: Worker, now_ns: int) -> Worker:
    """Look now, and go on from here: what a readiness probe of a container that is not ready may do at any time
    ("while a container isn't Ready, the readinessProbe may be executed at times other than periodSeconds")."""
    return replace(worker, next_ns=min(worker.next_ns, now_ns))


def due(worker: Worker, look: Look, second_ns: int, now_ns: int) -> tuple[Worker, bool]:
    """The worker after its tick, and whether it asks. second_ns: of the documented clock."""
    if now_ns < worker.next_ns or worker.deadline_ns is not None:
        return worker, False
    passed = (now_ns - worker.next_ns) // worker.terms.period_ns + 1
    worker = replace(worker, next_ns=worker.next_ns + passed * worker.terms.period_ns)
    if not _wanted(worker, look, second_ns, now_ns):
        return worker, False
    return replace(worker, number=worker.number + 1, deadline_ns=now_ns + worker.terms.timeout_ns), True


def _wanted(worker: Worker, look: Look, second_ns: int, now_ns: int) -> bool:
    if worker.on_hold or look.since_ns is None:
        return False
    if (now_ns - look.since_ns) // second_ns * second_ns < worker.terms.initial_delay_ns:
        return False
    return look.started is not (worker.kind is ProbeKind.STARTUP)


def answered(worker: Worker, number: int, result: Result) -> Worker:
    """An answer came; one to a request that nobody waits for any more changes nothing."""
    if worker.deadline_ns is None or worker.number != number:
        return worker
    worker = replace(worker, deadline_ns=None)
    if result not in (Result.SUCCESS, Result.FAILURE):
        return worker
    row = worker.row + 1 if worker.last is result else 1
    worker = replace(worker, last=result, row=row)
    terms = worker.terms
    if row < (terms.success_threshold if result is Result.SUCCESS else terms.failure_threshold):
        return worker
    worker = replace(worker, result=result)
    final = worker.kind is ProbeKind.STARTUP or (worker.kind is ProbeKind.LIVENESS and result is Result.FAILURE)
    return replace(worker, on_hold=True, row=0) if final else worker


def overdue(worker: Worker, now_ns: int) -> bool:
    """Whether the request under way has taken too long: that is a failure, whatever was asked."""
    return worker.deadline_ns is not None and now_ns >= worker.deadline_ns


def wake_ns(worker: Worker) -> int:
    """When it wants to be looked after."""
    return worker.next_ns if worker.deadline_ns is None else worker.deadline_ns
