"""What every provider's name servers have in common, as part of a machine's state: from what each name is answered now.

| event | what comes of it |
| --- | --- |
| `Freeze` | a name is answered as now, whatever happens; freezing twice is freezing once |
| `Thaw` | every name follows again |

`generation` grows with every change that could alter an answer: whoever remembers answers forgets them then. What a
watched name may be answered with is told by `AnswerChanged` once it is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Self, TypeVar

from harness import scaling
from harness.engines.dns.lookup import Answer
from harness.engines.dns.names import normalise

Basis = TypeVar("Basis")
"""What answers follow from."""

Answered = tuple[tuple[str, ...], int]
"""Every value that a name may be answered with, sorted, and the TTL in wire seconds; () and 0 when there is none."""


@dataclass(frozen=True)
class Freeze:
    """Keep answering for `name` as now, whatever changes."""

    name: str


@dataclass(frozen=True)
class Thaw:
    """Let every name follow again."""


@dataclass(frozen=True)
class AnswerChanged:
    """Effect: a watched name is answered otherwise now. addresses: none where it leads nowhere; before: until then. by:
    whose call it was; "" where it was none."""

    name: str
    addresses: tuple[str, ...]
    ttl_s: int
    by: str = ""
    before: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answering(Generic[Basis]):
    """The state of whoever answers names. now: what answers follow from; frozen: the same, of names that are. watched:
    what was last told of each name."""

    now: Basis
    frozen: Mapping[str, Basis] = field(default_factory=dict)
    watched: Mapping[str, Answered] = field(default_factory=dict)
    generation: int = 0

    def basis(self, name: str) -> Basis:
        """What answers for `name` follow from."""
        return self.frozen.get(normalise(name), self.now)

    def freezing(self, name: str) -> Self:
        """The state in which `name` is answered as now."""
        return replace(self, frozen={normalise(name): self.now, **self.frozen})

    def thawed(self) -> Self:
        """The state in which every name follows."""
        return replace(self, frozen={})

    def moved(self) -> Self:
        """The state after something that could alter an answer."""
        return replace(self, generation=self.generation + 1)

    def seeing(self, seen: Mapping[str, Answered], by: str = "") -> tuple[Self, tuple[AnswerChanged, ...]]:
        """The state that has told of the watched names as they are, and what is new of them. by: whose call it was."""
        before = {name: self.watched.get(name, ((), 0)) for name in seen}
        told = tuple(
            AnswerChanged(name, *found, by, before[name][0]) for name, found in seen.items() if before[name] != found
        )
        return replace(self, watched=seen), told


def possible(answer: Answer, scale: float, record_type: str = "A") -> Answered:
    """What an answer may hold, given everything that may be picked for it. scale: of TTLs."""
    values = tuple(sorted(answer.values(record_type)))
    ttl_s = min((rrset.ttl_s for rrset in answer.answers), default=0)
    return values, scaling.ttl_s(ttl_s, scale) if values else 0
