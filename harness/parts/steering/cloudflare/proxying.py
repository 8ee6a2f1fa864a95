"""What Cloudflare's own edge makes of one request to a proxied name: which origin, whether once more, which error page.

    first origin --not connected: 521, 522, 523--> one other origin, at most once --> the error page
                 --connected, then failed: 520, 524------------------------------> the error page

The request is only repeated where nothing of it was sent. Another origin is one of the same pool, or of the next
healthy pool where `adaptive_routing.failover_across_pools` is on. Sources: API description, adaptive_routing; Support,
"Troubleshooting Cloudflare 5XX errors" (521 refused, 522 no connection within 19 s, 523 unreachable, 524 no
answer within 100 s, 520 reset or no HTTP, 530 with error 1016: no origin).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.engines.dns.selection import Draw
from harness.engines.http.upstream import Failure
from harness.engines.provider.values import Json
from harness.parts.steering.cloudflare.health import Endpoint, Health, healthy_endpoints
from harness.parts.steering.cloudflare.selection import Chosen

CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 19, 100
"""Until a SYN is answered; until an answer begins."""
PHRASES: Mapping[int, str] = {
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    530: "Origin DNS error",
}
NO_ORIGIN = 1016
"""The error that stands on a page of status 530."""
_BEFORE_SENDING = {Failure.REFUSED: 521, Failure.TIMEOUT: 522}
_AFTER = {Failure.TIMEOUT: 524}
UNREACHABLE = ("unreachable", "no route")


@dataclass(frozen=True)
class Course:
    """One request. origin: the one that is tried. tried: how many were. connected: nothing may be repeated any more."""

    chosen: Chosen
    across: bool
    origin: Endpoint | None = None
    tried: int = 0
    connected: bool = False


def begun(balancer: Json, chosen: Chosen, draw: Draw) -> Course:
    """A request for a load balancer that leads there now. Its origin is drawn by weight; None: there is none."""
    course = Course(chosen, bool(balancer["adaptive_routing"]["failover_across_pools"]))
    origin = drawn(chosen.endpoints, draw)
    return course if origin is None else replace(course, origin=origin, tried=1)


def status_of(course: Course, failure: Failure, detail: str) -> int:
    """The status of the error page that a failure is shown by."""
    if course.connected:
        return _AFTER.get(failure, 520)
    if any(word in detail.lower() for word in UNREACHABLE):
        return 523
    return _BEFORE_SENDING.get(failure, 520)


def again(course: Course, status: int, health: Health, draw: Draw) -> Course | None:
    """The request at another origin, where it may be repeated and there is one; else None."""
    if course.tried != 1 or course.connected or status not in (521, 522, 523) or course.origin is None:
        return None
    others = tuple(one for one in course.chosen.endpoints if one.id != course.origin.id)
    if not others and course.across and course.chosen.others:
        others = healthy_endpoints(course.chosen.others[0], health)
    origin = drawn(others, draw)
    return None if origin is None else replace(course, origin=origin, tried=2)


def drawn(endpoints: tuple[Endpoint, ...], draw: Draw) -> Endpoint | None:
    """One of several by weight; chance has no part in a choice of one."""
    if len(endpoints) < 2:
        return endpoints[0] if endpoints else None
    mark = draw() * sum(endpoint.weight for endpoint in endpoints)
    for endpoint in endpoints:
        mark -= endpoint.weight
        if mark < 0:
            return endpoint
    return endpoints[-1]


def connected(course: Course) -> Course:
    """From now on the request is being sent."""
    return replace(course, connected=True)
