"""How many of everything there may be, of an account that asked for no more. Pure.

Sources: ARC Developer Guide, "Quotas for routing control"; AWS General Reference, tag limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.parts.steering.route53.routing_controls.rules import Rule
from harness.parts.steering.route53.routing_controls.things import (
    INVALID,
    QUOTA,
    Cluster,
    Control,
    Panel,
    Refused,
    State,
    Thing,
    called,
    home,
)

CLUSTERS, PANELS_OF_CLUSTER, CONTROLS_OF_PANEL, CONTROLS_OF_CLUSTER, RULES_OF_PANEL = 2, 50, 100, 300, 20
CONTROLS_IN_ONE_CALL, CHANGES_PER_S = 10, 3
"""Of UpdateRoutingControlStates, and of the calls that change something at one cluster endpoint."""
TAGS = 50


def over_quota(state: State, thing: Thing) -> Refused | None:
    """That one more of its kind would be too many."""
    for within, most in _limits(state, thing):
        if len(state.of(type(thing), within)) >= most:
            where = f" in {within}" if within else ""
            text = f"The quota of {most} resources of the type {called(thing)}{where} is used up."
            return Refused(QUOTA, text, within, called(thing))
    return None


def _limits(state: State, thing: Thing) -> Iterator[tuple[str, int]]:
    """Within what, and how many."""
    match thing:
        case Cluster():
            yield "", CLUSTERS
        case Panel():
            yield thing.cluster, PANELS_OF_CLUSTER
        case Control():
            panel, *cluster = home(state, thing)
            yield panel, CONTROLS_OF_PANEL
            yield from ((one, CONTROLS_OF_CLUSTER) for one in cluster)
        case Rule():
            yield thing.panel, RULES_OF_PANEL


def over_tags(tags: Mapping[str, str]) -> Refused | None:
    """That a thing would have too many tags."""
    if len(tags) <= TAGS:
        return None
    return Refused(INVALID, f"A resource has at most {TAGS} tags.")
