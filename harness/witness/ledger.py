"""Which operation a client does next, and on which key: its own book, and what it knows of the others.

Most keys are unique to one put (workloads/unique.py); beside them there are keys that several clients of several sides
write and read (workloads/shared.py, pairs.py), keys that are put, deleted and put again (workloads/recycled.py), and
keys of which one request writes two (workloads/groups.py).
workloads/mix.py says how many of each. The value that a put writes is its operation's id. Ids are never used twice:
they carry the prefix of the history, the client and a number.

Only what the application offers is planned. A kind of key that it cannot have becomes a key of the client's own; a
slot for which nothing is left stays empty.

A client is one logical process `p` until an operation of its ends unknown (INFO): that one may still be
going on, so the client goes on as another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.history.events import Function
from harness.outcome import Outcome
from harness.witness.workloads import groups, recycled, shared, unique
from harness.witness.workloads.mix import Mix, Part, to_read, to_write
from harness.witness.workloads.recycled import RecycledState
from harness.witness.workloads.shared import SharedState
from harness.witness.workloads.unique import UniqueState


@dataclass(frozen=True)
class Offers:
    """What an application can be asked for.

    names_keys: clients choose the keys; else the application does. rewrites: a key can be put again; recreates: also
    after it was deleted. absent: a key that nothing has, where not any will do. groups: one request can write two.
    """

    functions: frozenset[Function] = frozenset(("put", "get", "delete"))
    names_keys: bool = True
    rewrites: bool = True
    recreates: bool = True
    absent: str | None = None
    groups: bool = False

    @property
    def shares(self) -> bool:
        """Several clients can write one key."""
        return self.names_keys and self.rewrites

    @property
    def cycles(self) -> bool:
        """A key can be put, deleted and put again."""
        return self.names_keys and self.recreates and {"put", "delete"} <= self.functions

    @property
    def counts(self) -> bool:
        """There are counters."""
        return "add" in self.functions

    def has(self, f: Function) -> bool:
        """Whether it can be asked for this."""
        return f in self.functions


@dataclass(frozen=True)
class Write:
    """It is time for a write. extra: one beside the even grid, to a key of the client's own."""

    extra: bool = False


@dataclass(frozen=True)
class Read:
    """It is time for a read. extra: as for a write."""

    extra: bool = False


@dataclass(frozen=True)
class Planned:
    """One operation to do: op is its id, k its key, v what a put writes or an add adds.

    part: what kind of key it is. extra: it comes beside the even grid. group: the id of the first of several that one
    request makes.
    """

    op: str
    p: int
    f: Function
    k: str
    v: str | None
    part: Part = Part.OWN
    extra: bool = False
    group: str | None = None


@dataclass(frozen=True)
class Settled:
    """An operation ended. key: where the answer names it, else the planned one. address: who answered."""

    planned: Planned
    outcome: Outcome
    key: str | None = None
    address: str | None = None


Event = Write | Read | Settled

_NOBODY = SharedState.of("")


@dataclass(frozen=True)
class LedgerState:
    """One client's book.

    prefix: of the history's id space. index of clients: who of how many this is. delete_every: every Nth write to keys
    of its own is a delete, 0 for none. mix: which workloads it takes part in. side: the address that it stays with,
    None where it follows the name. half: the item of a group whose other one was read last. shared: what all clients
    did; whoever drives several books carries it from one to the next.
    """

    prefix: str
    index: int
    clients: int
    delete_every: int = 10
    mix: Mix = "own"
    side: str | None = None
    offers: Offers = Offers()
    issued: int = 0
    writes: int = 0
    reads: int = 0
    generation: int = 0
    own: UniqueState = field(default_factory=UniqueState)
    cycle: RecycledState | None = None
    half: str | None = None
    shared: SharedState = _NOBODY

    @property
    def p(self) -> int:
        """The process id: unique over all clients and generations."""
        return self.index + self.generation * self.clients


def step(state: LedgerState, event: Event, now_ns: int) -> tuple[LedgerState, tuple[Planned, ...]]:
    """The next state, and the operation to do (none after Settled, or when the application offers nothing for it).

    Several are the group that one request makes; the even grid counts it once.
    """
    if isinstance(event, Settled):
        return _settled(state, event, now_ns), ()
    op = f"{state.prefix}-{state.index}-{state.issued}"
    moved, chosen = _write(state, event, op, now_ns) if isinstance(event, Write) else _read(state, event, op, now_ns)
    if chosen is None:
        return moved, ()
    part, f, key = chosen
    if part is Part.GROUP and f == "put":
        ops = op, f"{state.prefix}-{state.index}-{state.issued + 1}"
        pair = tuple(Planned(one, state.p, f, one, one, part, event.extra or one != op, op) for one in ops)
        return replace(moved, issued=state.issued + len(pair)), pair
    value = {"put": op, "add": "1"}.get(f)
    planned = Planned(op, state.p, f, key, value, part, event.extra)
    return replace(moved, issued=state.issued + 1), (planned,)


_Chosen = tuple[Part, Function, str] | None


def _write(state: LedgerState, event: Write, op: str, now_ns: int) -> tuple[LedgerState, _Chosen]:
    turn, offers, common = state.writes, state.offers, state.shared
    part = Part.OWN
    if not event.extra:
        state = replace(state, writes=turn + 1)
        waits = state.side is not None and state.side not in common.pairs.by
        part = to_write(state.mix, turn, state.index, pair_waits=waits, counts=offers.counts, groups=offers.groups)
    again = turn // (10 if state.mix == "roaming" else 4)
    if part is Part.COUNTER or not offers.has("put"):
        return state, (Part.COUNTER, "add", common.counter(again // 2)) if offers.counts else None
    if part is Part.REGISTER and offers.shares:
        return state, (part, "put", common.register(again))
    if part is Part.PAIR and offers.shares:
        return state, (part, "put", common.pairs.key)
    if part is Part.GROUP:
        return state, (part, "put", op)
    if part is Part.RECYCLED and offers.cycles:
        state, (f, key) = _cycle(state, op, now_ns)
        if f is not None:
            return state, (part, f, key)
    delete_every = state.delete_every if offers.has("delete") and not event.extra else 0
    own, (chosen,) = unique.step(state.own, unique.Write(op, delete_every), now_ns)
    if not offers.names_keys:  # until the answer tells it, nobody knows under which key it is
        own = replace(own, last_put=None)
    return replace(state, own=own), (Part.OWN, chosen.f, chosen.key)


def _cycle(state: LedgerState, op: str, now_ns: int) -> tuple[LedgerState, tuple[Function | None, str]]:
    """What the client's recycled key is due for; None while an acknowledgement is awaited."""
    before = state.cycle or RecycledState(f"{state.prefix}-{state.index}-again")
    cycle, chosen = recycled.step(before, recycled.Write(op), now_ns)
    common, _ = shared.step(state.shared, shared.Cycled(cycle.key), now_ns)
    return replace(state, cycle=cycle, shared=common), (chosen[0].f if chosen else None, cycle.key)


def _read(state: LedgerState, event: Read, op: str, now_ns: int) -> tuple[LedgerState, _Chosen]:
    if not state.offers.has("get"):
        return state, None
    turn, offers = state.reads, state.offers
    part = Part.OWN
    if not event.extra:
        state = replace(state, reads=turn + 1)
        part = to_read(state.mix, turn, counts=offers.counts, groups=offers.groups)
    if not offers.has("put") and offers.counts:
        part = Part.COUNTER
    if part is Part.GROUP and (read := _of_group(state, turn)) is not None:
        return replace(state, half=read[1]), (part, "get", read[0])
    key = _shared_key(state, part, turn, now_ns)
    if key is not None:
        return state, (part, "get", key)
    own, (chosen,) = unique.step(state.own, unique.Read(offers.absent or f"{op}-absent"), now_ns)
    return replace(state, own=own), (Part.OWN, chosen.f, chosen.key)


def _of_group(state: LedgerState, turn: int) -> tuple[str, str | None] | None:
    """The item of a group to read, and the one to read after it; None: there is no group yet."""
    return (state.half, None) if state.half is not None else groups.to_read(state.shared.groups, turn // 8)


def _shared_key(state: LedgerState, part: Part, turn: int, now_ns: int) -> str | None:
    """A key that several clients use; None where there is none yet, or the application chooses its keys."""
    common = state.shared
    again = turn // (8 if state.mix == "roaming" else 4)
    match part:
        case Part.OTHERS:
            return common.of_another(state.index, again)
        case Part.COUNTER:
            return common.counter(turn // 16)
        case Part.GONE:
            return common.deleted(turn // 8)
        case Part.REGISTER if state.offers.shares:
            return common.register(again)
        case Part.PAIR if state.offers.shares:
            return common.pairs.to_read(again, now_ns)
        case _:
            return None


def _settled(state: LedgerState, event: Settled, now_ns: int) -> LedgerState:
    planned = event.planned
    if planned.part is Part.RECYCLED and planned.f != "get" and state.cycle is not None:
        cycle, _ = recycled.step(state.cycle, recycled.Settled(planned.op, event.outcome), now_ns)
        state = replace(state, cycle=cycle)
    if event.outcome is Outcome.INFO and planned.p == state.p:
        return replace(state, generation=state.generation + 1)
    if event.outcome is not Outcome.OK or planned.f == "get":
        return state
    key, is_own = event.key or planned.k, planned.part is Part.OWN
    beside = planned.group if planned.group != planned.op else None
    done = shared.Acknowledged(state.index, planned.f, key, event.address, is_own, beside)
    common, _ = shared.step(state.shared, done, now_ns)
    state = replace(state, shared=common)
    if is_own and planned.f == "put":
        own, _ = unique.step(state.own, unique.Acknowledged(key), now_ns)
        state = replace(state, own=own)
    return state


class Ledgers:
    """The books of all clients, stepped one event at a time. The shared part goes from one to the next."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._shared = SharedState.of(prefix)
        self._books: dict[str, LedgerState] = {}

    def open(self, client: str, book: LedgerState) -> None:
        """A client begins."""
        self._books[client] = book

    @property
    def books(self) -> Mapping[str, LedgerState]:
        """Every client's book as it was when that client did something last."""
        return self._books

    def step(self, client: str, event: Event, now_ns: int) -> tuple[Planned, ...]:
        """What that client does next; see `step`."""
        book, planned = step(replace(self._books[client], shared=self._shared), event, now_ns)
        self._books[client], self._shared = book, book.shared
        return planned
