"""The subject's components as processes: their environment, start, readiness, end. Knows nothing of what they do."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import DrillInvalid, SubjectError
from harness.kit.address import Address
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all
from harness.topology.environment import Environment
from harness.topology.subject import Instance, Subject
from harness.topology.timing import Timing
from harness.wire import placeholders
from harness.wire.ask import NoAnswer, ask_status
from harness.world.components import command
from harness.world.platform import NEEDS_LONGER, RunningTree, Variable

LOG = logging.getLogger(__name__)
STOP_GRACE_S = 1.0
_POLL_S = 0.02
_HEALTH = {
    "HEALTH_CHECK_TABLE": "app-health-status",
    "HEALTH_CHECK_KEY": "region_status",
    "HEALTH_CHECK_VALUE": "operational",
    "FAILOVER_THRESHOLD": "3",
}
# What a program needs to start at all; nothing else of ours reaches the subject, least of all AWS_* and DRILL_*.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@dataclass
class Running:
    """One instance that was started. stopped_by_us: its end is no news. killed: by a fault that has not healed yet."""

    instance: Instance
    process: ServerProcess
    stopped_by_us: bool = False
    killed: bool = False


class SubjectProcesses:
    """All instances of the subject. environment_for: what the world gives each; ports: place -> the application's.

    hosted: those that run somewhere else, in pods for instance. varied: variables that hold over all others.
    """

    def __init__(
        self,
        servers: ForkServer,
        subject: Subject,
        environment: Environment,
        timing: Timing,
        environment_for: Callable[[Instance], Mapping[str, str]],
        ports: Mapping[str, int],
        hosted: Callable[[Instance], bool] = lambda _: False,
    ) -> None:
        self._servers = servers
        self._subject = subject
        self._environment = environment
        self._timing = timing
        self._environment_for = environment_for
        self._ports = ports
        self._hosted = hosted
        self._running: dict[str, Running] = {}
        self.varied: tuple[Variable, ...] = ()

    @property
    def running(self) -> Mapping[str, Running]:
        """Instance name -> what was started."""
        return self._running

    def start(self) -> None:
        """Start everything, and wait until every component with a port gives an HTTP answer.

        Raises SubjectError for a command that is missing or exits non-zero before it is ready, DrillInvalid for one
        that does not answer in time.
        """
        self.stop()
        for instance in self._subject.instances(self._environment):
            if self._hosted(instance):
                continue
            self._running[instance.name] = Running(instance, self._started(instance))
        self._wait_ready()

    def _started(self, instance: Instance) -> ServerProcess:
        component, subject = instance.component, self._subject
        told = command.interpreter_in_words(component, subject)
        if told is not None:
            LOG.info("%s: %s", instance.name, told)
        line = command.argv(component, subject, self._port(instance))
        return self._servers.exec(instance.name, line, self.environment_of(instance), subject.folder)

    def _port(self, instance: Instance) -> int | None:
        return self._ports.get(instance.place) if instance.component.has_port else None

    def _wait_ready(self) -> None:
        waiting = {name: r for name, r in self._running.items() if r.instance.component.has_port}
        timeout_s = self._subject.start_timeout_s
        until = time.monotonic() + timeout_s
        while waiting:
            self._refuse_early_death()
            for name, running in list(waiting.items()):
                address = ("127.0.0.1", self._ports[running.instance.place])
                if _answers(address, running.instance.component.ready_path):
                    del waiting[name]
            if waiting and time.monotonic() > until:
                late = ", ".join(waiting)
                raise DrillInvalid(f"no HTTP answer from {late} within {timeout_s:g} s of its start ({NEEDS_LONGER})")
            time.sleep(_POLL_S)
        self._refuse_early_death()

    def _refuse_early_death(self) -> None:
        for name, running in self._running.items():
            code = running.process.poll()
            if code not in (None, 0):
                names, lines = self._subject.variables(), running.process.log_tail()
                told = [placeholders.hidden(line, names, os.environ) for line in lines]
                raise SubjectError(name, f"exited with code {code} before it was ready", told)

    def environment_of(self, instance: Instance, known: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The whole environment that an instance is given. known: what `${env:NAME}` stands for."""
        env = self.given(instance)
        env |= command.own_variables(instance.component, self._subject, self._port(instance), env, known)
        return env | {name: value for component, name, value in self.varied if component == instance.component.name}

    def given(self, instance: Instance) -> dict[str, str]:
        """What it is given whatever the subject file says."""
        component, environment = instance.component, self._environment
        env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        env |= _HEALTH | {
            "PRIMARY_REGION": environment.primary.database_name,
            "SECONDARY_REGION": environment.standby.database_name,
            "TIME_SCALE": f"{self._timing.scale:g}",
            "COMPONENT": component.name,
            "PYTHONUNBUFFERED": "1",
        }
        return {**env, **self._environment_for(instance)}

    def stop(self, only: Sequence[str] | None = None) -> None:
        """Stop all instances, or those of the components named."""
        chosen = [r for r in self._running.values() if only is None or r.instance.component.name in only]
        for running in chosen:
            running.stopped_by_us = True
        stop_all([running.process for running in chosen], STOP_GRACE_S)
        if only is None:
            self._running.clear()

    def deaths(self) -> list[str]:
        """A sentence for each instance that ended by itself."""
        sentences = []
        for name, running in self._running.items():
            code = running.process.poll()
            if code is not None and not running.stopped_by_us:
                sentences.append(f"{name} ended by itself with exit code {code}")
        return sentences

    def trees(self, known: Mapping[str, str]) -> list[RunningTree]:
        """What runs as trees of processes. known: what `${env:NAME}` stands for, where it is to be shown."""
        found = []
        for running in self._running.values():
            process = running.process
            if process.pid and process.tree is not None:  # its number: waits until it is known
                given = self.environment_of(running.instance, known)
                found.append(RunningTree(running.instance, process.tree, process.log_path, given, process.poll()))
        return found

    def kill(self, instance: str) -> None:
        """SIGKILL the tree of one instance. One that has ended already does not count as killed."""
        running = self._named(instance)
        if running.process.poll() is None:
            running.killed = running.stopped_by_us = True  # before it dies: somebody may look in between
        running.process.kill()

    def restart(self, instance: str) -> None:
        """Start a killed instance again, as its supervisor would: what healing a kill means.

        One that lives is left alone, and so is one that ended without being killed: a second copy would run beside the
        first, and nobody would ever stop that.
        """
        running = self._named(instance)
        if not running.killed:
            return
        if running.process.poll() is None:  # the kill did not get that far; should it die yet, that will be told
            running.killed = running.stopped_by_us = False
            return
        self._running[instance] = Running(running.instance, self._started(running.instance))

    def freeze(self, instance: str) -> None:
        """SIGSTOP the tree of one instance."""
        self._named(instance).process.freeze()

    def thaw(self, instance: str) -> None:
        """SIGCONT the tree of one instance."""
        self._named(instance).process.thaw()

    def _named(self, instance: str) -> Running:
        if instance not in self._running:
            raise SubjectError(instance, f"no such instance; running: {', '.join(self._running) or 'none'}")
        return self._running[instance]


def _answers(address: Address, path: str) -> bool:
    """Whether an HTTP server there gives any answer; refused, silent and garbled all mean: not yet."""
    try:
        ask_status(address, path, timeout_s=1.0)
    except NoAnswer:
        return False
    return True
