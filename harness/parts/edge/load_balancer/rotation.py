"""Which targets get requests, and why others do not, in words: what people see of a load balancer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.parts.edge.load_balancer.model import GroupState, Reason, TargetHealth, TargetState, candidates

IN, OUT, NEW = "in rotation", "out of rotation", "not checked yet"


@dataclass(frozen=True)
class Standing:
    """What a target is. good: as it should be; None: neither well nor ill. text: why. before: what it was, after a
    change."""

    what: str
    good: bool | None
    text: str = ""
    before: str = ""


def standings(state: GroupState, *, fails_open: bool) -> Mapping[str, Standing]:
    """Of every registered target."""
    asked = candidates(state, fails_open=fails_open)
    return {target.id: _standing(target, asked=target.id in asked) for target in state.targets}


def _standing(target: TargetHealth, *, asked: bool) -> Standing:
    if target.state is TargetState.HEALTHY:
        return Standing(IN, good=True)
    if target.state is TargetState.INITIAL:
        return Standing(f"{IN}, {NEW}" if asked else NEW, good=None)
    why = _why(target)
    if asked:
        return Standing(f"{IN}, unhealthy", good=False, text=f"{why}; none is healthy, so all are asked")
    return Standing(OUT, good=False, text=why)


def _why(target: TargetHealth) -> str:
    match target.reason:
        case Reason.MISMATCH:
            return f"answered its check with {target.status}"
        case Reason.TIMEOUT:
            return "did not answer its check in time"
        case _:
            return "refused its check, or broke it off"


def changes(before: Mapping[str, Standing], after: Mapping[str, Standing]) -> Iterator[tuple[str, Standing]]:
    """Who is something else now; what is registered no more is nothing. Another reason alone is no change."""
    for name, standing in after.items():
        if name not in before:
            yield name, standing
        elif before[name].what != standing.what:
            yield name, replace(standing, before=before[name].what)
    for name in before.keys() - after.keys():
        yield name, Standing("", good=None, text="no target any more", before=before[name].what)
