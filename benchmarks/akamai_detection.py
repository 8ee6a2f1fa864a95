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
import random
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from cloudflare_detection import Quantiles, quantiles, told

from harness.engines.health_checks.checker import Checker, Due, Finished, Probe, Sleep, step
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

    def push(at_ns: int, what: Any) -> None:
        push.order += 1  # type: ignore[attr-defined]
        heapq.heappush(queue, (at_ns, push.order, what))  # type: ignore[attr-defined]

    push.order = 0  # type: ignore[attr-defined]
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
            for effect in wanted:
                if isinstance(effect, Probe):
                    push(*_result(setting, how, now_ns, agent, gone=lost_ns <= now_ns < over_ns))
                elif isinstance(effect, Sleep):
                    push(effect.until_ns, (agent, Due()))
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
