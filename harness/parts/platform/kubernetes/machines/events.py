"""What happens to a pod, and what is done about it: the events and effects of the pod's machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.parts.platform.kubernetes.machines.probe import ProbeKind, Result


@dataclass(frozen=True)
class Tick:
    """Time passed."""


@dataclass(frozen=True)
class Running:
    """The process of a container runs. run: which of its runs, from 1."""

    container: str
    run: int


@dataclass(frozen=True)
class Exited:
    """The process of a container has ended, or could not be started. code: minus the signal's number for a signal."""

    container: str
    run: int
    code: int
    text: str = ""


@dataclass(frozen=True)
class Probed:
    """A request of a probe was answered. text: what came, for people."""

    container: str
    kind: ProbeKind
    number: int
    result: Result
    text: str = ""


@dataclass(frozen=True)
class PreStopped:
    """The preStop hook of a container has ended, well or badly."""

    container: str
    run: int


@dataclass(frozen=True)
class Deleted:
    """The pod is to go. grace_ns: instead of the pod's own grace period."""

    grace_ns: int | None = None


Event = Tick | Running | Exited | Probed | PreStopped | Deleted


@dataclass(frozen=True)
class Start:
    """Start the process of a container; answer with Running or Exited."""

    container: str
    run: int


@dataclass(frozen=True)
class Ask:
    """Run a probe; answer with Probed. timeout_ns: after that the machine counts a failure by itself."""

    container: str
    kind: ProbeKind
    number: int
    timeout_ns: int


@dataclass(frozen=True)
class GiveUp:
    """Nobody waits for this probe's answer any more."""

    container: str
    kind: ProbeKind
    number: int


@dataclass(frozen=True)
class RunPreStop:
    """Run the preStop hook; answer with PreStopped."""

    container: str
    run: int


@dataclass(frozen=True)
class Terminate:
    """Ask the container's process to end: SIGTERM."""

    container: str
    run: int


@dataclass(frozen=True)
class Kill:
    """End it: SIGKILL."""

    container: str
    run: int


What = Literal["created", "started", "ready", "unready", "unhealthy", "killing", "exited", "backoff", "deleted", "gone"]


@dataclass(frozen=True)
class Told:
    """Something that people should see. container: "" where it is about the pod."""

    what: What
    container: str = ""
    text: str = ""


Effect = Start | Ask | GiveUp | RunPreStop | Terminate | Kill | Told
