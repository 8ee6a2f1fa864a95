"""Anomalies A8 (two sides accept writes at once) and A9 (the accepted epoch goes back).

A write was accepted at some moment between its sending and its acknowledgement. So two sides certainly took turns when
one accepted a write that was sent after the other had acknowledged one, and acknowledged before the other was sent a
further one that it accepted, too. A plan that moves deliberately leaves each side active for a while; sides that take
turns faster accept at the same time, unless each turn has an epoch of its own, later than the one before: then every
turn was fenced from the others, however short it was. An epoch certainly came back to life when a write of it was sent
after a write of a later epoch had been acknowledged.

The side is the one that was dialled. A subject that names another region in its answer says that it forwarded the
write: `accepting` asks the commits whether it did, and where they do not tell, it is testimony, which can make a
verdict UNKNOWN, and never MET.

Epochs are testimony, too, but against the subject: all that they excuse is the length of a turn. For that they must be
epochs of turns. Numbers that grow with nearly every write (a clock, a shared counter) fit any turns at all, so a turn
of hardly any writes is not excused by them. That is MISSED and not UNKNOWN: the turns are proven without the numbers,
as they are where answers name none. A subject may well order such writes by one sequencer, and lose nothing by it, but
then both sides accept writes at any time, and that is what it should promise.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Commit, Operation
from harness.measurement.models import acknowledged, address_of
from harness.outcome import Verdict
from harness.spelling import seconds

_NAME = "split_brain"

Side = Callable[[Operation], str | None]


@dataclass(frozen=True)
class _Conflict:
    """One kind of proof, of one side. text: side, what it did, and the operations."""

    side: str
    count: int
    text: str


def split_brain(
    operations: Iterable[Operation],
    *,
    regions: Mapping[str, str],
    turn_ns: int,
    commits: Mapping[str, Sequence[Commit]] | None = None,
) -> CheckResult:
    """Did at most one side accept writes at any time? UNKNOWN when only one side was ever asked to accept any.

    regions: by edge address. turn_ns: the shortest time that an honest plan leaves a side active, in nanoseconds.
    """
    writes = [o for o in operations if o.is_write]
    acks = sorted((o for o in writes if acknowledged(o)), key=lambda o: o.sent_ns)

    def dialled(o: Operation) -> str | None:
        address = address_of(o)
        return None if address is None else regions.get(address, address)

    found = shown_by_commits(acks, dialled, commits if commits and set(regions.values()) <= commits.keys() else {})

    def likely(o: Operation) -> str | None:
        return found[o.invoke.op][0]

    def sure(o: Operation) -> str | None:
        side, shown = found[o.invoke.op]
        return side if shown else dialled(o)

    conflicts = _conflicts(acks, likely, turn_ns)
    if conflicts:
        lies = sum(
            1 for o in acks if commits and found[o.invoke.op] == (dialled(o), True) and _named(o) in commits
            and _named(o) != dialled(o)
        )  # fmt: skip
        lied = f"; {_writes(lies)} said to be forwarded, which the commits refute" if lies else ""
        text = f"both sides accepted writes: {_text(conflicts)}{lied}"
        return CheckResult(_NAME, Verdict.MISSED, text, tuple(Finding("A8", c.text, "serious") for c in conflicts))
    conflicts = _conflicts(acks, sure, turn_ns)
    if conflicts:
        text = f"both sides answered, and only they themselves say that one forwarded: {_text(conflicts)}"
        return CheckResult(_NAME, Verdict.UNKNOWN, text, (Finding("A8", text, "warning"),))
    if len({dialled(o) for o in writes} - {None}) < 2:
        return CheckResult(_NAME, Verdict.UNKNOWN, "only one side was ever asked to accept writes")
    epochs = len({_epoch(o) for o in acks} - {None})
    one = "in 1 epoch, by one side" if epochs == 1 else f"in {epochs} epochs, one side each, never back"
    testimony = one if epochs and not _thin(acks) else "by one side at a time"
    forwarded = sum(1 for o in acks if found[o.invoke.op][1] and found[o.invoke.op][0] not in (None, dialled(o)))
    passed_on = f"; {_writes(forwarded)} forwarded, as the commits show" if forwarded else ""
    return CheckResult(_NAME, Verdict.MET, f"{len(acks)} writes acknowledged, {testimony}{passed_on}")


def _named(o: Operation) -> str | None:
    return None if o.completion is None else o.completion.region


def shown_by_commits(
    acks: Sequence[Operation], dialled: Side, commits: Mapping[str, Sequence[Commit]]
) -> dict[str, tuple[str | None, bool]]:  # fmt: skip
    """Operation -> who accepted it, as far as it can be told, and whether that does not rest on its answer alone."""
    found: dict[str, tuple[str | None, bool]] = {}
    for o in acks:
        own, named = dialled(o), _named(o)
        found[o.invoke.op] = (named or own, (named or own) == own)
    if commits:
        silent = [o for o in acks if dialled(o) in commits and found[o.invoke.op][1]]
        found.update(_silent(silent, dialled, commits))
        claims = [o for o in acks if dialled(o) is not None and _named(o) not in (None, dialled(o))]
        found.update(_claims(claims, dialled, commits))
    return found


def _silent(
    silent: Sequence[Operation], dialled: Side, commits: Mapping[str, Sequence[Commit]]
) -> dict[str, tuple[str | None, bool]]:  # fmt: skip
    """Answers that name nobody else."""
    found: dict[str, tuple[str | None, bool]] = {}
    for o in silent:
        likes = [p for p in silent if (dialled(p), _named(p)) == (dialled(o), _named(o))]
        lone = {side for p in likes if (side := _alone(p, commits)) is not None}
        early = [_first(p, commits) for p in likes if _is_early(p, commits)]
        side: str | None
        if (own := _alone(o, commits)) is not None:
            side = own
        elif len(lone) == 1:
            side = next(iter(lone))
        elif lone and o.invoke.f != "put":
            side = None
        elif _is_early(o, commits) and len(early) >= 3 and len(set(early)) == 1:
            side = early[0]
        else:
            side = dialled(o)
        found[o.invoke.op] = (side, True)
    return found


def _is_early(o: Operation, commits: Mapping[str, Sequence[Commit]]) -> bool:
    silent_put = o.invoke.f == "put" and _named(o) is None
    return silent_put and _alone(o, commits) is None and _first(o, commits) is not None


def _claims(
    claims: Sequence[Operation], dialled: Side, commits: Mapping[str, Sequence[Commit]]
) -> dict[str, tuple[str | None, bool]]:  # fmt: skip
    """Answers that name another side than the one that was dialled."""

    def like(o: Operation, *, kind: bool) -> list[Operation]:
        same = [p for p in claims if (dialled(p), _named(p)) == (dialled(o), _named(o))]
        return [p for p in same if p.invoke.f == (o.invoke.f if kind else "put")]

    def alone(o: Operation) -> str | None:
        side = _alone(o, commits)
        if side is None or o.invoke.f == "put" or side != dialled(o):
            return side
        return side if all(_count(o, commits[side]) > _count(o, commits[p]) for p in commits if p != side) else None

    def meant(o: Operation) -> str | None:
        if _named(o) in commits:
            return _named(o)
        lone = {side for p in like(o, kind=False) if (side := alone(p)) is not None}
        return next(iter(lone)) if len(lone) == 1 and lone != {dialled(o)} else None

    shown: dict[str, str] = {}
    for o in claims:
        side = alone(o)
        if side is None and (place := meant(o)) is not None and _first(o, commits) == place:
            side = place
        if side is not None:
            shown[o.invoke.op] = side
    by_puts = {o.invoke.op: {shown[p.invoke.op] for p in like(o, kind=False) if p.invoke.op in shown} for o in claims}
    for o in claims:
        place = meant(o)
        if o.invoke.f == "put" or o.invoke.op in shown or place is None or by_puts[o.invoke.op] != {place}:
            continue
        if _had_ns(o, commits[place]) is not None:
            shown[o.invoke.op] = place
    strange = any(_named(o) not in commits for o in claims if o.invoke.op in shown)
    found: dict[str, tuple[str | None, bool]] = {}
    for o in claims:
        if o.invoke.op in shown:
            found[o.invoke.op] = (shown[o.invoke.op], True)
            continue
        own = {shown[p.invoke.op] for p in like(o, kind=True) if p.invoke.op in shown}
        sides = own or by_puts[o.invoke.op]
        if len(sides) == 1:
            found[o.invoke.op] = (next(iter(sides)), o.invoke.f != "put" and len(own) == 1)
        else:
            found[o.invoke.op] = (None if sides or (strange and _named(o) not in commits) else _named(o), False)
    return found


def _had_ns(o: Operation, log: Sequence[Commit]) -> int | None:
    if o.invoke.f == "put":
        moments = [c.mono_ns for c in log if c.k == o.invoke.k and c.v == o.invoke.op]
    else:
        moments = [c.mono_ns for c in _of_kind(o, log) if o.sent_ns <= c.mono_ns]
    return min((at_ns for at_ns in moments if at_ns <= _ack_ns(o)), default=None)


def _of_kind(o: Operation, log: Sequence[Commit]) -> list[Commit]:
    """Removals of its key, for an increment other commits of it."""
    return [c for c in log if c.k == o.invoke.k and (c.v is None) == (o.invoke.f == "delete")]


def _count(o: Operation, log: Sequence[Commit]) -> int:
    return sum(c.mono_ns <= _ack_ns(o) for c in _of_kind(o, log))


def _alone(o: Operation, commits: Mapping[str, Sequence[Commit]]) -> str | None:
    had = [side for side, log in commits.items() if _had_ns(o, log) is not None]
    return had[0] if len(had) == 1 else None


def _first(o: Operation, commits: Mapping[str, Sequence[Commit]]) -> str | None:
    had = {side: at_ns for side, log in commits.items() if (at_ns := _had_ns(o, log)) is not None}
    first = [side for side, at_ns in had.items() if at_ns == min(had.values())]
    return first[0] if len(first) == 1 else None


def _thin(acks: Sequence[Operation]) -> bool:
    """More than ten epochs, and most of all, cover one or two writes."""
    covered = Counter(epoch for o in acks if (epoch := _epoch(o)) is not None)
    few = sum(1 for count in covered.values() if count < 3)
    return few > 10 and 2 * few > len(covered)


def _fenced(acks: Sequence[Operation], side: Side) -> set[str]:
    """Operations whose epochs excuse that their turns were short."""
    named = [o for o in acks if _epoch(o) is not None]
    if not _thin(acks):
        return {o.invoke.op for o in named}
    named.sort(key=lambda o: _epoch(o) or 0)
    turns = [list(turn) for _, turn in groupby(named, key=side)]
    return {o.invoke.op for turn in turns if len(turn) >= 3 for o in turn}


def _conflicts(acks: Sequence[Operation], side: Side, turn_ns: int) -> Sequence[_Conflict]:
    return [*_older_epoch(acks, side), *_shared_epochs(acks, side), *_at_once(acks, side, turn_ns)]


def _text(conflicts: Sequence[_Conflict]) -> str:
    return "; ".join(conflict.text for conflict in conflicts)


def _writes(count: int) -> str:
    return "1 write" if count == 1 else f"{count} writes"


def _epoch(o: Operation) -> int | None:
    """Under which epoch it was answered; None where the answer names none."""
    return None if o.completion is None else o.completion.epoch


def _by_side(acks: Sequence[Operation], side: Side) -> dict[str, list[Operation]]:
    sides: dict[str, list[Operation]] = {}
    for o in acks:
        name = side(o)
        if name is not None:
            sides.setdefault(name, []).append(o)
    return sides


# --- turns ------------------------------------------------------------------------------------------------------------


def _at_once(acks: Sequence[Operation], side: Side, turn_ns: int) -> Iterator[_Conflict]:
    """Writes of one side between two of another that are less than turn_ns apart. O(n log n)."""
    sides, fenced = _by_side(acks, side), _fenced(acks, side)
    for name, ours in sides.items():
        for other, theirs in sides.items():
            found = [] if other == name else list(_between(ours, theirs, turn_ns, fenced))
            if found:
                told = some([f"{o.invoke.op} ({name})" for o in found])
                text = f"{name} accepted {_writes(len(found))} between two that {other} accepted less than "
                yield _Conflict(name, len(found), f"{text}{seconds(turn_ns)} apart: {told}")


def _between(
    ours: Sequence[Operation], theirs: Sequence[Operation], turn_ns: int, fenced: set[str]
) -> Iterator[Operation]:  # fmt: skip
    """Turns of three epochs, each later than the one before, are no proof; where they are not, `_older_epoch` tells."""
    every, unnamed = _Times.of(theirs), _Times.of([o for o in theirs if o.invoke.op not in fenced])
    for o in ours:
        if o.returned_ns is None:
            continue
        pairs = ((every, every),) if o.invoke.op not in fenced else ((unnamed, every), (every, unnamed))
        if any(_is_between(o.sent_ns, o.returned_ns, before, after, turn_ns) for before, after in pairs):
            yield o


@dataclass(frozen=True)
class _Times:
    """When writes of one side were acknowledged and sent, each in order."""

    returned_ns: Sequence[int]
    sent_ns: Sequence[int]

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> _Times:
        returned_ns = sorted(o.returned_ns for o in operations if o.returned_ns is not None)
        return cls(returned_ns, sorted(o.sent_ns for o in operations))


def _is_between(sent_ns: int, returned_ns: int, before: _Times, after: _Times, turn_ns: int) -> bool:
    last = bisect_left(before.returned_ns, sent_ns)
    following = bisect_left(after.sent_ns, returned_ns + 1)
    if not last or following == len(after.sent_ns):
        return False
    return after.sent_ns[following] - before.returned_ns[last - 1] < turn_ns


# --- epochs -----------------------------------------------------------------------------------------------------------


def _older_epoch(acks: Sequence[Operation], side: Side) -> Iterator[_Conflict]:
    """Writes sent after a write of a later epoch had been acknowledged. O(n + epochs log epochs)."""
    first: dict[int, Operation] = {}
    for o in acks:
        epoch = _epoch(o)
        if epoch is not None and (epoch not in first or _ack_ns(o) < _ack_ns(first[epoch])):
            first[epoch] = o
    ended_by: dict[int | None, Operation] = {}
    later: Operation | None = None
    for epoch in sorted(first, reverse=True):
        if later is not None:
            ended_by[epoch] = later
        later = first[epoch] if later is None or _ack_ns(first[epoch]) < _ack_ns(later) else later
    late = [o for o in acks if _epoch(o) in ended_by and o.sent_ns > _ack_ns(ended_by[_epoch(o)])]
    for name, found in _by_side(late, lambda o: side(o) or "nobody knows who").items():
        end = ended_by[_epoch(found[0])]
        told = some([f"{o.invoke.op} (epoch {_epoch(o)})" for o in found])
        where = side(end) or "another side"
        text = f"{name} accepted {_writes(len(found))} in an epoch that had ended: {told}; {where} had acknowledged "
        ago = seconds(found[0].sent_ns - _ack_ns(end))
        yield _Conflict(name, len(found), f"{text}{end.invoke.op} (epoch {_epoch(end)}) {ago} before the first of them")


def _shared_epochs(acks: Sequence[Operation], side: Side) -> Iterator[_Conflict]:
    sides: dict[int, dict[str, Operation]] = {}
    for o in acks:
        epoch, name = _epoch(o), side(o)
        if epoch is not None and name is not None:
            sides.setdefault(epoch, {}).setdefault(name, o)
    shared = [(epoch, of) for epoch, of in sorted(sides.items()) if len(of) > 1]
    for epoch, of in shared[:1]:
        who = " and ".join(f"{name} ({o.invoke.op})" for name, o in sorted(of.items()))
        more = f", and in {len(shared) - 1} more epochs by several" if len(shared) > 1 else ""
        yield _Conflict(min(of), len(of), f"in epoch {epoch} writes were accepted by {who}{more}")


def _ack_ns(o: Operation) -> int:
    assert o.returned_ns is not None
    return o.returned_ns
