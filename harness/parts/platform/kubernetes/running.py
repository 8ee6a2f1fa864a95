"""One pod that runs: its machine driven in real time, its containers as trees of processes. Decides nothing itself."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Protocol

from harness.clock import monotonic_ns
from harness.errors import ProcessError, SubjectError
from harness.parts.platform.kubernetes import prober
from harness.parts.platform.kubernetes.identity import Identity, argv_of, environment_of
from harness.parts.platform.kubernetes.machines import events, pod
from harness.parts.platform.kubernetes.machines.container import Terms
from harness.parts.platform.kubernetes.machines.events import Deleted, Effect, Event, Exited, Probed, Tick, Told
from harness.parts.platform.kubernetes.machines.probe import ProbeKind, Result
from harness.parts.platform.kubernetes.machines.start import Start, decisive
from harness.parts.platform.kubernetes.plan import Container, Handler
from harness.processes import process_tree
from harness.processes.forkserver import ServerProcess
from harness.units import to_s

LOG = logging.getLogger(__name__)
STOP_GRACE_NS = 1_000_000_000
_NOT_STARTED = 128
"""The exit code of a container whose command cannot be run, as container runtimes give it."""


class Launcher(Protocol):
    """Starts programs; see harness.processes.forkserver.ForkServer."""

    def exec(self, name: str, argv: Sequence[str], env: dict[str, str], cwd: Path) -> ServerProcess: ...


class RunningPod:
    """One pod. tell: what people should see of it, called with this pod and the machine's words."""

    def __init__(
        self,
        identity: Identity,
        revision: int,
        terms: Terms,
        launcher: Launcher,
        tell: Callable[[RunningPod, Told], None],
    ) -> None:
        self.identity = identity
        self.revision = revision
        self.containers = {container.name: container for container in identity.workload.containers}
        self.state = pod.created(tuple(c.spec for c in self.containers.values()), monotonic_ns())
        self.processes: dict[str, ServerProcess] = {}
        self.frozen = False
        self.faults = 0
        self.expected = False
        """Whether its restarts are what somebody broke it for."""
        self.last_failure = ""
        self.starts = {name: Start() for name in self.containers}
        self._runs: dict[str, int] = {}
        self._machine = pod.Pod(terms)
        self._launcher = launcher
        self._tell = tell
        self._events: deque[Event] = deque()
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._asking: dict[tuple[str, str, int], asyncio.Task[None]] = {}

    def begin(self) -> None:
        """Its first moment."""
        self.happens(Tick())

    def happens(self, event: Event) -> None:
        """Take an event in, and do what follows."""
        self._events.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._events:
                taken = self._events.popleft()
                self._note(taken)
                self.state, effects = self._machine.step(self.state, taken, monotonic_ns())
                for effect in effects:
                    self._do(effect)
        finally:
            self._busy = False
        self._schedule()

    def _note(self, event: Event) -> None:
        """How long its containers take to start."""
        match event:
            case events.Running(name):
                self.starts[name] = self.starts[name].began(monotonic_ns())
            case Probed(name, kind, _, Result.SUCCESS):
                container = self.containers[name]
                if kind is decisive(container.startup, container.liveness):
                    self.starts[name] = self.starts[name].answered(monotonic_ns())

    def look(self) -> None:
        """Whether a process has ended."""
        for name, process in list(self.processes.items()):
            if process.returncode is not None:
                del self.processes[name]
                self.happens(Exited(name, self._runs[name], process.returncode))

    def close(self) -> None:
        """Nothing is asked any more; what runs is ended by whoever has started it."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._asking.values():
            task.cancel()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_ns = pod.wake_ns(self.state)
        if wake_ns is not None:
            delay_s = max(0.0, to_s(wake_ns - monotonic_ns()))
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.happens, Tick())

    def _do(self, effect: Effect) -> None:
        match effect:
            case events.Start(name, run):
                self._start(name, run)
            case events.Ask(name, kind, number, _):
                handler = getattr(self.containers[name], kind).handler
                self._ask((name, kind, number), self._probe(name, kind, number, handler))
            case events.GiveUp(name, kind, number):
                task = self._asking.pop((name, kind, number), None)
                if task is not None:
                    task.cancel()
            case events.RunPreStop(name, run):
                self._ask((name, "preStop", run), self._hook(name, run))
            case events.Terminate(name, _):
                self._terminate(name)
            case events.Kill(name, _):
                self._kill(name)
            case Told():
                self._told(effect)

    def _told(self, told: Told) -> None:
        if told.what == "unhealthy" and told.text == self.last_failure:
            return  # said already: a probe that fails for minutes is one line
        self.last_failure = told.text if told.what == "unhealthy" else ""
        if told.what == "killing":
            self.starts[told.container] = self.starts[told.container].ended_by_probe()
        LOG.info("%s %s: %s %s", self.identity.instance, told.container, told.what, told.text)
        self._tell(self, told)

    def _start(self, name: str, run: int) -> None:
        container = self.containers[name]
        environment = environment_of(self.identity, container)
        argv = argv_of(self.identity, container, environment)
        self._runs[name] = run
        try:
            process = self._launcher.exec(self._log_name(name), argv, environment, self._cwd)
        except (SubjectError, ProcessError) as error:
            self._events.append(Exited(name, run, _NOT_STARTED, str(error)))
            return
        self.processes[name] = process
        self._events.append(events.Running(name, run))

    def _log_name(self, name: str) -> str:
        return self.identity.instance if len(self.containers) == 1 else f"{self.identity.instance}.{name}"

    @property
    def _cwd(self) -> Path:
        return Path(self.identity.workload.cwd)

    def _target(self, container: Container) -> prober.Target:
        return prober.Target(self.identity.ports, environment_of(self.identity, container), self._cwd)

    def _ask(self, key: tuple[str, str, int], asking: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(asking)
        self._asking[key] = task
        task.add_done_callback(lambda _: self._asking.pop(key, None))

    async def _probe(self, name: str, kind: ProbeKind, number: int, handler: Handler) -> None:
        result, text = await prober.ask(handler, self._target(self.containers[name]))
        self.happens(Probed(name, kind, number, result, text))

    async def _hook(self, name: str, run: int) -> None:
        handler = self.containers[name].pre_stop
        assert handler is not None
        result, text = await prober.ask(handler, self._target(self.containers[name]))
        if result is not Result.SUCCESS:
            LOG.warning("%s %s: preStop failed: %s", self.identity.instance, name, text)
        self.happens(events.PreStopped(name, run))

    def _terminate(self, name: str) -> None:
        """SIGTERM; what a fault holds still stays so, and hears of it too late."""
        process = self.processes.get(name)
        if process is None or process.tree is None:
            return
        if self.frozen:
            process_tree.send(signal.SIGTERM, process_tree.members(process_tree.table(), process.tree))
        else:
            process_tree.terminate(process.tree)

    def _kill(self, name: str) -> None:
        process = self.processes.get(name)
        if process is not None:
            process.kill()
            self.look()

    # --- what faults do ------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """SIGKILL every process of it: the kubelet starts them again."""
        self.faults += 1
        for process in list(self.processes.values()):
            process.kill()
        self.look()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.frozen = self.expected = True
        for process in self.processes.values():
            process.freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        self.frozen = False
        for process in self.processes.values():
            process.thaw()

    def delete(self, grace_ns: int | None = None) -> None:
        """It is to go."""
        self.happens(Deleted(grace_ns))
