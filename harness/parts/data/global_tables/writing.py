"""One write to an item of a strongly consistent table, from the region that takes it. A pure machine.

    reserve in every region -> (one more than our own: the latest version is known) -> carry the call out here
    -> store in the others -> (one has it) -> store here -> answer

What it is answered: as the region's server said, or ReplicatedWriteConflictException, or that too few regions answer.
Where nobody is known to have stored it, it is undone here, and its outcome is unknown: another region may have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from harness.parts.data.global_tables.member import NOTHING, Granted, Image, Refused, Stored, Version


class Phase(Enum):
    """How far it has come."""

    RESERVING = "reserving"
    CALLING = "calling"
    STORING = "storing"
    FINISHING = "finishing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Write:
    """here: the region; others: the other two. answers: of this phase, by region; None: no answer came."""

    here: str
    others: tuple[str, ...]
    ballot: str
    phase: Phase = Phase.RESERVING
    answers: Mapping[str, Granted | Stored | Refused | None] = field(default_factory=dict)
    number: int = 0
    latest: Version = NOTHING
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A region has answered what was asked of it in this phase, or has not (None)."""

    phase: Phase
    region: str
    answer: Granted | Stored | Refused | None


@dataclass(frozen=True, slots=True)
class Called:
    """The region's server has carried the call out. changed: whether the item is another one now."""

    changed: bool
    image: Image | None = None


Event = Answered | Called


@dataclass(frozen=True, slots=True)
class Call:
    """Have the call carried out here, upon the latest version; its number must be remembered here before."""

    latest: Version
    number: int


@dataclass(frozen=True, slots=True)
class StoreElsewhere:
    """Have a version stored in the other regions."""

    version: Version


@dataclass(frozen=True, slots=True)
class StoreHere:
    """It is in another region: it counts."""

    version: Version


@dataclass(frozen=True, slots=True)
class Undo:
    """Put back what was there before, here."""

    latest: Version


@dataclass(frozen=True, slots=True)
class ReleaseAll:
    """Nothing was written: let go of the reservations."""


class Outcome(Enum):
    """What whoever asked is told."""

    AS_CALLED = "as the region's server said"
    CONFLICT = "ReplicatedWriteConflictException"
    TOO_FEW = "too few regions answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell whoever asked."""

    outcome: Outcome


Effect = Call | StoreElsewhere | StoreHere | Undo | ReleaseAll | Answer
Step = tuple[Write, tuple[Effect, ...]]


def step(state: Write, event: Event, now_ns: int) -> tuple[Write, tuple[Effect, ...]]:
    """The next state, and what must be done."""
    del now_ns
    match event:
        case Answered(phase=phase) if phase is not state.phase:
            return state, ()  # too late to matter
        case Answered(region=region, answer=answer):
            state = replace(state, answers={**state.answers, region: answer})
            return _NEXT[state.phase](state)
        case Called(changed=False):
            return replace(state, phase=Phase.DONE), (ReleaseAll(), Answer(Outcome.AS_CALLED))
        case Called(image=image):
            state = replace(state, phase=Phase.STORING, image=image, answers={})
            return state, (StoreElsewhere(Version(state.number, image)),)


def _reserved(state: Write) -> Step:
    granted = {region: one for region, one in state.answers.items() if isinstance(one, Granted)}
    if state.here in granted and len(granted) > 1:
        latest = max((one.version for one in granted.values()), key=lambda version: version.number)
        number = max(latest.number, *(one.promised for one in granted.values())) + 1
        state = replace(state, phase=Phase.CALLING, latest=latest, number=number)
        return state, (Call(latest, number),)
    if len(state.answers) <= len(state.others):
        return state, ()
    conflict = any(isinstance(one, Refused) for one in state.answers.values())
    outcome = Outcome.CONFLICT if conflict else Outcome.TOO_FEW
    return replace(state, phase=Phase.DONE), (ReleaseAll(), Answer(outcome))


def _stored(state: Write) -> Step:
    if any(isinstance(one, Stored) for one in state.answers.values()):
        version = Version(state.number, state.image)
        return replace(state, phase=Phase.FINISHING, answers={}), (StoreHere(version),)
    return _given_up(state) if len(state.answers) == len(state.others) else (state, ())


def _finished(state: Write) -> Step:
    """Where our own reservation was taken over meanwhile, somebody else wrote without knowing of this one."""
    if isinstance(state.answers.get(state.here), Stored):
        return replace(state, phase=Phase.DONE), (Answer(Outcome.AS_CALLED),)
    return _given_up(state)


def _given_up(state: Write) -> Step:
    return replace(state, phase=Phase.DONE), (Undo(state.latest), ReleaseAll(), Answer(Outcome.TOO_FEW))


_NEXT = {Phase.RESERVING: _reserved, Phase.STORING: _stored, Phase.FINISHING: _finished}
