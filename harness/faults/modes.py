"""The ways in which a link can be lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import AddToxic, CutLink, DisableLink, LinkAction
from harness.faults.model import BLACK_HOLE, REFUSE, RESET, Fault, Link, Plan, ProcessRef

LOST = (BLACK_HOLE, REFUSE, RESET)
"""black-hole: silence, connecting times out. refuse: connection refused, open ones get FIN. reset: connecting works,
the first byte is answered by RST, open connections are reset."""


@dataclass(frozen=True)
class LosesLinks(Fault):
    """A fault that loses every link that it hits, and does nothing else. Subclasses say which those are."""

    modes: ClassVar[tuple[str, ...]] = LOST

    mode: str = BLACK_HOLE

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)


def lose(name: str, links: Iterable[Link], mode: str) -> Iterator[LinkAction]:
    """Lose these links in one of the modes `LOST`.

    name: of the fault and its target, for its toxics: two faults of a kind may hold one link, and heal one by one.
    """
    for link in links:
        yield from _lose(name, link.name, mode)


def _lose(name: str, link: str, mode: str) -> Iterator[LinkAction]:
    match mode:
        case "refuse":
            yield DisableLink(link)
        case "black-hole":
            yield AddToxic(link, f"{name}.black_hole", "black_hole", "upstream")
        case _:  # reset_peer works on new connections; what exists is cut
            yield AddToxic(link, f"{name}.reset_peer.upstream", "reset_peer", "upstream", {"timeout": 0})
            yield AddToxic(link, f"{name}.reset_peer.downstream", "reset_peer", "downstream", {"timeout": 0})
            yield CutLink(link)
