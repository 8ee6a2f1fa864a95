"""One container of a pod: started, probed, stopped and started again. No I/O.

    waiting --due--> starting --runs--> running --ends--> waiting (or finished, by the restart policy)
                                           \\--a probe failed, or the pod goes--> stopping --ends--> the same

Stopping ("Container hooks", "Termination of Pods"): the preStop hook first, its time taken off the grace period; then
SIGTERM, and SIGKILL when the grace period is over, but never sooner than two seconds after SIGTERM.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from harness.parts.platform.kubernetes.machines import probe
from harness.parts.platform.kubernetes.machines.backoff import BackOff, BackOffTerms, after_restart, restart_ns
from harness.parts.platform.kubernetes.machines.events import (
    Ask,
    Effect,
    GiveUp,
    Kill,
    RunPreStop,
    Start,
    Terminate,
    Told,
)
from harness.parts.platform.kubernetes.machines.probe import Look, ProbeKind, ProbeTerms, Result, Worker
from harness.units import NS_PER_S, to_s

Effects = tuple[Effect, ...]


class Stage(StrEnum):
    """Where a container is. FINISHED: it has ended and is not started again."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FINISHED = "finished"


class RestartPolicy(StrEnum):
    """When a container that ended is started again ("Container restart policy"; the default is Always)."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


@dataclass(frozen=True)
class ContainerSpec:
    """What a manifest says of one container. pre_stop: it has a hook."""

    name: str
    startup: ProbeTerms | None = None
    liveness: ProbeTerms | None = None
    readiness: ProbeTerms | None = None
    pre_stop: bool = False

    @property
    def probes(self) -> tuple[tuple[ProbeKind, ProbeTerms], ...]:
        """Those that it has."""
        all_three = (
            (ProbeKind.STARTUP, self.startup),
            (ProbeKind.LIVENESS, self.liveness),
            (ProbeKind.READINESS, self.readiness),
        )
        return tuple((kind, terms) for kind, terms in all_three if terms is not None)


@dataclass(frozen=True)
class Terms:
    """Of all containers of a pod. grace_ns: terminationGracePeriodSeconds; second_ns: of the documented clock.

    least_ns: between SIGTERM and SIGKILL at least ("minimumGracePeriodInSeconds" of the kubelet).
    """

    policy: RestartPolicy = RestartPolicy.ALWAYS
    grace_ns: int = 30 * NS_PER_S
    least_ns: int = 2 * NS_PER_S
    second_ns: int = NS_PER_S
    backoff: BackOffTerms = field(default_factory=BackOffTerms)


@dataclass(frozen=True)
class Container:
    """The state of one. since_ns: running since; kill_ns: when SIGKILL is due; hook: preStop is under way.

    due_ns: when it is started, while it waits. code: of its last end. why: it was stopped, in words.
    """

    spec: ContainerSpec
    workers: tuple[Worker, ...]
    stage: Stage = Stage.WAITING
    run: int = 0
    due_ns: int = 0
    since_ns: int | None = None
    started: bool = False
    kill_ns: int | None = None
    hook: bool = False
    backoff: BackOff = field(default_factory=BackOff)
    ended_ns: int | None = None
    code: int | None = None
    why: str = ""

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(0, self.run - 1)

    @property
    def ready(self) -> bool:
        """It runs, startup is over, and the readiness probe says so; without one, running is enough.

        One that is being stopped runs still: the kubelet does not look at it before it has ended.
        """
        if self.since_ns is None or not self.started:
            return False
        return all(w.result is Result.SUCCESS for w in self.workers if w.kind is ProbeKind.READINESS)

    def worker(self, kind: ProbeKind) -> Worker | None:
        """The one of a kind."""
        return next((worker for worker in self.workers if worker.kind is kind), None)


def created(spec: ContainerSpec, now_ns: int) -> Container:
    """Of a pod that is new."""
    workers = tuple(probe.began(kind, terms, now_ns) for kind, terms in spec.probes)
    return Container(spec, workers, due_ns=now_ns)


def start_due(container: Container, terms: Terms, now_ns: int) -> tuple[Container, Effects]:
    """Started when it is time."""
    if container.stage is not Stage.WAITING or now_ns < container.due_ns:
        return container, ()
    backoff = container.backoff
    if container.ended_ns is not None:
        backoff = after_restart(backoff, terms.backoff, container.ended_ns, now_ns)
    run = container.run + 1
    begun = replace(container, stage=Stage.STARTING, run=run, backoff=backoff, started=False, why="")
    return begun, (Start(container.spec.name, run),)


def running(container: Container, run: int, now_ns: int) -> tuple[Container, Effects]:
    """Its process runs."""
    if container.stage is not Stage.STARTING or container.run != run:
        return container, ()
    workers = tuple(probe.with_new_container(worker) for worker in container.workers)
    begun = replace(container, stage=Stage.RUNNING, since_ns=now_ns, workers=workers)
    if begun.worker(ProbeKind.STARTUP) is None:
        begun = _started(begun, now_ns)
    return begun, (Told("started", container.spec.name, f"run {run}"),)


def _started(container: Container, now_ns: int) -> Container:
    """Startup is over: readiness is asked at once, the other probes at their next tick."""
    workers = tuple(probe.hurried(w, now_ns) if w.kind is ProbeKind.READINESS else w for w in container.workers)
    return replace(container, started=True, workers=workers)


def exited(
    container: Container, terms: Terms, run: int, code: int, text: str, now_ns: int, *, going: bool
) -> tuple[Container, Effects]:
    """Its process has ended. going: the pod is to go, so nothing is started again."""
    if container.run != run or container.stage in (Stage.WAITING, Stage.FINISHED):
        return container, ()
    gave_up = _given_up(container)
    workers = tuple(probe.without_container(worker) for worker in container.workers)
    name = container.spec.name
    ended = replace(
        container, workers=workers, since_ns=None, started=False, kill_ns=None, hook=False, ended_ns=now_ns, code=code
    )
    told = Told("exited", name, text or f"exit code {code}" + (f" ({container.why})" if container.why else ""))
    # A container that a failed probe stopped is started again unless nothing ever is, also when it ended with 0.
    again = terms.policy is not RestartPolicy.NEVER and (
        terms.policy is RestartPolicy.ALWAYS or code != 0 or container.stage is Stage.STOPPING
    )
    if going or not again:
        return replace(ended, stage=Stage.FINISHED), (*gave_up, told)
    due_ns = restart_ns(container.backoff, terms.backoff, now_ns)
    waiting = replace(ended, stage=Stage.WAITING, due_ns=due_ns)
    if due_ns <= now_ns:
        return waiting, (*gave_up, told)
    wait = Told("backoff", name, f"back-off {to_s(due_ns - now_ns):g} s before its restart")
    return waiting, (*gave_up, told, wait)


def _given_up(container: Container) -> Effects:
    name = container.spec.name
    return tuple(GiveUp(name, w.kind, w.number) for w in container.workers if w.deadline_ns is not None)


def stop(container: Container, terms: Terms, grace_ns: int, why: str, now_ns: int) -> tuple[Container, Effects]:
    """It is to end: the hook, SIGTERM, SIGKILL."""
    if container.stage in (Stage.FINISHED, Stage.STOPPING):
        return container, ()
    if container.stage is Stage.WAITING:
        return replace(container, stage=Stage.FINISHED), ()
    name, run = container.spec.name, container.run
    stopping = replace(container, stage=Stage.STOPPING, kill_ns=now_ns + grace_ns, why=why)
    if container.spec.pre_stop:
        return replace(stopping, hook=True), (RunPreStop(name, run),)
    return _terminated(stopping, terms, now_ns)


def _terminated(container: Container, terms: Terms, now_ns: int) -> tuple[Container, Effects]:
    least_ns = now_ns + terms.least_ns
    kill_ns = least_ns if container.kill_ns is None else max(container.kill_ns, least_ns)
    return replace(container, hook=False, kill_ns=kill_ns), (Terminate(container.spec.name, container.run),)


def hook_ended(container: Container, terms: Terms, run: int, now_ns: int) -> tuple[Container, Effects]:
    """The preStop hook is over."""
    if not container.hook or container.run != run:
        return container, ()
    return _terminated(container, terms, now_ns)


def sooner(container: Container, grace_ns: int, now_ns: int) -> Container:
    """A second deletion with a shorter grace period shortens the first one's."""
    if container.kill_ns is None or container.stage is not Stage.STOPPING:
        return container
    return replace(container, kill_ns=min(container.kill_ns, now_ns + grace_ns))


def kill_due(container: Container, terms: Terms, now_ns: int) -> tuple[Container, Effects]:
    """The grace period is over: a hook that still runs is left, and a process that still runs is killed."""
    if container.kill_ns is None or now_ns < container.kill_ns:
        return container, ()
    if container.hook:
        return _terminated(container, terms, now_ns)
    return replace(container, kill_ns=None), (Kill(container.spec.name, container.run),)


def probes_due(container: Container, terms: Terms, now_ns: int, *, going: bool) -> tuple[Container, Effects]:
    """What the tickers of its probes say. going: the pod is to go, and only readiness is still asked."""
    effects: list[Effect] = []
    workers = []
    look = Look(container.since_ns, container.started)
    for worker in container.workers:
        if not going or worker.kind is ProbeKind.READINESS:
            worker, asks = probe.due(worker, look, terms.second_ns, now_ns)
            if asks:
                effects.append(Ask(container.spec.name, worker.kind, worker.number, worker.terms.timeout_ns))
        workers.append(worker)
    return replace(container, workers=tuple(workers)), tuple(effects)


def probed(
    container: Container, terms: Terms, kind: ProbeKind, number: int, result: Result, text: str, now_ns: int
) -> tuple[Container, Effects]:
    """A probe was answered, or its time is over."""
    before = container.worker(kind)
    if before is None or before.deadline_ns is None or before.number != number:
        return container, ()
    after = probe.answered(before, number, result)
    container = replace(container, workers=tuple(after if w is before else w for w in container.workers))
    name, told = container.spec.name, tuple[Effect, ...]()
    if result is Result.FAILURE:
        told = (Told("unhealthy", name, f"{kind} probe failed: {text or 'no answer in time'}"),)
    if kind is ProbeKind.READINESS or container.stage is not Stage.RUNNING:
        return container, told
    if after.result is Result.FAILURE and after.on_hold:
        grace_ns = terms.grace_ns if after.terms.grace_ns is None else after.terms.grace_ns
        why = f"{kind} probe failed {after.terms.failure_threshold} times: {text or 'no answer in time'}"
        container, stopped = stop(container, terms, grace_ns, why, now_ns)
        return container, (*told, Told("killing", name, why), *stopped)
    if kind is ProbeKind.STARTUP and after.result is Result.SUCCESS:
        container = _started(container, now_ns)
    return container, told


def overdue(container: Container, terms: Terms, now_ns: int) -> tuple[Container, Effects]:
    """Probes that took too long have failed."""
    effects: Effects = ()
    for worker in container.workers:
        if probe.overdue(worker, now_ns):
            late = GiveUp(container.spec.name, worker.kind, worker.number)
            container, done = probed(container, terms, worker.kind, worker.number, Result.FAILURE, "", now_ns)
            effects = (*effects, late, *done)
    return container, effects


def wake_ns(container: Container, *, going: bool) -> int | None:
    """When something is due."""
    if container.stage is Stage.FINISHED:
        return None
    wakes = [] if container.kill_ns is None else [container.kill_ns]
    if container.stage is Stage.WAITING:
        wakes.append(container.due_ns)
    wakes += [probe.wake_ns(w) for w in container.workers if not going or w.kind is ProbeKind.READINESS]
    return min(wakes, default=None)
