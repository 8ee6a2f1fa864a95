"""How long a load balancer takes to change its mind about a target, by its health check settings alone.

ELB User Guide, "Health checks for your target groups": requests come at a fixed interval, which an answer's duration
does not shift, and a number of results in a row decides.
"""

from __future__ import annotations

from harness.parts.edge.load_balancer.spec import LoadBalancer
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.units import to_ns
from harness.world.load_balancer import Settling


def settling(environment: Environment, timing: Timing) -> Settling:
    """At most: a whole interval before the first request, the rest of those that count, and the last one's answer."""
    spec = checked(section_named("load_balancer"), environment.load_balancer)
    assert isinstance(spec, LoadBalancer)
    interval_ns, timeout_ns = to_ns(timing.interval_s(spec.interval_s)), to_ns(timing.timeout_s(spec.timeout_s))
    between_ns = max(interval_ns, timeout_ns)  # the next request waits for the end of the one before
    return Settling(
        refused_ns=spec.unhealthy_threshold * interval_ns,
        silent_ns=interval_ns + (spec.unhealthy_threshold - 1) * between_ns + timeout_ns,
        accept_ns=spec.healthy_threshold * interval_ns,
    )
