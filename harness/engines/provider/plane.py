"""What drives a provider's machine, in so far as it answers names: the rest is the part's own."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from harness.engines.dns.answering import Answering, Freeze, Thaw

State = TypeVar("State", bound=Answering[Any])


class AnsweringPlane(ABC, Generic[State]):
    """See harness.engines.dns.server.Answers. seed: of what chance decides of answers; scale: of TTLs; state: of the
    machine; draws: how often chance had a part."""

    state: State

    def __init__(self, seed: int, scale: float) -> None:
        self.scale = scale
        self.draws = 0
        self._random = random.Random(f"{seed}/answers")

    @abstractmethod
    def happened(self, event: Freeze | Thaw) -> object:
        """Take an event in, and tell what it changed."""

    @property
    def generation(self) -> int:
        """Grows with every change that could alter an answer."""
        return self.state.generation

    def freeze(self, name: str) -> None:
        """Keep answering for a name as now."""
        self.happened(Freeze(name))

    def thaw(self) -> None:
        """Let every name follow again."""
        self.happened(Thaw())

    def _draw(self) -> float:
        self.draws += 1
        return self._random.random()
