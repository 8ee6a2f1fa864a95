"""The adversary's hand on pods and rollouts, and who of platform and pods a process fault is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.clock import monotonic_ns
from harness.errors import WorldError
from harness.faults.actions import Action, RollBack, RollOutBad
from harness.faults.hand import Applied
from harness.wire.admin_client import AdminClient
from harness.world.components.hand import ProcessControl


class PodControl:
    """Pods by their instances' names, everything else as processes of their own.

    pods: those that there are, with their first process. killed: by a fault that has not healed, with the process that
    ended; the kubelet starts another one, and `restart` only says that the fault is over.
    """

    def __init__(
        self, cluster: AdminClient, processes: ProcessControl, pods: Callable[[], Mapping[str, int | None]]
    ) -> None:
        self.killed: dict[str, int] = {}
        self._cluster = cluster
        self._processes = processes
        self._pods = pods
        self._frozen: set[str] = set()

    def kill(self, instance: str) -> None:
        """SIGKILL all that runs in it."""
        pods = self._pods()
        if instance not in pods:
            self._processes.kill(instance)
            return
        self.killed[instance] = pods[instance] or 0
        self._act("kill", instance)

    def restart(self, instance: str) -> None:
        """It runs again already, or will."""
        if self.killed.pop(instance, None) is None:
            self._processes.restart(instance)

    def freeze(self, instance: str) -> None:
        """SIGSTOP."""
        if instance not in self._pods():
            self._processes.freeze(instance)
            return
        self._frozen.add(instance)
        self._act("freeze", instance)

    def thaw(self, instance: str) -> None:
        """SIGCONT; a pod that is there no more needs none."""
        if instance not in self._frozen:
            self._processes.thaw(instance)
            return
        if instance in self._pods():
            self._act("thaw", instance)
        self._frozen.discard(instance)

    def forget(self) -> None:
        """All pods are new."""
        self.killed.clear()
        self._frozen.clear()

    def _act(self, what: str, instance: str) -> None:
        self._cluster.post("/act", {"what": what, "pod": instance})


class RolloutHand:
    """Rolls a bad version out in a place, and back."""

    def __init__(self, cluster: AdminClient) -> None:
        self._cluster = cluster
        self._rolled_out: set[str] = set()

    def takes(self, action: Action) -> bool:
        """See Hand."""
        return isinstance(action, RollOutBad | RollBack)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        """See Hand."""
        return [self._applied(action) for action in actions]

    def _applied(self, action: Action) -> Applied:
        assert isinstance(action, RollOutBad | RollBack)
        start_ns, bad = monotonic_ns(), isinstance(action, RollOutBad)
        if not bad and action.place not in self._rolled_out:
            text = f"nothing was rolled out in {action.place}"
            return Applied(action, start_ns, monotonic_ns(), text, missing=True, untouched=True)
        try:
            if bad:
                self._rolled_out.add(action.place)
            self._cluster.post("/rollout", {"place": action.place, "change": "never-ready" if bad else ""})
        except WorldError as error:
            return Applied(action, start_ns, monotonic_ns(), str(error), kind=type(error))
        if not bad:
            self._rolled_out.discard(action.place)
        return Applied(action, start_ns, monotonic_ns())
