"""One operation of a client, from its sending to what its client knows in the end.

    dns --Resolved--> connect --Connected--> answer --Answered--> settled
     \\__________ Connected (a pooled connection) ____/
    any of the three --Failed, Deadline--> settled

What the deadline means depends on how far the operation got: without an address or a connection nothing was sent, so
the operation has certainly had no effect; after that it may have. The answer's outcome is decided in outcomes.py. Once
an operation is settled nothing changes it: an answer that comes after the deadline came to nobody. Where a library
tries again (Again), an attempt that may have had an effect is not forgotten: what comes after it cannot undo it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from harness.history.events import Completion
from harness.names import HEADER_EDGE, HEADER_EPOCH, HEADER_REGION
from harness.outcome import Outcome
from harness.witness import outcomes
from harness.witness.ledger import Planned
from harness.witness.outcomes import Seen
from harness.workload import Request

Stage = Literal["dns", "connect", "answer", "settled"]

_TIMED_OUT: Final = {"dns": outcomes.DNS, "connect": outcomes.CONNECT_TIMEOUT, "answer": outcomes.TIMEOUT}


@dataclass(frozen=True)
class Resolved:
    """The application's name has this address, and a connection to it is being made."""

    address: str


@dataclass(frozen=True)
class Connected:
    """There is a connection to this answered address: a new one, or one from the pool. The request is being sent."""

    address: str


@dataclass(frozen=True)
class Answered:
    """An HTTP answer came. headers: lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Failed:
    """No answer will come. error: one of the words in outcomes.py."""

    error: str


@dataclass(frozen=True)
class Again:
    """The client's library makes another attempt. how: the one before ended so; None: without an answer in time."""

    how: Answered | Failed | None


@dataclass(frozen=True)
class Deadline:
    """The client waits no longer."""


Event = Resolved | Connected | Answered | Failed | Again | Deadline


@dataclass(frozen=True)
class Complete:
    """Effect: this is what the history says of the operation, and what the client's book has to know."""

    completion: Completion


@dataclass(frozen=True)
class Operation:
    """client, cohort: who does it. how: the request (see harness.workload), or where an answer holds the value.

    doubtful: an earlier attempt may have had an effect.
    """

    planned: Planned
    client: str
    cohort: str
    how: Request | str = "value"
    stage: Stage = "dns"
    address: str | None = None
    doubtful: bool = False


def step(state: Operation, event: Event, now_ns: int) -> tuple[Operation, tuple[Complete, ...]]:
    """The operation after `event`, and its completion when that has settled it."""
    if state.stage == "settled":
        return state, ()
    match event:
        case Resolved(address=address):
            return replace(state, stage="connect", address=address), ()
        case Connected(address=address):
            return replace(state, stage="answer", address=address), ()
        case Answered():
            return _settled(state, _seen(state, event), now_ns, event)
        case Failed():
            return _settled(state, _seen(state, event), now_ns)
        case Again(how=how):
            doubtful = state.doubtful or _seen(state, how).outcome is Outcome.INFO
            return replace(state, stage="dns", doubtful=doubtful), ()
        case Deadline():
            return _settled(state, _seen(state, None), now_ns)


def _seen(state: Operation, how: Answered | Failed | None) -> Seen:
    """What one attempt shows; None: it was not answered in time."""
    if isinstance(how, Answered):
        return outcomes.with_answer(state.planned.f, how.status, how.headers, how.body, state.how)
    return outcomes.without_answer(_TIMED_OUT[state.stage] if how is None else how.error)


def _settled(
    state: Operation, seen: Seen, now_ns: int, answer: Answered | None = None
) -> tuple[Operation, tuple[Complete, ...]]:
    planned = state.planned
    if state.doubtful and seen.outcome is Outcome.FAIL:
        seen = replace(seen, outcome=Outcome.INFO)
    headers = answer.headers if answer is not None else {}
    completion = Completion(
        planned.op,
        planned.p,
        state.client,
        state.cohort,
        planned.f,
        planned.k if seen.k is None else seen.k,
        seen.v,
        seen.outcome,
        now_ns,
        address=outcomes.edge_of(headers.get(HEADER_EDGE.lower())) or state.address,
        status=answer.status if answer is not None else None,
        error=seen.error,
        region=outcomes.region_of(headers.get(HEADER_REGION.lower())),
        epoch=outcomes.epoch_of(headers.get(HEADER_EPOCH.lower())),
    )
    return replace(state, stage="settled"), (Complete(completion),)
