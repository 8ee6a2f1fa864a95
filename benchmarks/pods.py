"""What it costs to decide about pods: 200 of them with every probe, the machines alone, and how far probes are off.

    python benchmarks/pods.py [--pods 200] [--minutes 10]

Prints the share of one core that the machines take while all pods are asked as their manifests say (promised: under
5 %), and the detection of a failed liveness probe beside the documented law (p50, p95; promised: within 2 %).
"""

from __future__ import annotations

import argparse
import heapq
import statistics
import time

from harness.parts.platform.kubernetes.machines.container import ContainerSpec
from harness.parts.platform.kubernetes.machines.events import Ask, Event, Probed, Running, Start, Tick
from harness.parts.platform.kubernetes.machines.pod import Pod, PodState, created, wake_ns
from harness.parts.platform.kubernetes.machines.probe import ProbeTerms, Result
from harness.units import NS_PER_S

SPEC = ContainerSpec(
    "app",
    startup=ProbeTerms(period_ns=NS_PER_S, failure_threshold=60),
    liveness=ProbeTerms(),
    readiness=ProbeTerms(period_ns=5 * NS_PER_S, failure_threshold=2),
)
LIVE = ContainerSpec("app", liveness=ProbeTerms())


def step(machine: Pod, state: PodState, event: Event, now_ns: int, result: Result) -> tuple[PodState, list[str]]:
    """One event with all that follows from it at once; what was told."""
    waiting, told = [event], []
    while waiting:
        state, effects = machine.step(state, waiting.pop(0), now_ns)
        for effect in effects:
            if isinstance(effect, Start):
                waiting.append(Running(effect.container, effect.run))
            elif isinstance(effect, Ask):
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


def detections_s(runs: int) -> list[float]:
    """Seconds from the failure, in every phase of a period, until the container is ended."""
    machine, found = Pod(), []
    for run in range(runs):
        fails_ns = 100 * NS_PER_S + run * 10 * NS_PER_S // runs
        state, now_ns = created((LIVE,), 0), 0
        while True:
            result = Result.FAILURE if now_ns >= fails_ns else Result.SUCCESS
            state, told = step(machine, state, Tick(), now_ns, result)
            if "killing" in told:
                found.append((now_ns - fails_ns) / NS_PER_S)
                break
            wake = wake_ns(state)
            assert wake is not None
            now_ns = max(wake, now_ns)
    return sorted(found)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    share, events = share_of_a_core(arguments.pods, arguments.minutes)
    print(f"{arguments.pods} pods, three probes each: {100 * share:.2f} % of one core ({events} wake-ups; under 5 %)")
    found = detections_s(1000)
    p50, p95 = statistics.median(found), found[len(found) * 95 // 100]
    print(f"a failed liveness probe ends its container after {p50:.2f} s (p50), {p95:.2f} s (p95); the law: 25.0, 29.5")


if __name__ == "__main__":
    main()
