"""A pod whose processes do at once what they are told, unless a test says otherwise; time is the test's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.parts.platform.kubernetes.machines.container import ContainerSpec, Terms
from harness.parts.platform.kubernetes.machines.events import (
    Ask,
    Deleted,
    Effect,
    Event,
    Exited,
    Kill,
    PreStopped,
    Probed,
    Running,
    RunPreStop,
    Start,
    Terminate,
    Tick,
    Told,
)
from harness.parts.platform.kubernetes.machines.pod import Pod, created, wake_ns
from harness.parts.platform.kubernetes.machines.probe import ProbeKind, Result
from harness.units import NS_PER_S

Answer = Callable[[Ask, float], Result | None]


def well(_ask: Ask, _now_s: float) -> Result:
    return Result.SUCCESS


@dataclass
class Rig:
    """answer: what a probe meets at a second, None: nothing comes. ends_after_s: from SIGTERM to the end; None: never.

    log: (second, what) of everything that was done or told.
    """

    specs: tuple[ContainerSpec, ...]
    terms: Terms = field(default_factory=Terms)
    answer: Answer = well
    ends_after_s: float | None = 0
    hook_s: float | None = 0
    log: list[tuple[float, str]] = field(default_factory=list)
    now_ns: int = 0

    def __post_init__(self) -> None:
        self.machine = Pod(self.terms)
        self.state = created(self.specs, 0)
        self._later: list[tuple[int, int, Event]] = []
        self.happens(Tick())

    def happens(self, event: Event) -> None:
        self.state, effects = self.machine.step(self.state, event, self.now_ns)
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        second = self.now_ns / NS_PER_S
        match effect:
            case Start(name, run):
                self.log.append((second, f"start {name}"))
                self._after(0, Running(name, run))
            case Ask() as ask:
                self.log.append((second, f"ask {ask.kind}"))
                result = self.answer(ask, second)
                if result is not None:
                    self._after(0, Probed(ask.container, ask.kind, ask.number, result, "503"))
            case Terminate(name, run):
                self.log.append((second, f"term {name}"))
                if self.ends_after_s is not None:
                    self._after(self.ends_after_s, Exited(name, run, 0))
            case Kill(name, run):
                self.log.append((second, f"kill {name}"))
                self._after(0, Exited(name, run, -9))
            case RunPreStop(name, run):
                self.log.append((second, f"preStop {name}"))
                if self.hook_s is not None:
                    self._after(self.hook_s, PreStopped(name, run))
            case Told(what):
                self.log.append((second, what))

    def _after(self, seconds: float, event: Event) -> None:
        self._later.append((self.now_ns + round(seconds * NS_PER_S), len(self._later), event))

    def until(self, second: float) -> Rig:
        """Let time pass."""
        end_ns = round(second * NS_PER_S)
        while True:
            self._later.sort()
            wake = wake_ns(self.state)
            next_ns = min([entry[0] for entry in self._later] + ([] if wake is None else [wake]), default=end_ns + 1)
            if next_ns > end_ns:
                self.now_ns = end_ns
                return self
            self.now_ns = max(self.now_ns, next_ns)
            due = [entry for entry in self._later if entry[0] <= self.now_ns]
            self._later = [entry for entry in self._later if entry[0] > self.now_ns]
            for _, _, event in due:
                self.happens(event)
            self.happens(Tick())

    def crashes(self, code: int = 1) -> None:
        """The process of the first container ends by itself."""
        container = self.state.containers[0]
        self.happens(Exited(container.spec.name, container.run, code))

    def deleted(self, grace_s: float | None = None) -> None:
        self.happens(Deleted(None if grace_s is None else round(grace_s * NS_PER_S)))

    def at(self, what: str) -> list[float]:
        """The seconds in which something was done or told."""
        return [second for second, text in self.log if text == what]


def failing_from(second: float, kind: ProbeKind) -> Answer:
    return lambda ask, now_s: Result.FAILURE if ask.kind is kind and now_s >= second else Result.SUCCESS
