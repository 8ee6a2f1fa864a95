"""Carries fault plans out, and takes them back: always, completely, and in the right order.

What an action does to a world is up to the hands that take it (`harness.faults.hand`); here is what holds, which hand
comes first, and what has to be undone. Two faults may hold the same link down, or the same process: it is mended when
the last of them heals. Toxics do not clash, because each carries its fault's name; the same fault twice on one link is
refused.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from harness.clock import monotonic_ns
from harness.errors import DrillError, HealError, InputError, VerdictReached, WorldError
from harness.faults.actions import Action, AddToxic, undo
from harness.faults.hand import Applied, Hand, Particular
from harness.faults.model import Plan
from harness.history.events import FaultEvent

_LOG = logging.getLogger(__name__)


@dataclass
class Injection:
    """A fault that holds, until `heal` or the end of the `with` block, however that ends.

    touched: the truth of its onset, for each action that was carried out.
    """

    plan: Plan
    touched: tuple[Applied, ...]
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
        """How the world did what not every world can, e.g. `black_hole: accept-queue`."""
        return self._adversary.kinds_used(self.plan)

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

    def __init__(self, hands: Sequence[Hand], tell: Callable[[FaultEvent], None] = lambda _: None) -> None:
        """hands: in the order in which they break; they mend in the opposite one. So processes come after links: a
        frozen process with a full queue can hang whoever mends its links, and must be thawed first.

        tell: gets the events of every fault's start and end, for the history.
        """
        self.tell = tell
        self._hands = tuple(hands)
        self._active: list[Injection] = []
        self._lock = threading.RLock()

    def kinds_used(self, plan: Plan) -> tuple[str, ...]:
        """How the hands here do those parts of a plan that others do differently."""
        return tuple(kind for hand in self._hands if isinstance(hand, Particular) for kind in hand.kinds_used(plan))

    @property
    def active(self) -> tuple[Injection, ...]:
        """What holds now, oldest first."""
        return tuple(self._active)

    def inject(self, plan: Plan) -> Injection:
        """Carry a plan out. When a part of it fails, or Ctrl-C interrupts it, what may have been done is taken back.

        Raises InputError when the same toxics are there already, or nobody here can do it; LinkError, ProcessError or
        another WorldError when the plan failed; HealError when taking it back failed too.
        """
        with self._lock:
            self._refuse_overlap(plan)
            self._refuse_what_nobody_can(plan)
            begun: list[Action] = []
            try:
                injection = Injection(plan, self._carry_out(plan, begun), self)
                self._active.append(injection)
            except BaseException:
                self._undo(begun, self._active)
                raise
        self.tell(injection.started)
        _LOG.info("%s %s (%s) holds: %d changes", plan.kind, plan.target, plan.mode, len(injection.touched))
        return injection

    def take_back(self, injection: Injection) -> tuple[Applied, ...]:
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

    def _refuse_what_nobody_can(self, plan: Plan) -> None:
        for action in plan.apply:
            if not any(hand.takes(action) for hand in self._hands):
                raise InputError(f"{plan.kind} {plan.target}: nobody here can do {action}")

    def _carry_out(self, plan: Plan, begun: list[Action]) -> tuple[Applied, ...]:
        """One hand after the other, until one fails. begun: is left with what may have been done, however this ends."""
        touched: list[Applied] = []
        for hand in self._hands:
            wanted = [action for action in plan.apply if hand.takes(action)]
            before = len(begun)
            begun += wanted
            results = _applied(hand, wanted)
            begun[before:] = [result.action for result in results if result.may_hold]
            failed = [result for result in results if result.error is not None]
            if failed:
                texts = "; ".join(str(result.error) for result in failed)
                raise failed[0].kind(f"{plan.kind} {plan.target} could not be applied: {texts}")
            touched += results
        return tuple(touched)

    def _undo(self, actions: Sequence[Action], others: Sequence[Injection]) -> tuple[Applied, ...]:
        """Mend in the opposite order; what is not there, or not broken any more, counts as mended.

        What one of `others` holds broken stays so. Raises HealError after trying everything.
        """
        held = [undo(action) for other in others for action in other.plan.apply]
        wanted = [mend for action in reversed(actions) if (mend := undo(action)) is not None and mend not in held]
        results = [r for hand in reversed(self._hands) for r in _applied(hand, [a for a in wanted if hand.takes(a)])]
        failures = [str(result.error) for result in results if result.error is not None and not result.missing]
        if failures:
            raise HealError(f"could not be undone: {'; '.join(failures)}")
        return tuple(result for result in results if result.error is None)


def _applied(hand: Hand, actions: Sequence[Action]) -> Sequence[Applied]:
    """What a hand made of it, also when it fails as a whole: then all of it may have been done."""
    if not actions:
        return ()
    start_ns = monotonic_ns()
    try:
        return hand.apply(actions)
    except VerdictReached:  # nobody failed: it was ended, and what it had begun is taken back
        raise
    except DrillError as error:
        kind = type(error) if isinstance(error, WorldError) else WorldError
        return [Applied(action, start_ns, monotonic_ns(), str(error), kind=kind) for action in actions]


def _toxic_key(action: Action) -> tuple[str, str] | None:
    return (action.link, action.name) if isinstance(action, AddToxic) else None


def _event(what: str, plan: Plan, touched: Sequence[Applied]) -> FaultEvent:
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
