"""Carries fault plans out, and takes them back: always, completely, and in the right order.

Two faults may hold the same link: it is enabled again when the last of them heals. Toxics do not clash, because each
carries its fault's name; the same fault twice on one link is refused.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from harness.clock import monotonic_ns
from harness.errors import HealError, InputError, LinkError, WorldError
from harness.faults.model import (
    Action,
    AddToxic,
    CutLink,
    DisableLink,
    EnableLink,
    FreezeProcess,
    KillProcess,
    LinkAction,
    Plan,
    ProcessAction,
    StartProcess,
    ThawProcess,
    undo,
)
from harness.history.events import FaultEvent
from harness.parts.links.toxiproxy.client import Capabilities, ToxiproxyClient

_LOG = logging.getLogger(__name__)


class ProcessControl(Protocol):
    """Power over the subject's processes, by instance name. Every call has a time-out, and raises ProcessError."""

    def kill(self, instance: str) -> None: ...
    def restart(self, instance: str) -> None: ...
    def freeze(self, instance: str) -> None: ...
    def thaw(self, instance: str) -> None: ...


@dataclass(frozen=True)
class Touched:
    """One thing that was done, and when: somewhere between start_ns and until_ns."""

    action: Action
    start_ns: int
    until_ns: int


@dataclass
class Injection:
    """A fault that holds, until `heal` or the end of the `with` block, however that ends.

    touched: the truth of its onset, for each link and process.
    """

    plan: Plan
    touched: tuple[Touched, ...]
    _adversary: Adversary = field(repr=False)
    _stopped: FaultEvent | None = None

    @functools.cached_property
    def started(self) -> FaultEvent:
        """The fault's start for the history."""
        return _event("start", self.plan, self.touched)

    @property
    def stopped(self) -> FaultEvent | None:
        """The fault's end for the history; None while it holds, or when healing it failed."""
        return self._stopped

    @property
    def kinds_used(self) -> tuple[str, ...]:
        """How the server did what not every server has, e.g. `black_hole: accept-queue`."""
        return kinds_used(self.plan, self._adversary.capabilities)

    def heal(self) -> None:
        """Undo it; a second call does nothing. Raises HealError when some of it could not be undone."""
        if self._stopped is None:
            self._stopped = _event("stop", self.plan, self._adversary.take_back(self))
            self._adversary.tell(self._stopped)

    def __enter__(self) -> Injection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()


class Adversary:
    """Breaks a world on purpose. Usable from several threads."""

    def __init__(
        self, client: ToxiproxyClient, processes: ProcessControl, tell: Callable[[FaultEvent], None] = lambda _: None
    ) -> None:
        """tell: gets the events of every fault's start and end, for the history."""
        self.tell = tell
        self._client = client
        self._processes = processes
        self._active: list[Injection] = []
        self._lock = threading.RLock()

    @property
    def capabilities(self) -> Capabilities:
        """What the link server can do."""
        return self._client.capabilities()

    @property
    def active(self) -> tuple[Injection, ...]:
        """What holds now, oldest first."""
        return tuple(self._active)

    def inject(self, plan: Plan) -> Injection:
        """Carry a plan out. When a part of it fails, or Ctrl-C interrupts it, what may have been done is taken back.

        Raises InputError when the same toxics are there already, LinkError or ProcessError when the plan failed,
        HealError when taking it back failed too.
        """
        with self._lock:
            self._refuse_overlap(plan)
            try:
                touched = self._carry_out(plan)
            except BaseException:
                self._undo(plan.apply, self._active)
                raise
            injection = Injection(plan, touched, self)
            self._active.append(injection)
        self.tell(injection.started)
        _LOG.info("%s %s (%s) holds: %d changes", plan.kind, plan.target, plan.mode, len(touched))
        return injection

    def take_back(self, injection: Injection) -> tuple[Touched, ...]:
        """Undo an injection. Raises HealError after trying everything; it then counts as active still."""
        with self._lock:
            others = [active for active in self._active if active is not injection]
            undone = self._undo(injection.plan.apply, others)
            self._active = others
        _LOG.info("%s %s is healed", injection.plan.kind, injection.plan.target)
        return undone

    def heal_all(self) -> None:
        """Heal whatever holds, newest first. Raises HealError after having tried everything."""
        problems = []
        for injection in reversed(self.active):
            try:
                injection.heal()
            except HealError as error:
                problems.append(str(error))
        if problems:
            raise HealError("; ".join(problems))

    def _refuse_overlap(self, plan: Plan) -> None:
        """Toxics are told apart by name: a second one of the same name could not be healed on its own."""
        held = {_toxic_key(action) for active in self._active for action in active.plan.apply} - {None}
        for action in plan.apply:
            if _toxic_key(action) in held:
                raise InputError(f"{plan.kind} {plan.target}: a {plan.kind} already holds on some of its links")

    def _carry_out(self, plan: Plan) -> tuple[Touched, ...]:
        """Links first, all at once, then processes."""
        touched: list[Touched] = []
        problems = self._on_links([action for action in plan.apply if isinstance(action, LinkAction)], touched)
        if problems:
            texts = "; ".join(text for text, _ in problems)
            raise LinkError(f"{plan.kind} {plan.target} could not be applied: {texts}")
        for action in plan.apply:
            if isinstance(action, ProcessAction):
                self._on_process(action, touched)
        return tuple(touched)

    def _undo(self, actions: Sequence[Action], others: Sequence[Injection]) -> tuple[Touched, ...]:
        """Thaw, then mend the links; what is not there, or not disabled any more, counts as mended.

        A link that one of `others` holds down stays down. Raises HealError after trying everything.
        """
        undoing = [taken_back for action in reversed(actions) if (taken_back := undo(action)) is not None]
        held = {link.link for other in others for link in other.plan.apply if isinstance(link, DisableLink)}
        touched: list[Touched] = []
        failures: list[str] = []
        for action in undoing:
            if isinstance(action, ProcessAction):
                try:
                    self._on_process(action, touched)
                except WorldError as error:
                    failures.append(f"{action.instance}: {error}")
        links = [action for action in undoing if isinstance(action, LinkAction)]
        mending = [action for action in links if not (isinstance(action, EnableLink) and action.link in held)]
        failures += [text for text, missing in self._on_links(mending, touched) if not missing]
        if failures:
            raise HealError(f"could not be undone: {'; '.join(failures)}")
        return tuple(touched)

    def _on_links(self, actions: Sequence[LinkAction], touched: list[Touched]) -> list[tuple[str, bool]]:
        """Adds what was done to `touched`; returns what failed, and whether because the link or toxic is missing."""
        try:
            results = self._client.apply(actions)
        except LinkError as error:
            return [(str(error), False)]
        touched += [Touched(r.action, r.start_ns, r.until_ns) for r in results if r.error is None]
        return [(f"{r.action.link}: {r.error}", r.missing) for r in results if r.error is not None]

    def _on_process(self, action: ProcessAction, touched: list[Touched]) -> None:
        start_ns = monotonic_ns()
        match action:
            case KillProcess(instance):
                self._processes.kill(instance)
            case FreezeProcess(instance):
                self._processes.freeze(instance)
            case StartProcess(instance):
                self._processes.restart(instance)
            case ThawProcess(instance):
                self._processes.thaw(instance)
        touched.append(Touched(action, start_ns, monotonic_ns()))


def kinds_used(plan: Plan, capabilities: Capabilities) -> tuple[str, ...]:
    """How this server does those parts of a plan that servers do differently."""
    types = {action.type for action in plan.apply if isinstance(action, AddToxic)}
    used = []
    if "black_hole" in types:
        used.append(f"black_hole: {capabilities.black_hole}")
    if "request_failure" in types:
        used.append(f"request_failure: {capabilities.request_failure}")
    if any(isinstance(action, CutLink) for action in plan.apply):
        used.append(f"cut: {capabilities.cut}")
    return tuple(used)


def _toxic_key(action: Action) -> tuple[str, str] | None:
    return (action.link, action.name) if isinstance(action, AddToxic) else None


def _event(what: str, plan: Plan, touched: Sequence[Touched]) -> FaultEvent:
    now_ns = monotonic_ns()
    return FaultEvent(
        "start" if what == "start" else "stop",
        plan.kind,
        plan.target,
        plan.mode,
        min((done.start_ns for done in touched), default=now_ns),
        max((done.until_ns for done in touched), default=now_ns),
        plan.links,
    )
