"""What a fault is: a value that, given the links and processes of a world, says what to break and how to mend it.

Planning is pure. The adversary (harness.live.adversary) carries plans out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import Action, BreakByOwner, DatabaseAction, LinkAction, ProcessAction
from harness.faults.dns_actions import DnsAction
from harness.measurement.canary import Expectation, Fails
from harness.names import CANARY, CHECKERS, CLIENTS, OUTSIDE, link_name

BLACK_HOLE = "black-hole"
REFUSE = "refuse"
RESET = "reset"


@dataclass(frozen=True)
class Link:
    """One arrow of the world. The places are where both ends are: a place, the region of a database, or `outside`.

    source: who dials, e.g. `clients`, `storefront.us-east-1`. target: what is dialled: a place (its edge), a region
    (its services), an instance. component: of the subject, that dials; "" when none does. home: the region whose
    database the one who dials uses, "" when it has none of its own. from_canary: the witness's own.
    """

    source: str
    source_place: str
    target: str
    target_place: str
    service: str
    component: str = ""
    home: str = ""
    from_canary: bool = False

    @property
    def name(self) -> str:
        """FROM->TO:SERVICE, which is its proxy's name, too."""
        return link_name(self.source, self.target, self.service)

    def touches(self, place: str) -> bool:
        """Whether it has an end there."""
        return place in (self.source_place, self.target_place)

    def crosses(self, place: str) -> bool:
        """Whether it has exactly one end there."""
        return (self.source_place == place) is not (self.target_place == place)


@dataclass(frozen=True)
class ProcessRef:
    """One running process of the subject. instance: e.g. `monitor.us-west-2`; place: a region, or `outside`.

    pod_of: of a pod, the instance that it stands for, e.g. `storefront.nyc3`; "" for a process of its own. entrance:
    the place's load balancer leads to it.
    """

    instance: str
    place: str
    pod_of: str = ""
    entrance: bool = False


def process_canary(instance: str) -> str:
    """The name under which the witness reports whether a process lives, e.g. `canary->monitor.us-west-2:process`."""
    return link_name(CANARY, instance, "process")


def rollout_canary(place: str) -> str:
    """The name under which the witness reports whether what is rolled out in a place is there and ready."""
    return link_name(CANARY, f"rollout.{place}", "http")


@dataclass(frozen=True)
class CanaryExpectation:
    """What the witness's own probes must have seen for the fault to count as real. links: of the canaries."""

    links: tuple[str, ...]
    expected: Expectation


@dataclass(frozen=True)
class Plan:
    """What a fault does to a world, in order, and what proves that it was there. How to heal it follows: `undo`."""

    kind: str
    target: str
    mode: str
    apply: tuple[Action, ...]
    canary: CanaryExpectation

    @property
    def links(self) -> tuple[str, ...]:
        """The links that it touches, in order, each once."""
        single = (action.link for action in self.apply if isinstance(action, LinkAction | DnsAction))
        by_owners = (link for action in self.apply if isinstance(action, BreakByOwner) for link in action.links)
        return tuple(dict.fromkeys((*single, *by_owners)))

    @property
    def instances(self) -> tuple[str, ...]:
        """The processes that it touches, in order."""
        return tuple(action.instance for action in self.apply if isinstance(action, ProcessAction))

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that it touches themselves, whatever link leads there, in order, each once."""
        return tuple(dict.fromkeys(a.database for a in self.apply if isinstance(a, DatabaseAction)))


@dataclass(frozen=True)
class Fault(ABC):
    """One thing that goes wrong. Its dataclass fields are its parameters.

    kind: its name in scenarios. modes: the first is the default. target: a region, an instance, A->B. strikes: the
    service whose region it is aimed at where a scenario names a place; "" for the place itself. needs: what not every
    world can do, by the name that the world's capabilities give it (see harness.faults.needs).
    """

    kind: ClassVar[str]
    modes: ClassVar[tuple[str, ...]]
    target_is: ClassVar[str] = "region"
    strikes: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()

    target: str
    mode: str

    def __post_init__(self) -> None:
        if self.mode not in self.modes:
            raise InputError(f"{self.kind}: mode {self.mode!r} is none of {', '.join(self.modes)}")

    @abstractmethod
    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        """What to do in this world. Raises InputError when that is nothing."""

    def hits(self, link: Link) -> bool:
        """Whether it is one of the links that it touches; of faults that touch links."""
        return False

    @property
    def aimed_at(self) -> str:
        """What its target is, where that is not plain, in words."""
        return ""

    def share(self, name: str, value: float) -> None:
        """Raises InputError unless a parameter is a share above 0, up to 1."""
        if not 0 < value <= 1:
            raise InputError(f"{self.kind}: {name} is a share above 0 and up to 1, not {value:g}")

    def chosen(self, links: Sequence[Link]) -> tuple[Link, ...]:
        """The links that it hits, in the order in which they are to be hit.

        Raises InputError that lists the targets that would do when there are none.
        """
        found = tuple(sorted(filter(self.hits, links), key=_clients_first))
        if not found:
            others = [replace(self, target=target) for target in sorted(self.targets(links))]
            fitting = ", ".join(other.target for other in others if any(map(other.hits, links)))
            wanted = f"its target is {self.aimed_at}, and " if self.aimed_at else ""
            raise InputError(f"{self.kind} {self.target}: touches no link; {wanted}there are {fitting or 'none'}")
        return found

    def targets(self, links: Iterable[Link]) -> set[str]:
        """What it could be aimed at where these links are."""
        return {place for link in links for place in (link.source_place, link.target_place)} - {OUTSIDE}

    def planned(self, actions: Iterable[Action], hit: Iterable[Link], expected: Expectation | None = None) -> Plan:
        """A plan whose proof is what the canaries among the links that it hits see (default: they fail)."""
        canaries = tuple(link.name for link in hit if link.from_canary)
        return Plan(self.kind, self.target, self.mode, tuple(actions), CanaryExpectation(canaries, expected or Fails()))


_ORDER = {CLIENTS: 0, CHECKERS: 1}


def _clients_first(link: Link) -> tuple[int, str]:
    """What users see first is broken first: the onset that matters is then the earliest."""
    return _ORDER.get(link.source, 2), link.name
