"""Watches a drill's stop conditions: pairs what clients sent and got, runs the user's command, tells what was decided.

A thin driver of `machine`: it is given what is new whenever the drill looks, some times a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.drill.stopping import machine
from harness.drill.stopping.command import CommandUnderWay, Said
from harness.drill.stopping.conditions import COMMAND, StopConditions
from harness.drill.stopping.machine import Abort, Arm, Breach, CommandEnded, Disarm, EndCommand, Looked, RunCommand
from harness.drill.stopping.replay import Pairing
from harness.history.events import Event, StopEvent


class StopWatch:
    """The stop conditions of one drill. breach: what held, once one has.

    now_ns: the drill's clock. run: starts the user's command. record: takes what the history must tell.
    """

    def __init__(
        self,
        conditions: StopConditions,
        now_ns: Callable[[], int],
        run: Callable[[], CommandUnderWay],
        record: Callable[[StopEvent], None],
    ) -> None:
        self.breach: Breach | None = None
        self._now_ns, self._run, self._record = now_ns, run, record
        self._command: CommandUnderWay | None = None
        self._began_ns = 0
        self.limit(conditions)

    def limit(self, conditions: StopConditions) -> None:
        """Other conditions from now on; nothing may be broken yet."""
        self._conditions = conditions
        self._state = machine.initial(conditions)
        self._pairing = Pairing()

    @property
    def ready(self) -> bool:
        """Whether a fault may be applied: without conditions always."""
        return not self._conditions or self._state.ready

    @property
    def next_deadline_ns(self) -> int | None:
        """When there is something to do although nothing happens."""
        return machine.next_deadline_ns(self._state)

    def take(self, events: Iterable[Event]) -> None:
        """What is new in the history."""
        if not self._conditions.of_requests or self._state.stopped:
            return
        for ended in self._pairing.take(events):
            self._step(ended)

    def arm(self) -> None:
        """A fault is about to be applied."""
        if self._conditions and not self._state.armed and not self._state.stopped:
            self._record(StopEvent("armed", self._now_ns()))
            self._step(Arm())

    def disarm(self) -> None:
        """Nothing holds any more."""
        if self._state.armed and not self._state.stopped:
            self._step(Disarm())
            self._record(StopEvent("disarmed", self._now_ns()))

    def look(self) -> None:
        """Time has passed; the command may have ended."""
        if self._command is not None and (said := self._command.ended()) is not None:
            self._answered(said)
        self._step(Looked())

    def _answered(self, said: Said) -> None:
        self._command = None
        ended = CommandEnded(self._began_ns, self._now_ns(), said.code, said.output)
        self._record(
            StopEvent("command", ended.ended_ns, COMMAND, ended.began_ns, ended.ended_ns, code=said.code,
                      output=said.output)
        )  # fmt: skip
        self._step(ended)

    def _step(self, event: machine.Event) -> None:
        self._state, effects = machine.step(self._state, event, self._now_ns())
        for effect in effects:
            if isinstance(effect, RunCommand):
                self._began_ns = self._now_ns()
                self._command = self._run()
            elif isinstance(effect, EndCommand) and self._command is not None:
                self._answered(self._command.end())
            elif isinstance(effect, Abort):
                self._abort(effect.breach)

    def _abort(self, breach: Breach) -> None:
        self.breach = breach
        self._record(
            StopEvent(
                "abort", self._now_ns(), breach.kind, breach.from_ns, breach.until_ns, breach.bad, breach.total,
                breach.ops, breach.code, breach.output,
            )
        )  # fmt: skip
