"""The adversary's hand on the subject's processes: kills, freezes, and takes back exactly what it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.clock import monotonic_ns
from harness.errors import ProcessError, SubjectError, WorldError
from harness.faults.actions import Action, FreezeProcess, KillProcess, ProcessAction, StartProcess, ThawProcess
from harness.faults.hand import Applied


class ProcessControl(Protocol):
    """Power over the subject's processes, by instance name. Every call has a time-out; raises ProcessError, or
    SubjectError for an instance that is not there."""

    def kill(self, instance: str) -> None: ...
    def restart(self, instance: str) -> None: ...
    def freeze(self, instance: str) -> None: ...
    def thaw(self, instance: str) -> None: ...


class ProcessHand:
    """Acts one by one, in order. After a failure it breaks nothing more; whatever mends is tried all the same.

    It remembers what it killed and froze until that is mended, so that nothing else is ever started or thawed, also
    when it was interrupted between two processes and nobody has heard of the first.
    """

    def __init__(self, processes: ProcessControl) -> None:
        self._processes = processes
        self._killed: set[str] = set()
        self._frozen: set[str] = set()

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, ProcessAction)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        results: list[Applied] = []
        failed = False
        for action in actions:
            if failed and isinstance(action, KillProcess | FreezeProcess):
                results.append(_nothing_done(action, "not tried after that"))
                continue
            results.append(self._timed(action))
            failed = failed or (results[-1].error is not None and not results[-1].missing)
        return results

    def _timed(self, action: Action) -> Applied:
        start_ns = monotonic_ns()
        try:
            done = self._do(action)
        except (WorldError, SubjectError) as error:
            # A tree that could not be frozen may be half frozen; a process that could not be killed lives.
            untouched = isinstance(action, KillProcess)
            text = f"{_instance(action)}: {error}"
            return Applied(action, start_ns, monotonic_ns(), text, untouched=untouched, kind=ProcessError)
        if not done:
            return _nothing_done(action, "was not broken", missing=True)
        return Applied(action, start_ns, monotonic_ns())

    def _do(self, action: Action) -> bool:
        """False when there was nothing to do. What is broken is noted before, and what is mended afterwards."""
        match action:
            case KillProcess(instance):
                self._kill(instance)
            case FreezeProcess(instance):
                self._frozen.add(instance)
                self._processes.freeze(instance)
            case StartProcess(instance):
                if instance not in self._killed:
                    return False
                self._processes.restart(instance)
                self._killed.discard(instance)
            case ThawProcess(instance):
                if instance not in self._frozen:
                    return False
                self._processes.thaw(instance)
                self._frozen.discard(instance)
            case _:
                raise ProcessError(f"{action} is nothing that can be done to a process")
        return True

    def _kill(self, instance: str) -> None:
        already = instance in self._killed
        self._killed.add(instance)
        try:
            self._processes.kill(instance)
        except (WorldError, SubjectError):
            if not already:
                self._killed.discard(instance)
            raise


def _instance(action: Action) -> str:
    return action.instance if isinstance(action, ProcessAction) else ""


def _nothing_done(action: Action, why: str, *, missing: bool = False) -> Applied:
    now_ns = monotonic_ns()
    text = f"{_instance(action)}: {why}"
    return Applied(action, now_ns, now_ns, text, missing=missing, untouched=True, kind=ProcessError)
