"""Whoever watches places from outside and moves clients by calls: what it is told, and how long it takes.

It is a component of the subject. What it is told stands in the environment's `steering`, since the law of such a
steering follows from it:

    detect <= P + (K - 1) max(P, tau) + tau          accept <= H P
    publish <= round + calls to the API

P: between two looks of one vantage point, K, H: looks in a row that change its mind, tau: how long a failed look takes.
The vantage points look independently, and so many must agree; the bound is that of the last one. An intermediary
follows whoever decides which side is active, so the answer may also change before the loss was detected, as soon as the
other side accepts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.faults.model import Link
from harness.kit.address import join_address
from harness.measurement.prediction import Failure
from harness.names import HTTP, OUTSIDE
from harness.topology.environment import Environment, Name, Period, Seconds, Spec
from harness.topology.timing import Timing
from harness.units import NS_PER_S, to_ns
from harness.world.part import Edge, Net
from harness.world.steering import INTERVAL, THRESHOLD, Milestone, Setting
from harness.world.wires import Arrow

RESPONSE_NS = NS_PER_S // 10
"""An ordinary answer, of the application or of an API."""
ROUND_S = 2.5
"""Between two rounds of the intermediary: when it renews its leadership, reads who is active, and acts."""
MILESTONES = (Milestone("detect", "detection by the intermediary", "intermediary"),)
Times = Annotated[int, Field(ge=1, le=100)]
_VANTAGE = "vantage."


class Watching(Spec):
    """vantage_points: where the intermediary looks from, outside of every place; agree: how many of them must say the
    same. look_every_s, look_timeout_s: of each. unhealthy_after, healthy_after: looks in a row that change a vantage
    point's mind. hold_down_s: how long the primary must have been healthy before clients return to it while the other
    side is well.
    """

    vantage_points: Annotated[tuple[Name, ...], Field(min_length=1, max_length=9)] = ("ams3", "fra1", "sgp1")
    agree: Times = 2
    look_every_s: Period = 5
    look_timeout_s: Seconds = 2
    unhealthy_after: Times = 3
    healthy_after: Times = 2
    hold_down_s: Seconds = 60

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if len(set(self.vantage_points)) < len(self.vantage_points):
            raise ValueError("two vantage points have the same name")
        if not len(self.vantage_points) < 2 * self.agree <= 2 * len(self.vantage_points):
            raise ValueError("agree must be more than half of the vantage points, and no more than all")
        return self


def settings(*section: str) -> Mapping[str, Setting]:
    """See harness.world.steering.settings_of. section: the keys that lead to what the intermediary is told."""
    return {INTERVAL: (*section, "look_every_s"), THRESHOLD: (*section, "unhealthy_after")}


def vantage_arrows(environment: Environment, edges: Mapping[str, Edge], spec: Watching) -> Iterator[Arrow]:
    """A vantage point dials what clients dial: the public address of the edge."""
    for place in environment.places:
        edge = edges[place.name]
        for point in spec.vantage_points:
            yield Arrow(Link(_VANTAGE + point, OUTSIDE, place.name, place.name, HTTP), (edge.host, edge.port))


def told(net: Net, spec: Watching, look_path: str) -> dict[str, str]:
    """The variables that say what is watched, and how: the same for whatever API the intermediary calls."""
    environment, edges = net.blueprint.environment, net.edges
    places = [
        {
            "name": place.name,
            "address": edges[place.name].answered,
            "database": place.database_name,
            "primary": place is environment.primary,
            "from": {point: join_address(net.edge(_VANTAGE + point, place.name)) for point in spec.vantage_points},
        }
        for place in (environment.primary, environment.standby)
    ]
    return {
        "DNS_DOMAIN": environment.edge.hosted_zone,
        "DNS_RECORD": environment.edge.record,
        "DNS_TTL": f"{environment.edge.ttl_s:g}",
        "PLACES": json.dumps(places),
        "LOOK_PATH": look_path,
        "LOOK_INTERVAL_SECONDS": f"{spec.look_every_s:g}",
        "LOOK_TIMEOUT_SECONDS": f"{spec.look_timeout_s:g}",
        "UNHEALTHY_AFTER": str(spec.unhealthy_after),
        "HEALTHY_AFTER": str(spec.healthy_after),
        "AGREE": str(spec.agree),
        "HOLD_DOWN_SECONDS": f"{spec.hold_down_s:g}",
    }


@dataclass(frozen=True)
class WatchingLaw:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile. calls: until the API has moved
    clients, one after the other. insisting_ns: what is lost on an endpoint of it that is gone with the place."""

    look_ns: int
    timeout_ns: int
    unhealthy_after: int
    healthy_after: int
    vantage_points: int
    agree: int
    round_ns: int
    ttl_ns: int
    calls: int = 2
    insisting_ns: int = 0

    @property
    def publish_ns(self) -> int:
        """See EdgeLaw."""
        return self.round_ns + self.api_ns

    @property
    def api_ns(self) -> int:
        """See CallingLaw."""
        return self.calls * RESPONSE_NS + self.insisting_ns

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw."""
        tau_ns = 0 if failure == "refused" else self.timeout_ns
        between_ns = max(self.look_ns, tau_ns)
        return self._first_ns(typical=typical) + (self.unhealthy_after - 1) * between_ns + tau_ns

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw."""
        return self._first_ns(typical=typical) + (self.healthy_after - 1) * self.look_ns + RESPONSE_NS

    def earliest_detect_ns(self, failure: Failure) -> int:
        """See PreciseLaw: as many vantage points as must agree had a look under way when the loss came."""
        tau_ns = 0 if failure == "refused" else self.timeout_ns
        under_way_ns = 0 if failure == "refused" else max(0, tau_ns - RESPONSE_NS)
        return under_way_ns + (self.unhealthy_after - 1) * max(self.look_ns, tau_ns)

    def earliest_answer_ns(self, failure: Failure) -> int:
        """See PreciseLaw: whoever decides may be quicker than the looks."""
        return 0

    def earliest_accept_ns(self) -> int:
        """See PreciseLaw: the looks that are needed came as soon as the place was healthy."""
        return (self.healthy_after - 1) * self.look_ns

    def _first_ns(self, *, typical: bool) -> int:
        """Until as many vantage points as must agree have looked once more: of n uniform phases the k-th."""
        return self.look_ns * self.agree // (self.vantage_points + 1) if typical else self.look_ns


def watching_law(spec: Watching, environment: Environment, timing: Timing) -> WatchingLaw:
    """The law of an intermediary and a TTL in a profile."""
    return WatchingLaw(
        look_ns=to_ns(timing.interval_s(spec.look_every_s)),
        timeout_ns=to_ns(timing.timeout_s(spec.look_timeout_s)),
        unhealthy_after=spec.unhealthy_after,
        healthy_after=spec.healthy_after,
        vantage_points=len(spec.vantage_points),
        agree=spec.agree,
        round_ns=to_ns(timing.interval_s(ROUND_S)),
        ttl_ns=to_ns(timing.ttl_s(environment.edge.ttl_s)),
    )
