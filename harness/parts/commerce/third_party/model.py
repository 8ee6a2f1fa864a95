"""A system of somebody else's as a machine: it keeps records under keys, and may be in trouble.

| event | what comes of it |
| --- | --- |
| `Told` | an `Answer`: 201 for a record that is new, 200 for one that it has under the same idempotency key |
| `Asked` | an `Answer`: 200 with the newest record of a key and how many there are, 404 |
| `Looked` | an `Answer`: 200 where it is well; `cut` where it is not, for the canary beside it |
| `Trouble`, `Relief` | from now on it is in trouble, or no longer |
| `Reset` | no record, no trouble |

Without an idempotency key every telling is a record of its own, as an order entered twice is two orders. What is wrong
with a call is said before any trouble is asked for: 400 for what is no JSON object, whoever is in trouble.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.units import NS_PER_S

TroubleKind = Literal["failing", "wrong", "unanswered", "limited", "maintenance", "lying"]
_DRAWN = ("failing", "wrong")
_RETRY_AFTER_S = 1
"""What one in trouble tells callers to wait; the whole seconds that the header can say, and no shorter one."""
_MAINTENANCE_S = 5
_BURST = 1.0


@dataclass(frozen=True)
class Told:
    """POST of a record. idempotency: "" when the caller gave none. body: None when it is no JSON object."""

    key: str
    idempotency: str
    body: Mapping[str, Any] | None


@dataclass(frozen=True)
class Asked:
    """GET of a record."""

    key: str


@dataclass(frozen=True)
class Looked:
    """The canary asks whether it is well."""


@dataclass(frozen=True)
class Trouble:
    """From now on it is in trouble. name: of this trouble; several may hold, and the first one that bites counts.

    amount: the share of calls that it bites, or how many a second are let in.
    """

    name: str
    kind: TroubleKind
    amount: float = 1.0


@dataclass(frozen=True)
class Relief:
    """A trouble is over."""

    name: str


@dataclass(frozen=True)
class Reset:
    """As if it were new."""


Event = Told | Asked | Looked | Trouble | Relief | Reset


@dataclass(frozen=True)
class Answer:
    """Effect. silent: it is never given, whatever it says. cut: the connection is reset. garbage: a body that nobody
    can read. stored: a record was kept because of it; repeated: it was there already."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: int | None = None
    stored: bool = False
    repeated: bool = False
    silent: bool = False
    cut: bool = False
    garbage: bool = False


@dataclass(frozen=True)
class Record:
    """What it keeps of one telling."""

    id: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """records: by key, oldest first. by_idempotency: the record that a key of that kind stands for. calls: how many
    have been made, for draws. tokens, filled_ns: of the limit on calls a second."""

    seed: int = 0
    records: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    by_idempotency: Mapping[str, Record] = field(default_factory=dict)
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    calls: int = 0
    made: int = 0
    tokens: float = _BURST
    filled_ns: int = 0


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Answer, ...]]:
    """What becomes of it."""
    match event:
        case Told() | Asked():
            return _called(state, event, now_ns)
        case Looked():
            state = replace(state, calls=state.calls + 1)
            well = all(_spared(state, trouble) for trouble in state.troubles.values())
            return state, (Answer(200, {"well": True}) if well else Answer(503, cut=True),)
        case Trouble():
            if event.kind == "limited":
                state = replace(state, tokens=_BURST, filled_ns=now_ns)
            return replace(state, troubles={**state.troubles, event.name: event}), ()
        case Relief():
            return replace(state, troubles={k: v for k, v in state.troubles.items() if k != event.name}), ()
        case Reset():
            return State(state.seed), ()


def _called(state: State, event: Told | Asked, now_ns: int) -> tuple[State, tuple[Answer, ...]]:
    if isinstance(event, Told) and event.body is None:
        return state, (Answer(400, {"error": "the body must be a JSON object"}),)
    state = replace(state, calls=state.calls + 1)
    for trouble in state.troubles.values():
        state, answer = _bitten(state, trouble, event, now_ns)
        if answer is not None:
            return state, (answer,)
    state, answer = _served(state, event)
    return state, (answer,)


def _bitten(state: State, trouble: Trouble, event: Told | Asked, now_ns: int) -> tuple[State, Answer | None]:
    """What a trouble makes of a call; None: nothing."""
    match trouble.kind:
        case "maintenance":
            return state, Answer(503, {"error": "closed for maintenance"}, _MAINTENANCE_S)
        case "limited":
            return _limited(state, trouble.amount, now_ns)
        case "unanswered":
            state, answer = _served(state, event)
            return state, replace(answer, silent=True)
        case "lying" if isinstance(event, Told) and event.idempotency not in state.by_idempotency:
            made = state.made + 1
            return replace(state, made=made), Answer(201, {"id": _name(made), "stored": True})
        case "failing" if not _spared(state, trouble):
            return state, Answer(503, {"error": "service unavailable"}, _RETRY_AFTER_S)
        case "wrong" if not _spared(state, trouble):
            return state, Answer(200, garbage=True)
    return state, None


def _limited(state: State, per_s: float, now_ns: int) -> tuple[State, Answer | None]:
    tokens = min(max(_BURST, per_s), state.tokens + (now_ns - state.filled_ns) / NS_PER_S * per_s)
    if tokens >= 1:
        return replace(state, tokens=tokens - 1, filled_ns=now_ns), None
    wait_s = max(_RETRY_AFTER_S, -int(-(1 - tokens) / per_s // 1))
    return replace(state, tokens=tokens, filled_ns=now_ns), Answer(429, {"error": "too many requests"}, wait_s)


def _spared(state: State, trouble: Trouble) -> bool:
    """Whether a call gets by. The draw is the call's own: the same for the same seed, and for no two calls."""
    if trouble.kind not in _DRAWN:
        return False
    return zlib.crc32(f"{state.seed}:{trouble.name}:{state.calls}".encode()) / 2**32 >= trouble.amount


def _served(state: State, event: Told | Asked) -> tuple[State, Answer]:
    if isinstance(event, Asked):
        kept = state.records.get(event.key, ())
        if not kept:
            return state, Answer(404, {"error": f"no record {event.key}"})
        last = kept[-1]
        return state, Answer(200, {"id": last.id, "stored": True, "records": len(kept), "record": dict(last.body)})
    before = state.by_idempotency.get(event.idempotency) if event.idempotency else None
    if before is not None:
        return state, Answer(200, {"id": before.id, "stored": True}, repeated=True)
    made = state.made + 1
    record = Record(_name(made), event.key, dict(event.body or {}))
    told = {**state.by_idempotency, event.idempotency: record} if event.idempotency else state.by_idempotency
    records = {**state.records, event.key: (*state.records.get(event.key, ()), record)}
    state = replace(state, records=records, by_idempotency=told, made=made)
    return state, Answer(201, {"id": record.id, "stored": True}, stored=True)


def _name(made: int) -> str:
    return f"rec_{made:08d}"


def version_told(body: Mapping[str, Any] | None) -> str:
    """The version that a body tells, as text: its `version`, or else its `value`; "" for neither."""
    for name in ("version", "value"):
        found = (body or {}).get(name)
        if isinstance(found, str):
            return found
        if found is not None:
            return json.dumps(found, sort_keys=True)
    return ""
