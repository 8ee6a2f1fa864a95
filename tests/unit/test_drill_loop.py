"""The loop of a drill: what a look costs, how often it shows itself, and that it wakes up in time."""

from __future__ import annotations

import gc
import time
from itertools import pairwise
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan, slow_environment

from harness.drill.facade import Drill
from harness.drill.progress import LiveStatus
from harness.outcome import Verdict
from harness.units import NS_PER_S, to_ns

HOUR_S = 3600.0
CPU_OF_AN_HOUR_S = 3.0
LOADED = 3
"""How much longer it may take where other processes share the caches and cores."""


def quiet_world() -> SimulatedBackend:
    """Few operations and few probes, as a long drill would have them."""
    return SimulatedBackend(Story(canary_period_s=2.0), slow_environment(5.0))


def test_an_hour_costs_seconds_and_is_judged_as_ever(tmp_path: Path) -> None:
    drill = Drill(quiet_world(), plan(), tmp_path)
    begun_s = time.process_time()
    drill.open()
    drill.reach_steady_state(EAST)
    drill.watch(HOUR_S)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)
    result = drill.finish(None)
    spent_s = time.process_time() - begun_s
    assert result.verdict is Verdict.MET, result.reasons
    assert result.duration_s > HOUR_S
    assert spent_s < LOADED * CPU_OF_AN_HOUR_S


def test_a_look_costs_the_same_however_long_the_drill_has_lasted(tmp_path: Path) -> None:
    drill = Drill(quiet_world(), plan(), tmp_path)
    drill.open()
    drill.reach_steady_state(EAST)

    def cheapest_s() -> float:
        """Of a look, in the quietest of some minutes; without the collector's rounds, whose cost is that of memory."""
        found = []
        gc.disable()
        for _ in range(6):
            begun_s, before = time.process_time(), drill._loop.ticks
            drill.watch(60.0)
            found.append((time.process_time() - begun_s) / (drill._loop.ticks - before))
        gc.enable()
        return min(found)

    early_s = cheapest_s()
    drill.watch(30 * 60.0)
    late_s = cheapest_s()
    drill.abandon()
    assert late_s < 3 * early_s


def test_a_status_is_shown_ten_times_a_second_at_most(tmp_path: Path) -> None:
    world = SimulatedBackend()
    shown: list[tuple[int, LiveStatus]] = []
    drill = Drill(world, plan(), tmp_path, lambda status: shown.append((world.clock.now_ns(), status)))
    drill.open()
    drill.reach_steady_state(EAST)
    moments = [moment for moment, _ in shown]
    assert all(after - before >= NS_PER_S // 10 for before, after in pairwise(moments))
    assert len(shown) >= (moments[-1] - moments[0]) / NS_PER_S  # and once a second at the least


@pytest.mark.parametrize("seconds", [0.0, 0.03, 1.0, 7.77])
def test_what_only_waits_for_time_ends_at_that_time(tmp_path: Path, seconds: float) -> None:
    world = SimulatedBackend()
    drill = Drill(world, plan(), tmp_path)
    drill.open()
    begun_ns = world.clock.now_ns()
    drill.watch(seconds)
    assert world.clock.now_ns() - begun_ns == pytest.approx(to_ns(seconds), abs=2)
