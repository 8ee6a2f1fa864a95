"""Who noticed a loss first: the edge's own checks, or what stands behind them, such as a load balancer's."""

from __future__ import annotations

from harness.drill.episode_measures import EpisodeMeasures
from harness.history.events import HealthTransition
from harness.measurement.phases import answer_came, answer_left
from harness.names import AUTHORITATIVE

OTHER = "other"
"""Nobody's checks had changed their mind: an operator, or the application itself, changed the answer."""


def noticed_by(episode: EpisodeMeasures) -> str:
    """The kind of the checks that had noticed when the answer changed; "" where it was the edge's own.

    An alias that evaluates its target's health leaves as soon as a balancer has no target, before the edge's checks.
    Where these had turned at any place until then, it was what the answer waited for.
    """
    onset, case = episode.onset, episode.whole.case
    if onset is None or episode.phases_ns.get("detect") is None:
        return ""
    region, status = (episode.survivor, "healthy") if episode.returns else (episode.lost, "unhealthy")
    changed = answer_came if episode.returns else answer_left
    changed_ns = changed(episode.whole.context, AUTHORITATIVE, case.addresses[region], onset.start_low_ns)
    if changed_ns is None:
        return ""
    turned = [
        event
        for event in episode.whole.context
        if isinstance(event, HealthTransition) and onset.start_low_ns <= event.mono_ns <= changed_ns
    ]
    if any(event.kind in case.law.flips for event in turned):
        return ""
    kinds = [event.kind for event in turned if (event.target, event.status) == (region, status)]
    return kinds[-1] if kinds else OTHER
