"""When a drill must stop at once, as a pure machine.

| state     | what happens                                                         | to        |
|-----------|----------------------------------------------------------------------|-----------|
| at rest   | a fault is about to be applied (`Arm`)                               | armed     |
| armed     | nothing that was broken holds any more (`Disarm`)                    | at rest   |
| armed     | too many requests of the window were bad, or the command failed      | stopped   |
| stopped   | nothing more                                                         |           |

Requests are counted always, so that the window is full when a fault begins. The command is run from `Arm` on, first at
once: nothing is broken before it has answered (`ready`). Its time-out is a failure: who cannot be asked says stop.
What requests show depends on the history alone (see `window`), so `drill verify` gets the same from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.drill.stopping import window as windows
from harness.drill.stopping.conditions import COMMAND, Kind, RequestCondition, StopConditions
from harness.drill.stopping.window import Window
from harness.history.events import Completion


@dataclass(frozen=True)
class Arm:
    """A fault is about to be applied."""


@dataclass(frozen=True)
class Disarm:
    """Nothing that was broken holds any more."""


@dataclass(frozen=True)
class Ended:
    """A request has ended on the even grid."""

    completion: Completion
    sent_ns: int


@dataclass(frozen=True)
class CommandEnded:
    """The command has ended. code None: it was ended, or could not be run. output: its last lines."""

    began_ns: int
    ended_ns: int
    code: int | None
    output: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked:
    """Time has passed."""


Event = Arm | Disarm | Ended | CommandEnded | Looked


@dataclass(frozen=True)
class Breach:
    """A condition that held: what was seen between from_ns and until_ns. The rest belongs to its kind."""

    kind: Kind
    from_ns: int
    until_ns: int
    bad: int = 0
    total: int = 0
    ops: tuple[str, ...] = ()
    code: int | None = None
    output: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunCommand:
    """Start the user's command."""


@dataclass(frozen=True)
class EndCommand:
    """End it: it has taken too long, or nobody wants to know any more."""


@dataclass(frozen=True)
class Abort:
    """Heal everything, and end the drill."""

    breach: Breach


Effect = RunCommand | EndCommand | Abort


@dataclass(frozen=True)
class State:
    """running_since_ns: when the command was started that has not ended. answered: it has, since the last `Arm`."""

    conditions: StopConditions
    windows: tuple[Window, ...]
    armed: bool = False
    stopped: bool = False
    due_ns: int = 0
    running_since_ns: int | None = None
    answered: bool = False

    @property
    def ready(self) -> bool:
        """Whether a fault may be applied now, as far as this machine goes."""
        return self.armed and (self.conditions.command is None or self.answered)


def initial(conditions: StopConditions) -> State:
    """At rest."""
    return State(conditions, tuple(windows.window_of(one.window_ns) for one in conditions.of_requests))


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The next state and what to do. See the table at the top of this module."""
    if state.stopped:
        return state, ()
    if isinstance(event, Arm):
        return _arm(state, now_ns)
    if isinstance(event, Disarm):
        effects = () if state.running_since_ns is None else (EndCommand(),)
        return replace(state, armed=False, running_since_ns=None), effects
    if isinstance(event, Ended):
        return _ended(state, event)
    if isinstance(event, CommandEnded):
        return _command_ended(state, event)
    return _looked(state, now_ns)


def next_deadline_ns(state: State) -> int | None:
    """When there is something to do although nothing happens; None: never."""
    command = state.conditions.command
    if command is None or not state.armed or state.stopped:
        return None
    return state.due_ns if state.running_since_ns is None else state.running_since_ns + command.timeout_ns


def _arm(state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    if state.armed:
        return state, ()
    state = replace(state, armed=True, due_ns=now_ns, answered=False)
    for condition, window in zip(state.conditions.of_requests, state.windows, strict=True):
        if condition.breached(window.bad, window.total):
            return _stopped(state, _seen(condition, window))
    return _looked(state, now_ns)


def _looked(state: State, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    deadline_ns = next_deadline_ns(state)
    if deadline_ns is None or now_ns < deadline_ns:
        return state, ()
    if state.running_since_ns is None:
        return replace(state, running_since_ns=now_ns), (RunCommand(),)
    return state, (EndCommand(),)


def _command_ended(state: State, event: CommandEnded) -> tuple[State, tuple[Effect, ...]]:
    command = state.conditions.command
    state = replace(state, running_since_ns=None)
    if command is None or not state.armed:
        return state, ()
    if event.code != 0:
        breach = Breach(COMMAND, event.began_ns, event.ended_ns, code=event.code, output=event.output)
        return _stopped(state, breach)
    return replace(state, answered=True, due_ns=max(event.began_ns + command.every_ns, event.ended_ns)), ()


def _ended(state: State, event: Ended) -> tuple[State, tuple[Effect, ...]]:
    at_ns, took_ns = event.completion.mono_ns, event.completion.mono_ns - event.sent_ns
    for index, condition in enumerate(state.conditions.of_requests):
        window = windows.skipped(state.windows[index], at_ns)
        while window.upto is not None and at_ns >= window.next_end_ns():
            window = windows.skipped(windows.closed(window), at_ns)
            if state.armed and condition.breached(window.bad, window.total):
                return _stopped(_with(state, index, window), _seen(condition, window))
        bad = condition.bad(event.completion, took_ns)
        if bad is not None:
            window = windows.counted(window, event.completion.op, at_ns, bad)
        state = _with(state, index, window)
    return state, ()


def _with(state: State, index: int, window: Window) -> State:
    if state.windows[index] is window:
        return state
    return replace(state, windows=(*state.windows[:index], window, *state.windows[index + 1 :]))


def _stopped(state: State, breach: Breach) -> tuple[State, tuple[Effect, ...]]:
    ending: tuple[Effect, ...] = () if state.running_since_ns is None else (EndCommand(),)
    return replace(state, stopped=True, running_since_ns=None), (*ending, Abort(breach))


def _seen(condition: RequestCondition, window: Window) -> Breach:
    return Breach(condition.kind, window.from_ns, window.until_ns, window.bad, window.total, window.ops)
