"""What becomes of a question on one DNS link, and whether the link listens at all.

| event | what comes of it |
| --- | --- |
| `Asked` | a `Fate`: the true answer, late or not at all, or another one in its place |
| `Trouble`, `Relief` | from now on it is in trouble, or no longer; `Listens` where that opens or closes its port |
| `Reset` | no trouble; `Listens` |

Several troubles may hold: a question is lost if one of them loses it, delays add up, and of false answers the first one
that bites is given. Draws are seeded and the question's own: the same again for the same seed and the same question.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

TroubleKind = Literal["black-hole", "refuse", "lost", "slow", "truncated", "nxdomain", "servfail", "wrong-address"]
Given = Literal["true", "truncated", "nxdomain", "servfail", "wrong-address"]
_FALSE: Mapping[TroubleKind, Given] = {
    "truncated": "truncated", "nxdomain": "nxdomain", "servfail": "servfail", "wrong-address": "wrong-address",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A question has come. tcp: over TCP, where nothing is ever truncated."""

    tcp: bool = False


@dataclass(frozen=True)
class Trouble:
    """From now on. name: of this trouble, unique on the link. share: of the questions that it bites, above 0, up to 1.

    delay_ns: of a slow link.
    """

    name: str
    kind: TroubleKind
    share: float = 1.0
    delay_ns: int = 0


@dataclass(frozen=True)
class Relief:
    """A trouble is over."""

    name: str


@dataclass(frozen=True)
class Reset:
    """As if it were new."""


Event = Asked | Trouble | Relief | Reset


@dataclass(frozen=True)
class Fate:
    """Effect: what is to be done with the question. lost: nothing. delay_ns: how late it is passed on. given: what is
    answered."""

    lost: bool = False
    delay_ns: int = 0
    given: Given = "true"


@dataclass(frozen=True)
class Listens:
    """Effect: whether the port is open; where it is not, every question is refused by the machine."""

    open: bool


Effect = Fate | Listens


@dataclass(frozen=True)
class State:
    """troubles: by name. asked: how many questions have come, for draws."""

    seed: int = 0
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    asked: int = 0

    @property
    def listens(self) -> bool:
        """Whether the port is open."""
        return not any(trouble.kind == "refuse" for trouble in self.troubles.values())


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """What becomes of it. now_ns plays no part: what a link does depends on what holds, and on chance."""
    match event:
        case Asked():
            state = replace(state, asked=state.asked + 1)
            return state, (_fate(state, event),)
        case Trouble():
            after = replace(state, troubles={**state.troubles, event.name: event})
        case Relief():
            after = replace(state, troubles={k: v for k, v in state.troubles.items() if k != event.name})
        case Reset():
            after = State(state.seed)
    return after, () if after.listens == state.listens else (Listens(after.listens),)


def _fate(state: State, asked: Asked) -> Fate:
    fate = Fate()
    for trouble in state.troubles.values():
        if trouble.share < 1 and _draw(state, trouble) >= trouble.share:
            continue
        if trouble.kind in ("black-hole", "refuse", "lost"):
            return Fate(lost=True)
        if trouble.kind == "slow":
            fate = replace(fate, delay_ns=fate.delay_ns + trouble.delay_ns)
        elif fate.given == "true" and not (asked.tcp and trouble.kind == "truncated"):
            fate = replace(fate, given=_FALSE[trouble.kind])
    return fate


def _draw(state: State, trouble: Trouble) -> float:
    return zlib.crc32(f"{state.seed}:{trouble.name}:{state.asked}".encode()) / 2**32
