"""What one side of a failover has and the other lacks: found before, by names alone, or it is found by the failover.

A variable that is empty counts as one that is not there. What is told is names, and never what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.world.diagnosis import Diagnosis, State

WHAT = "both sides"
Names = Mapping[str, Collection[str]]
"""By component, what it has in one place."""
_CREDENTIAL = re.compile(r"SECRET|TOKEN|PASSWO|CREDENTIAL|CERT|API_?KEY|PRIVATE|ACCESS_KEY|SCOPE", re.IGNORECASE)


@dataclass(frozen=True)
class OneSided:
    """name: what `component` has in the places `there`, and lacks in those `lacking`."""

    component: str
    name: str
    there: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def is_credential(self) -> bool:
        """Whether it is something that a failover cannot do without, by its name."""
        return _CREDENTIAL.search(self.name) is not None


def one_sided(by_place: Mapping[str, Names]) -> Iterator[OneSided]:
    """Everything that is not in all the places in which a component runs."""
    for component in dict.fromkeys(name for names in by_place.values() for name in names):
        held = {place: set(names[component]) for place, names in by_place.items() if component in names}
        for name in sorted(set().union(*held.values())):
            lacking = tuple(place for place, names in held.items() if name not in names)
            if lacking:
                yield OneSided(component, name, tuple(place for place in held if place not in lacking), lacking)


def told(found: Collection[OneSided], looked_at: str) -> Iterator[Diagnosis]:
    """Of each what is lacking where; or that nothing is. looked_at: what was compared."""
    for one in found:
        state = State.FAIL if one.is_credential else State.WARN
        text = f"{one.component} has {one.name} at {', '.join(one.there)}, and not at {', '.join(one.lacking)}"
        yield Diagnosis(WHAT, state, text, "what one side lacks is missed when that side must serve")
    if not found:
        yield Diagnosis(WHAT, State.OK, f"{looked_at}: the same names in each place")
