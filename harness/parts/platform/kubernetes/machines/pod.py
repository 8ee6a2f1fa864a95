"""One pod, as the kubelet runs it: its containers, whether it is ready, and how it goes. No I/O.

Phases ("Pod Lifecycle"): Pending until every container has been started, then Running; Succeeded or Failed once no
container is started any more. Ready: every container is. A pod that is to go is no endpoint of any Service from that
moment on, whatever its probes say ("Termination of Pods"), and its readiness probe is still asked; the other two are
not. `gone`: nothing of it runs any more, so its name and its port are free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.parts.platform.kubernetes.machines import container as one
from harness.parts.platform.kubernetes.machines.container import Container, ContainerSpec, Effects, Stage, Terms
from harness.parts.platform.kubernetes.machines.events import (
    Deleted,
    Effect,
    Event,
    Exited,
    PreStopped,
    Probed,
    Running,
    Told,
)

Change = Callable[[Container], tuple[Container, Effects]]


@dataclass(frozen=True)
class PodState:
    """A pod. deleting: it is to go. gone: it has gone."""

    containers: tuple[Container, ...]
    deleting: bool = False
    gone: bool = False

    @property
    def ready(self) -> bool:
        """Its condition Ready."""
        return bool(self.containers) and all(container.ready for container in self.containers)

    @property
    def serves(self) -> bool:
        """Whether Services send it traffic."""
        return self.ready and not self.deleting

    @property
    def restarts(self) -> int:
        """Of all its containers."""
        return sum(container.restarts for container in self.containers)

    @property
    def phase(self) -> str:
        """In the words of `kubectl get pods`, which for a pod that goes, or waits for a restart, says that instead."""
        stages = [container.stage for container in self.containers]
        if self.deleting:
            return "Terminating"
        if any(c.stage is Stage.WAITING and c.ended_ns is not None for c in self.containers):
            return "CrashLoopBackOff"
        if any(c.run == 0 or (c.run == 1 and c.stage is Stage.STARTING) for c in self.containers):
            return "Pending"
        if all(stage is Stage.FINISHED for stage in stages):
            return "Succeeded" if all(container.code == 0 for container in self.containers) else "Failed"
        return "Running"


def created(specs: tuple[ContainerSpec, ...], now_ns: int) -> PodState:
    """A pod that is new; its first Tick starts it."""
    return PodState(tuple(one.created(spec, now_ns) for spec in specs))


@dataclass(frozen=True)
class Pod:
    """The machine. An event that is too late, or about nothing that is there, changes nothing."""

    terms: Terms = field(default_factory=Terms)

    def step(self, state: PodState, event: Event, now_ns: int) -> tuple[PodState, tuple[Effect, ...]]:
        """The next state, and what must be done."""
        if state.gone:
            return state, ()
        was = state
        state, happened = self._taken(state, event, now_ns)
        state, due = self._due(state, now_ns)
        effects = (*happened, *due)
        if state.serves is not was.serves:
            effects = (*effects, Told("ready" if state.serves else "unready"))
        if state.deleting and all(container.stage is Stage.FINISHED for container in state.containers):
            return replace(state, gone=True), (*effects, Told("gone"))
        return state, effects

    def _taken(self, state: PodState, event: Event, now_ns: int) -> tuple[PodState, Effects]:
        terms, going = self.terms, state.deleting
        match event:
            case Running(name, run):
                return _changed(state, name, lambda c: one.running(c, run, now_ns))
            case Exited(name, run, code, text):
                return _changed(state, name, lambda c: one.exited(c, terms, run, code, text, now_ns, going=going))
            case Probed(name, kind, number, result, text):
                return _changed(state, name, lambda c: one.probed(c, terms, kind, number, result, text, now_ns))
            case PreStopped(name, run):
                return _changed(state, name, lambda c: one.hook_ended(c, terms, run, now_ns))
            case Deleted(grace_ns):
                return self._deleted(state, terms.grace_ns if grace_ns is None else grace_ns, now_ns)
        return state, ()

    def _deleted(self, state: PodState, grace_ns: int, now_ns: int) -> tuple[PodState, Effects]:
        if state.deleting:
            return replace(state, containers=tuple(one.sooner(c, grace_ns, now_ns) for c in state.containers)), ()
        state, effects = _all(state, lambda c: one.stop(c, self.terms, grace_ns, "the pod is deleted", now_ns))
        return replace(state, deleting=True), (Told("deleted"), *effects)

    def _due(self, state: PodState, now_ns: int) -> tuple[PodState, Effects]:
        terms, going = self.terms, state.deleting
        effects: Effects = ()
        steps: tuple[Change, ...] = (
            lambda c: one.overdue(c, terms, now_ns),
            lambda c: one.kill_due(c, terms, now_ns),
            lambda c: one.start_due(c, terms, now_ns),
            lambda c: one.probes_due(c, terms, now_ns, going=going),
        )
        for change in steps:
            state, done = _all(state, change)
            effects = (*effects, *done)
        return state, effects


def wake_ns(state: PodState) -> int | None:
    """When the machine wants its next Tick; None once nothing can become due."""
    if state.gone:
        return None
    wakes = [wake for c in state.containers if (wake := one.wake_ns(c, going=state.deleting)) is not None]
    return min(wakes, default=None)


def _all(state: PodState, change: Change) -> tuple[PodState, Effects]:
    changed = [change(container) for container in state.containers]
    effects = tuple(effect for _, done in changed for effect in done)
    return replace(state, containers=tuple(container for container, _ in changed)), effects


def _changed(state: PodState, name: str, change: Change) -> tuple[PodState, Effects]:
    return _all(state, lambda container: change(container) if container.spec.name == name else (container, ()))
