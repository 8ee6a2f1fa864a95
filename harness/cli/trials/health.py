"""The health paths of a subject as the load balancers and the edge's health checks see them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from harness.live.backend import LiveWorld
from harness.names import CHECKERS
from harness.wire.admin_client import AdminClient
from harness.wire.ask import NoAnswer, ask_status
from harness.wire.statuses import within
from harness.world.diagnosis import Complaint, Diagnosis, State
from harness.world.load_balancer import TIMED_OUT, LoadBalancer, answer_in_words

_DECIDED_S = 90.0
"""Production seconds in which both kinds of health checks have made up their minds: three of 30 s."""
_PASSES = ("2xx", "3xx")
"""What Route 53 takes for healthy (Developer Guide, "How Route 53 determines whether a health check is healthy")."""
_TIMEOUT_S = 5.0
_POLL_S = 0.1


def try_health(world: LiveWorld) -> Iterator[Diagnosis]:
    """What each health path answers, and what those that poll it make of it."""
    complaints = _settled(world)
    application = world.subject.application
    for place in world.edges:
        primary = place == world.environment.primary.name
        broken = State.FAIL if primary else State.WARN
        yield _target(world, place, broken)
        found = _status(world, place, application.edge_health_path)
        what = f"edge health at {place}"
        text = f"{application.edge_health_path}: {found}"
        if isinstance(found, int) and within(_PASSES, found):
            yield Diagnosis(what, State.OK, text)
        else:
            hint = "`edge_health:` of the component names another path; 2xx and 3xx are healthy"
            yield Diagnosis(what, broken, text, hint if primary else f"fine for a standby that is not active; {hint}")
        for complaint in complaints.get(place, ()):
            state = State.OK if complaint.passive and not primary else broken
            yield Diagnosis(f"what {place} is taken for", state, complaint.text)


def _settled(world: LiveWorld) -> dict[str, tuple[Complaint, ...]]:
    """What the parts find wrong once they have looked often enough."""
    until = time.monotonic() + world.timing.interval_s(_DECIDED_S)
    while True:
        complaints = world.complaints()
        well = _all_know(world) and _all_healthy(world) and not _wrong(world, complaints)
        if well or time.monotonic() >= until:
            return complaints
        time.sleep(_POLL_S)


def _wrong(world: LiveWorld, complaints: Mapping[str, Sequence[Complaint]]) -> bool:
    """Whether anything is complained of that is not as it should be of a standby."""
    primary = world.environment.primary.name
    return any(not one.passive or place == primary for place, found in complaints.items() for one in found)


def _all_know(world: LiveWorld) -> bool:
    return not any(part.ready() for part in world.net.parts)


def _balancers(world: LiveWorld) -> dict[str, LoadBalancer]:
    return {part.place: part for part in world.net.parts if isinstance(part, LoadBalancer)}


def _all_healthy(world: LiveWorld) -> bool:
    return all(target.get("healthy") for place in world.edges for target in _targets(world, place))


def _targets(world: LiveWorld, place: str) -> list[dict[str, object]]:
    balancer = _balancers(world).get(place)
    address = None if balancer is None else balancer.targets()
    return [] if address is None else list(AdminClient(f"load balancer {place}", address).get("/targets")["targets"])


def _target(world: LiveWorld, place: str, broken: State) -> Diagnosis:
    application, what = world.subject.application, f"target at {place}"
    wanted = ", ".join(application.health_codes)
    targets = _targets(world, place)
    if not targets:
        return Diagnosis(what, State.WARN, "the load balancer tells nothing of its targets")
    target = targets[0]
    text = f"{application.health}: {answer_in_words(target)}, wanted {wanted}"
    if target.get("healthy"):
        return Diagnosis(what, State.OK, text)
    reason = f" ({target['reason']})" if target.get("reason") else ""
    return Diagnosis(what, broken, f"no healthy target: {text}{reason}", _hint(target))


def _hint(target: Mapping[str, object]) -> str:
    """What to look at, by what was wrong with the answer."""
    if target.get("reason") == TIMED_OUT:
        return (
            "a check must be answered within `timeout_s:` of `load_balancer:` in the environment, in the fast profile "
            "within a tenth of it and a second at least; `health:` of the component names another path to ask"
        )
    if target.get("status") is None:
        return "the component must listen on the port that it is told, and speak HTTP there"
    return "`health_codes:` of the component says what a healthy one answers, `health:` where"


def _status(world: LiveWorld, place: str, path: str) -> int | str:
    try:
        return ask_status(world.net.edge(CHECKERS, place), path, timeout_s=_TIMEOUT_S)
    except NoAnswer as error:
        return f"no answer: {error}"
