"""How soon GTM's name servers hear of a loss, and that it is over, beside the documented constants.

    python benchmarks/akamai_detection.py [--runs 1000]

The pure machines alone (agents, their scores, reports and decisions), in virtual time, seeded: in each run seven agents
test a server at phases of their own, report at others, and it is lost at another moment and comes back, while a second
server is well. Promised: no run is later than the bound of harness/parts/steering/akamai/law.py or earlier than its
soonest, and p50 and p95 are within 2 % of what the constants say by themselves (uniform phases: the fourth of seven
agents that have tested and reported, and the next decision). Exit code 1 where that was not so.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from cloudflare_detection import Quantiles, quantiles, told

from harness.engines.health_checks.checker import NOT_CONNECTED, Checker, Due, Finished, Probe, Sleep, step
from harness.measurement.prediction import Failure
from harness.parts.steering.akamai.agents import ServerCheck, reported
from harness.parts.steering.akamai.law import AkamaiLaw, forgiven
from harness.parts.steering.akamai.liveness import (
    AGENTS,
    DECIDE_S,
    REPORT_S,
    Followed,
    LivenessRules,
    Tested,
    Wake,
)
from harness.parts.steering.akamai.properties import (
    ERROR_PENALTY,
    FAILOVER,
    HEALTH_THRESHOLD,
    TIMEOUT_PENALTY,
    LivenessTest,
    Property,
    Target,
)
from harness.parts.steering.akamai.scoring import Result
from harness.units import NS_PER_S, to_s

NAME, ONE, TWO = "app.example.akadns.net", "192.0.2.1", "192.0.2.2"
DRAWS = 40_000
WAYS: tuple[Failure, ...] = ("refused", "black-hole", "silence")


@dataclass(frozen=True)
class Settings:
    """A liveness test. interval, timeout, delays: seconds."""

    interval: int
    timeout: int
    failover_delay: int = 0
    failback_delay: int = 0


ALL = (Settings(10, 5), Settings(10, 10), Settings(60, 25), Settings(30, 10, 60, 120))


def penalty(how: Failure) -> float:
    """The score of a test that fails so: only what was connected can time out."""
    return TIMEOUT_PENALTY if how == "silence" else ERROR_PENALTY


def law_of(setting: Settings, how: Failure) -> AkamaiLaw:
    """The law of a setting in production."""
    needed = forgiven(penalty(how), HEALTH_THRESHOLD, 1.0)
    return AkamaiLaw(
        interval_ns=setting.interval * NS_PER_S,
        timeout_ns=setting.timeout * NS_PER_S,
        report_ns=REPORT_S * NS_PER_S,
        decide_ns=DECIDE_S * NS_PER_S,
        forgiven=needed,
        forgiven_relative=needed,
        failover_delay_ns=setting.failover_delay * NS_PER_S,
        failback_delay_ns=setting.failback_delay * NS_PER_S,
        ttl_ns=60 * NS_PER_S,
    )


def run(setting: Settings, how: Failure, seed: int) -> tuple[float, float]:
    """Seconds from a loss until the server is handed out no more, and from its end until it is again."""
    stream = random.Random(f"{setting}/{how}/{seed}")
    test = LivenessTest("edge", "HTTP", 80, "/", setting.interval, setting.timeout, frozenset({5}))
    prop = Property(
        NAME, FAILOVER, (test,), (Target(1, (ONE,), 1.0), Target(2, (TWO,))),
        failover_delay_s=setting.failover_delay, failback_delay_s=setting.failback_delay,
    )  # fmt: skip
    rules = LivenessRules(phases=tuple(stream.random() for _ in range(AGENTS + 1)))
    state, effects = rules.start(0)
    state, _ = rules.step(state, Followed({NAME: prop}), 0)
    for agent in range(AGENTS):
        state, _ = rules.step(state, Tested(NAME, TWO, "edge", agent, Result("", 0.02)), 0)
    interval_ns = setting.interval * NS_PER_S
    checkers = [Checker(interval_ns, 1, paced=True)] * AGENTS
    queue: list[tuple[int, int, Any]] = []
    order = itertools.count()

    def push(at_ns: int, what: Any) -> None:
        heapq.heappush(queue, (at_ns, next(order), what))

    for effect in effects:
        if isinstance(effect, Wake):
            push(effect.until_ns, effect.event)
    for agent in range(AGENTS):
        push(round(stream.random() * interval_ns), (agent, Due()))
    lost_ns = round((3 + stream.random()) * (interval_ns + REPORT_S * NS_PER_S))
    lasts_s = 3 * (setting.interval + setting.timeout + REPORT_S + DECIDE_S) + setting.failover_delay
    over_ns = lost_ns + round((lasts_s + stream.random() * setting.interval) * NS_PER_S)
    up, turned = True, list[int]()
    while len(turned) < 2:
        now_ns, _, event = heapq.heappop(queue)
        if isinstance(event, tuple):
            agent, what = event
            before = checkers[agent].last
            checkers[agent], wanted = step(checkers[agent], what, now_ns)
            for one in wanted:
                if isinstance(one, Probe):
                    at_ns, result = _result(setting, how, now_ns, gone=lost_ns <= now_ns < over_ns)
                    push(at_ns, (agent, result))
                elif isinstance(one, Sleep):
                    push(one.until_ns, (agent, Due()))
            last = checkers[agent].last
            if last is None or last is before:
                continue
            event = reported(ServerCheck(NAME, ONE, test), agent, last)
        state, effects = rules.step(state, event, now_ns)
        for effect in effects:
            if isinstance(effect, Wake):
                push(effect.until_ns, effect.event)
        if state.up(NAME, ONE) != up:
            up = not up
            turned.append(now_ns)
    return to_s(turned[0] - lost_ns), to_s(turned[1] - over_ns)


def _result(setting: Settings, how: Failure, now_ns: int, *, gone: bool) -> tuple[int, Finished]:
    if not gone:
        return now_ns, Finished(True, "HTTP 200", "", 200)
    if how == "refused":
        return now_ns, Finished(False, "Connection refused", "connection")
    late_ns = now_ns + setting.timeout * NS_PER_S
    if how == "black-hole":
        return late_ns, Finished(False, NOT_CONNECTED, "connection")
    return late_ns, Finished(False, "No HTTP status arrived in time", "timeout")


@cache
def decided(interval: int) -> Quantiles:
    """p50 and p95 of the time until the fourth of seven agents has tested and reported, and then it was decided."""
    stream = random.Random("decided")
    drawn = []
    for _ in range(DRAWS):
        agents = sorted(stream.random() * interval + stream.random() * REPORT_S for _ in range(AGENTS))
        drawn.append(agents[AGENTS // 2] + stream.random() * DECIDE_S)
    return quantiles(drawn)


def expected(setting: Settings, how: Failure) -> tuple[Quantiles, Quantiles]:
    """p50 and p95 of being taken out, and of being handed out again, by the constants alone.

    A delay ends with the first decision after it, and both delays here are whole numbers of decisions.
    """
    middle, late = decided(setting.interval)
    failed_s = (0 if how == "refused" else setting.timeout) + setting.failover_delay
    good_s = (forgiven(penalty(how), HEALTH_THRESHOLD, 1.0) - 1) * setting.interval + setting.failback_delay
    return (middle + failed_s, late + failed_s), (middle + good_s, late + good_s)


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000)
    runs = parser.parse_args().runs
    kept = []
    for setting in ALL:
        for how in WAYS:
            law = law_of(setting, how)
            delays = f", delays {setting.failover_delay} and {setting.failback_delay} s"
            name = f"{setting.interval} s, {setting.timeout} s{delays if setting.failover_delay else ''}, {how}"
            found = [run(setting, how, seed) for seed in range(runs)]
            out, back = expected(setting, how)
            limits_s = (
                to_s(law.earliest_detect_ns(how) + law.publish_ns),
                to_s(law.detect_ns(how, typical=False) + law.publish_ns),
            )
            kept.append(told(f"{name}, out", [seconds for seconds, _ in found], out, limits_s, setting.interval))
            limits_s = to_s(law.earliest_accept_ns()), to_s(law.accept_ns(typical=False))
            kept.append(told(f"{name}, back", [seconds for _, seconds in found], back, limits_s, setting.interval))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
