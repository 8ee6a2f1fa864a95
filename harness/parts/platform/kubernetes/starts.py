"""How the starts of pods went: asked of the cluster, and where probes ended them, tried once more without those."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import DrillInvalid
from harness.parts.platform.kubernetes.manifests.gathering import Gathered
from harness.parts.platform.kubernetes.plan import Plan
from harness.parts.platform.kubernetes.starting import Key, Observed, budgets, judged, left_alone, observed
from harness.processes.forkserver_process import tail_of
from harness.wire.admin_client import AdminClient
from harness.world.diagnosis import Diagnosis, State
from harness.world.part import Blueprint
from harness.world.platform import NEEDS_LONGER

_POLL_S = 0.05
_LEFT_ALONE_S = 20.0
"""Seconds of this machine in which pods that nothing ends must have answered."""
_TOLD_LINES = 10

Look = Callable[[Sequence[Mapping[str, Any]], Callable[[], Plan]], Sequence[Diagnosis]]
"""Looks into pods that were not ready in time; see Starts.looked_into."""


class Starts:
    """Of one world's pods."""

    def __init__(self, gathered: Mapping[str, Gathered], blueprint: Blueprint, cluster: AdminClient) -> None:
        self._budgets = budgets(gathered, blueprint.timing)
        self._timing = blueprint.timing
        self._cluster = cluster
        self._failed: Sequence[Diagnosis] = ()

    def judged(self, pods: Sequence[Mapping[str, Any]]) -> Sequence[Diagnosis]:
        """How they went; of those that failed, how."""
        return self._failed or tuple(judged(self._budgets, observed(pods), None, self._timing))

    def looked_into(self, pods: Sequence[Mapping[str, Any]], plan: Callable[[], Plan]) -> Sequence[Diagnosis]:
        """Of pods that were not ready in time: those that their probes ended before they answered, and how long they
        take when nothing ends them, for which they are started anew."""
        seen = observed(pods)
        if not any(seen[key].unanswered for key in self._budgets.keys() & seen.keys()):
            return ()
        alone = self._alone(left_alone(plan()))
        found = judged(self._budgets, seen, alone, self._timing)
        self._failed = tuple(one for one in found if one.state is State.FAIL)
        return self._failed

    def _alone(self, patient: Plan) -> Mapping[Key, Observed]:
        self._cluster.post("/apply", patient.model_dump(mode="json"))
        until = time.monotonic() + _LEFT_ALONE_S
        while True:
            pods = self._cluster.get("/pods")["pods"]
            waited_for = [
                told for pod in pods for name, told in pod["starts"].items() if (pod["workload"], name) in self._budgets
            ]
            if time.monotonic() > until or (waited_for and all(told["took_s"] is not None for told in waited_for)):
                return observed(pods)
            time.sleep(_POLL_S)


def unready(pods: Sequence[Mapping[str, Any]], timeout_s: float, starts: Sequence[Diagnosis]) -> DrillInvalid:
    """What a drill ends with whose pods were not ready in time. starts: of those that their probes ended, which comes
    first: where little room is, what to do must not be what is cut off."""
    late = [pod for pod in pods if not pod["ready"]]
    told = "; ".join(
        f"{pod['instance']} is {pod['phase']}" + (f" ({pod['last_failure']})" if pod["last_failure"] else "")
        for pod in late
    )
    text = f"not every pod was ready within {timeout_s:g} s"
    text = (
        f"{text}: {'; '.join(f'{one.text}: {one.hint}' for one in starts)}\n    {told}"
        if starts
        else f"{text}: {told} ({NEEDS_LONGER})"
    )
    tail = "".join(f"\n    {line}" for pod in late[:1] if pod["log"] for line in tail_of(Path(pod["log"]), _TOLD_LINES))
    return DrillInvalid(f"{text}{tail}")
