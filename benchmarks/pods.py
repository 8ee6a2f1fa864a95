"""What it costs to decide about pods: 200 of them with every probe, the machines alone, and how far probes are off.

    python benchmarks/pods.py [--pods 200] [--minutes 10] [--runs 1000]

Prints the share of one core that the machines take while all pods are asked as their manifests say (promised: under
5 %); and for several settings of probes, each in 1,000 runs that begin in every phase of a period, after how long what
has changed takes effect, beside the documented law (p50, p95; promised: within 2 %). Exit code 1 where a promise is not
kept. `benchmarks/live_pods.py` has the same with processes.
"""

from __future__ import annotations

import argparse
import heapq
import statistics
import sys
import time
from dataclasses import dataclass

from harness.parts.platform.kubernetes.machines.container import ContainerSpec
from harness.parts.platform.kubernetes.machines.events import Ask, Event, Probed, Running, Start, Tick
from harness.parts.platform.kubernetes.machines.pod import Pod, PodState, created, wake_ns
from harness.parts.platform.kubernetes.machines.probe import ProbeKind, ProbeTerms, Result
from harness.units import NS_PER_S

SPEC = ContainerSpec(
    "app",
    startup=ProbeTerms(period_ns=NS_PER_S, failure_threshold=60),
    liveness=ProbeTerms(),
    readiness=ProbeTerms(period_ns=5 * NS_PER_S, failure_threshold=2),
)
OFF = 0.02
SHARE = 0.05


@dataclass(frozen=True)
class Setting:
    """A probe, and what happens to it. told: what must be said of the pod. hangs: nothing is answered, rather than a
    failure. back: it failed before, and succeeds from then on."""

    name: str
    kind: ProbeKind
    period_s: float = 10
    timeout_s: float = 1
    threshold: int = 3
    hangs: bool = False
    back: bool = False

    @property
    def told(self) -> str:
        """What must be said of the pod."""
        return ("ready" if self.back else "unready") if self.kind is ProbeKind.READINESS else "killing"

    @property
    def spec(self) -> ContainerSpec:
        """A container with this probe alone."""
        threshold = {"success_threshold" if self.back else "failure_threshold": self.threshold}
        terms = ProbeTerms(
            period_ns=round(self.period_s * NS_PER_S), timeout_ns=round(self.timeout_s * NS_PER_S), **threshold
        )
        startup, liveness, readiness = (terms if self.kind is kind else None for kind in ProbeKind)
        return ContainerSpec("app", startup=startup, liveness=liveness, readiness=readiness)

    def law_s(self, share: float) -> float:
        """The documented time in the slowest but `share` of all phases: the next look is up to a period away, the
        others follow by periods, and a look that is not answered fails after its time-out."""
        look_s = self.timeout_s if self.hangs else 0.0
        return share * self.period_s + (self.threshold - 1) * max(self.period_s, look_s) + look_s


SETTINGS = (
    Setting("liveness, as it is by default, refused", ProbeKind.LIVENESS),
    Setting("liveness, as it is by default, hangs", ProbeKind.LIVENESS, hangs=True),
    Setting("liveness every 3 s, one failure", ProbeKind.LIVENESS, 3, threshold=1),
    Setting("liveness every 5 s, time-out 8 s, hangs", ProbeKind.LIVENESS, 5, 8, hangs=True),
    Setting("readiness every 5 s, 2 failures", ProbeKind.READINESS, 5, threshold=2),
    Setting("readiness every 5 s, 2 failures, hangs", ProbeKind.READINESS, 5, threshold=2, hangs=True),
    Setting("readiness comes back, 3 successes", ProbeKind.READINESS, back=True),
    Setting("startup every second, 60 failures", ProbeKind.STARTUP, 1, threshold=60),
    Setting("startup every 10 s, 30 failures, hangs", ProbeKind.STARTUP, threshold=30, hangs=True),
)


def step(machine: Pod, state: PodState, event: Event, now_ns: int, result: Result | None) -> tuple[PodState, list[str]]:
    """One event with all that follows from it at once; what was told. result: of probes, None: nobody answers."""
    waiting, told = [event], []
    while waiting:
        state, effects = machine.step(state, waiting.pop(0), now_ns)
        for effect in effects:
            if isinstance(effect, Start):
                waiting.append(Running(effect.container, effect.run))
            elif isinstance(effect, Ask):
                if result is not None:
                    waiting.append(Probed(effect.container, effect.kind, effect.number, result))
            else:
                told.append(getattr(effect, "what", ""))
    return state, told


def share_of_a_core(pods: int, minutes: float) -> tuple[float, int]:
    """CPU seconds per second of the pods' life, and how many events that were."""
    machine, until_ns = Pod(), round(minutes * 60 * NS_PER_S)
    states = {}
    due: list[tuple[int, int]] = []
    for number in range(pods):
        begun_ns = number * 10 * NS_PER_S // pods
        states[number] = created((SPEC,), begun_ns)
        heapq.heappush(due, (begun_ns, number))
    events, began_s = 0, time.process_time()
    while due[0][0] < until_ns:
        now_ns, number = heapq.heappop(due)
        states[number], _ = step(machine, states[number], Tick(), now_ns, Result.SUCCESS)
        events += 1
        wake = wake_ns(states[number])
        assert wake is not None
        heapq.heappush(due, (max(wake, now_ns + 1), number))
    return (time.process_time() - began_s) / (minutes * 60), events


def taken_s(setting: Setting, runs: int) -> list[float]:
    """Seconds from the change, in every phase of a period, until it takes effect."""
    return sorted(_taken_s(setting, (run + 0.5) / runs) for run in range(runs))


def _taken_s(setting: Setting, phase: float) -> float:
    machine, period_ns = Pod(), round(setting.period_s * NS_PER_S)
    bad = None if setting.hangs else Result.FAILURE
    before, after = (bad, Result.SUCCESS) if setting.back else (Result.SUCCESS, bad)
    change_ns = 20 * period_ns + round(phase * period_ns)
    begun_ns = 0
    if setting.kind is ProbeKind.STARTUP:
        # It counts from the start of the container, which is somewhere between two ticks of the pod's.
        change_ns = round(phase * period_ns)
        state, _ = machine.step(created((setting.spec,), 0), Tick(), 0)
        state, _ = step(machine, state, Running("app", 1), change_ns, after)
        begun_ns = change_ns
    else:
        state = created((setting.spec,), 0)
    now_ns = begun_ns
    while True:
        state, told = step(machine, state, Tick(), now_ns, before if now_ns < change_ns else after)
        if now_ns >= change_ns and setting.told in told:
            return (now_ns - change_ns) / NS_PER_S
        wake = wake_ns(state)
        assert wake is not None
        now_ns = max(wake, now_ns)


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--runs", type=int, default=1000)
    arguments = parser.parse_args()
    share, events = share_of_a_core(arguments.pods, arguments.minutes)
    print(f"{arguments.pods} pods, three probes each: {100 * share:.2f} % of one core ({events} wake-ups; under 5 %)")
    kept = share < SHARE
    for setting in SETTINGS:
        found = taken_s(setting, arguments.runs)
        p50, p95 = statistics.median(found), found[len(found) * 95 // 100]
        law = setting.law_s(0.5), setting.law_s(0.95)
        off = max(abs(p50 / law[0] - 1), abs(p95 / law[1] - 1))
        kept = kept and off <= OFF
        print(
            f"{setting.name}: {p50:.2f} s (p50), {p95:.2f} s (p95); "
            f"the law: {law[0]:.2f}, {law[1]:.2f}; off by {100 * off:.2f} %"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
