"""One Deployment: how many pods there should be, and how they are replaced. No I/O.

From "Deployments" (concepts/workloads/controllers/deployment): `RollingUpdate` adds at most maxSurge pods (a share is
rounded up) above the number wanted, and takes so many away that at most maxUnavailable (rounded down) of it are not
available; `Recreate` takes all old ones away first. A pod is available once it has been ready for minReadySeconds. Old
pods that are not ready go first. A deploy whose new pods never become ready therefore stands still, with the old ones
serving, and is told of after progressDeadlineSeconds. A pod that is deleted or has failed is replaced at once: its
container alone that ended is the kubelet's affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from harness.units import NS_PER_S


@dataclass(frozen=True)
class DeploymentTerms:
    """What a manifest says. surge, unavailable: how many pods, worked out of shares (see `rounded`)."""

    surge: int = 1
    unavailable: int = 0
    recreate: bool = False
    min_ready_ns: int = 0
    progress_ns: int = 600 * NS_PER_S


def rounded(replicas: int, surge: int | str, unavailable: int | str) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods, of numbers or shares such as `25%`.

    With both at 0 nothing could ever be replaced: then one pod may be unavailable.
    """
    up = surge if isinstance(surge, int) else -(-replicas * int(surge.removesuffix("%")) // 100)
    down = unavailable if isinstance(unavailable, int) else replicas * int(unavailable.removesuffix("%")) // 100
    return (up, down) if up or down else (0, 1)


@dataclass(frozen=True)
class PodView:
    """One of its pods. ready_ns: since when it has been ready, None while it is not. going: it has been deleted."""

    name: str
    revision: int
    created_ns: int
    ready_ns: int | None = None
    going: bool = False


@dataclass(frozen=True)
class DeploymentState:
    """replicas: wanted. revision: of the template that is wanted; latest: the youngest. count: pods ever made.

    progress_ns: when the rollout last came a step further; stalled: it did not for too long.
    """

    replicas: int
    pods: tuple[PodView, ...] = ()
    revision: int = 1
    latest: int = 1
    count: int = 0
    progress_ns: int = 0
    stalled: bool = False


@dataclass(frozen=True)
class Tick:
    """Time passed."""


@dataclass(frozen=True)
class PodIs:
    """A pod has become ready, or is not any more."""

    name: str
    ready: bool


@dataclass(frozen=True)
class PodGone:
    """A pod is there no more, or has ended for good."""

    name: str


@dataclass(frozen=True)
class PodGoing:
    """Somebody has deleted a pod."""

    name: str


@dataclass(frozen=True)
class RolledOut:
    """Another template is wanted: a new one (None), or that of an earlier revision, whose pods then count again."""

    revision: int | None = None


@dataclass(frozen=True)
class Scaled:
    """Another number of pods is wanted."""

    replicas: int


Event = Tick | PodIs | PodGone | PodGoing | RolledOut | Scaled


@dataclass(frozen=True)
class CreatePod:
    """Make a pod of the template of a revision. number: of all that the deployment ever made, from 1."""

    number: int
    name: str
    revision: int


@dataclass(frozen=True)
class DeletePod:
    """Delete a pod, with its grace period."""

    name: str


@dataclass(frozen=True)
class Progress:
    """What `kubectl rollout status` would say."""

    what: Literal["stalled", "complete"]


Effect = CreatePod | DeletePod | Progress


@dataclass(frozen=True)
class Deployment:
    """The machine. name: pods are called NAME-REVISION-NUMBER."""

    name: str
    terms: DeploymentTerms

    def step(self, state: DeploymentState, event: Event, now_ns: int) -> tuple[DeploymentState, tuple[Effect, ...]]:
        """The next state, and what must be done."""
        was = state
        state = _taken(state, event, now_ns)
        state, removed = self._shrunk(state, now_ns)
        state, added = self._grown(state, now_ns)
        complete = self._is_complete(state, now_ns)
        if added or removed or _ready_new(state) > _ready_new(was) or complete:
            state = replace(state, progress_ns=now_ns, stalled=False)
        effects: tuple[Effect, ...] = (*removed, *added)
        if complete and not self._is_complete(was, now_ns):
            effects = (*effects, Progress("complete"))
        if not complete and not state.stalled and now_ns - state.progress_ns >= self.terms.progress_ns:
            return replace(state, stalled=True), (*effects, Progress("stalled"))
        return state, effects

    def _is_complete(self, state: DeploymentState, now_ns: int) -> bool:
        there = _there(state)
        available = [pod for pod in there if pod.revision == state.revision and self._is_available(pod, now_ns)]
        return len(there) == len(available) == state.replicas

    def _is_available(self, pod: PodView, now_ns: int) -> bool:
        return pod.ready_ns is not None and now_ns - pod.ready_ns >= self.terms.min_ready_ns

    def _grown(self, state: DeploymentState, now_ns: int) -> tuple[DeploymentState, tuple[Effect, ...]]:
        there = _there(state)
        new = [pod for pod in there if pod.revision == state.revision]
        room = state.replicas + (0 if self.terms.recreate else self.terms.surge) - len(there)
        if self.terms.recreate and any(pod.revision != state.revision for pod in state.pods):
            return state, ()  # also those that are still going
        made: list[CreatePod] = []
        for _ in range(max(0, min(room, state.replicas - len(new)))):
            number = state.count + 1
            pod = PodView(f"{self.name}-{state.revision}-{number}", state.revision, now_ns)
            state = replace(state, pods=(*state.pods, pod), count=number)
            made.append(CreatePod(number, pod.name, pod.revision))
        return state, tuple(made)

    def _shrunk(self, state: DeploymentState, now_ns: int) -> tuple[DeploymentState, tuple[Effect, ...]]:
        there = _there(state)
        new = [pod for pod in there if pod.revision == state.revision]
        old = [pod for pod in there if pod.revision != state.revision]
        chosen = self._last(new, now_ns)[: max(0, len(new) - state.replicas)]
        if self.terms.recreate:
            chosen += old
        elif old:
            chosen += self._of_old(state, there, new, old, now_ns)
        names = {pod.name for pod in chosen}
        pods = tuple(replace(pod, going=True) if pod.name in names else pod for pod in state.pods)
        return replace(state, pods=pods), tuple(DeletePod(pod.name) for pod in chosen)

    def _of_old(
        self, state: DeploymentState, there: list[PodView], new: list[PodView], old: list[PodView], now_ns: int
    ) -> list[PodView]:
        """The old pods that may go now: those that are not ready first, which costs nobody anything."""
        least = state.replicas - self.terms.unavailable
        unavailable_new = sum(not self._is_available(pod, now_ns) for pod in new)
        may_go = max(0, len(there) - least - unavailable_new)
        unready = [pod for pod in self._last(old, now_ns) if not self._is_available(pod, now_ns)][:may_go]
        left = [pod for pod in old if pod not in unready]
        available = sum(self._is_available(pod, now_ns) for pod in there)
        spare = max(0, min(available - least, may_go - len(unready)))
        return unready + self._last(left, now_ns)[:spare]

    def _last(self, pods: Iterable[PodView], now_ns: int) -> list[PodView]:
        """In the order in which they go: not ready first, then the youngest."""
        return sorted(pods, key=lambda pod: (self._is_available(pod, now_ns), -pod.created_ns, pod.name))


def _there(state: DeploymentState) -> list[PodView]:
    return [pod for pod in state.pods if not pod.going]


def _ready_new(state: DeploymentState) -> int:
    return sum(pod.ready_ns is not None for pod in _there(state) if pod.revision == state.revision)


def _taken(state: DeploymentState, event: Event, now_ns: int) -> DeploymentState:
    match event:
        case PodIs(name, ready):
            return _with(state, name, ready_ns=now_ns if ready else None)
        case PodGoing(name):
            return _with(state, name, going=True)
        case PodGone(name):
            return replace(state, pods=tuple(pod for pod in state.pods if pod.name != name))
        case RolledOut(None):
            latest = state.latest + 1
            return replace(state, revision=latest, latest=latest, progress_ns=now_ns, stalled=False)
        case RolledOut(int(revision)):
            return replace(state, revision=revision, progress_ns=now_ns, stalled=False)
        case Scaled(replicas):
            return replace(state, replicas=replicas, progress_ns=now_ns, stalled=False)
    return state


def _with(state: DeploymentState, name: str, **changes: object) -> DeploymentState:
    pods = tuple(
        replace(pod, **changes) if pod.name == name else pod  # type: ignore[arg-type]
        for pod in state.pods
    )
    return replace(state, pods=pods)


def wake_ns(state: DeploymentState, terms: DeploymentTerms, now_ns: int) -> int | None:
    """When time alone changes something: a pod becomes available, or the rollout counts as stalled."""
    wakes = [pod.ready_ns + terms.min_ready_ns for pod in _there(state) if pod.ready_ns is not None]
    wakes = [wake for wake in wakes if wake > now_ns]
    there = _there(state)
    current = [pod for pod in there if pod.revision == state.revision and pod.ready_ns is not None]
    if not state.stalled and not len(there) == len(current) == state.replicas:
        wakes.append(state.progress_ns + terms.progress_ns)
    return min(wakes, default=None)
