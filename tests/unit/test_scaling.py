"""How documented durations become those of the fast profile: said once, and the same for everybody who applies it."""

from __future__ import annotations

import pytest
from simulated_backend import environment

from harness import scaling
from harness.engines.health_checks.route53 import limits_of
from harness.parts.steering.route53.law import law
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S, to_ns


@pytest.mark.parametrize(
    ("documented_s", "fast_s"), [(60.0, 6.0), (10.0, 1.0), (4.0, 1.0), (1.0, 1.0), (0.5, 0.5), (0.0, 0.0)]
)
def test_a_time_out_is_never_below_a_second_unless_it_is_documented_so(documented_s: float, fast_s: float) -> None:
    assert scaling.timeout_ns(to_ns(documented_s), 0.1) == to_ns(fast_s)
    assert Timing(Profile.FAST).timeout_s(documented_s) == fast_s
    assert scaling.timeout_ns(to_ns(documented_s), 1) == to_ns(documented_s)


def test_the_checkers_limits_and_the_predictions_time_outs_are_the_same() -> None:
    limits, edge = limits_of("HTTP", 0.1), law(environment(), Timing(Profile.FAST))
    assert (limits.connect_ns, limits.status_ns) == (edge.connect_timeout_ns, edge.status_timeout_ns)


def test_the_prediction_waits_for_the_ttl_that_is_on_the_wire() -> None:
    def ttl_ns(documented_s: float) -> int:
        given = environment()
        edge = given.edge.model_copy(update={"ttl_s": documented_s})
        return law(given.model_copy(update={"edge": edge}), Timing(Profile.FAST)).ttl_ns

    assert ttl_ns(60) == 6 * NS_PER_S
    assert ttl_ns(5) == NS_PER_S, "not half a second: a TTL counts seconds"
    assert Timing(Profile.FAST).ttl_s(5) == 1


def test_an_interval_has_no_floor() -> None:
    assert scaling.interval_ns(NS_PER_S, 0.1) == NS_PER_S // 10
    assert Timing(Profile.FAST).interval_s(0.3) == 0.03
