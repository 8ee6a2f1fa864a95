"""Anomalies A8 (two sides accept writes at once) and A9 (the accepted epoch goes back).

A write was accepted at some moment between its sending and its acknowledgement. So two sides certainly took turns when
one accepted a write that was sent after the other had acknowledged one, and acknowledged before the other was sent a
further one that it accepted, too. A plan that moves deliberately leaves each side active for a while; sides that take
turns faster accept at the same time. An epoch certainly came back to life when a write of it was sent after a write of
a later epoch had been acknowledged.

The side is the one that was dialled. A subject that names another region in its answer says that it forwarded the
write: testimony, which can make a verdict UNKNOWN, and never MET. Epochs are testimony, too, but against the subject.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Operation
from harness.measurement.models import acknowledged, address_of
from harness.measurement.streams import NEVER_NS
from harness.outcome import Verdict

_NAME = "split_brain"

Side = Callable[[Operation], str | None]
_Conflicts = Sequence[tuple[int, str, Sequence[str]]]


def split_brain(operations: Iterable[Operation], *, regions: Mapping[str, str], turn_ns: int) -> CheckResult:
    """Did at most one side accept writes at any time? UNKNOWN when only one side was ever asked to accept any.

    regions: by edge address. turn_ns: the shortest time that an honest plan leaves a side active, in nanoseconds.
    """
    writes = [o for o in operations if o.is_write]
    acks = [o for o in writes if acknowledged(o)]

    def dialled(o: Operation) -> str | None:
        address = address_of(o)
        return None if address is None else regions.get(address, address)

    def told(o: Operation) -> str | None:
        named = None if o.completion is None else o.completion.region
        return dialled(o) if named is None else named

    conflicts = _conflicts(acks, told, turn_ns)
    if conflicts:
        return CheckResult(_NAME, Verdict.MISSED, f"both sides accepted writes: {_text(conflicts)}", _told(conflicts))
    conflicts = _conflicts(acks, dialled, turn_ns)
    if conflicts:
        text = f"both sides answered, and only they themselves say that one forwarded: {_text(conflicts)}"
        return CheckResult(_NAME, Verdict.UNKNOWN, text, _told(conflicts))
    if len({dialled(o) for o in writes} - {None}) < 2:
        return CheckResult(_NAME, Verdict.UNKNOWN, "only one side was ever asked to accept writes")
    epochs = len({_epoch(o) for o in acks} - {None})
    testimony = f"in {epochs} epochs, one side each, never back" if epochs else "by one side at a time"
    return CheckResult(_NAME, Verdict.MET, f"{len(acks)} writes acknowledged, {testimony}")


def _conflicts(acks: Sequence[Operation], side: Side, turn_ns: int) -> _Conflicts:
    found = (
        ("writes in an epoch that had ended", _older_epoch(acks)),
        ("epochs with two accepting sides", _shared_epochs(acks, side)),
        ("writes between two that the other side accepted", _at_once(acks, side, turn_ns)),
    )
    return [(len(witnesses), what, witnesses) for what, witnesses in found if witnesses]


def _text(conflicts: _Conflicts) -> str:
    return ", ".join(f"{count} {what}" for count, what, _ in conflicts)


def _told(conflicts: _Conflicts) -> tuple[Finding, ...]:
    return tuple(Finding("A8", f"{count} {what}: {some(told)}", "serious") for count, what, told in conflicts)


def _epoch(o: Operation) -> int | None:
    """Under which epoch it was answered; None where the answer names none."""
    return None if o.completion is None else o.completion.epoch


def _at_once(acks: Sequence[Operation], side: Side, turn_ns: int) -> list[str]:
    """Writes of one side between two of another that are less than turn_ns apart. O(n log n)."""
    sides: dict[str, list[Operation]] = {}
    for o in acks:
        name = side(o)
        if name is not None:
            sides.setdefault(name, []).append(o)
    found: list[tuple[int, str]] = []
    for name, ours in sides.items():
        for other, theirs in sides.items():
            if other != name:
                found.extend((o.sent_ns, f"{o.invoke.op} ({name})") for o in _between(ours, theirs, turn_ns))
    return list(dict.fromkeys(text for _, text in sorted(found)))


def _between(ours: Sequence[Operation], theirs: Sequence[Operation], turn_ns: int) -> Iterable[Operation]:
    sent_ns = sorted(o.sent_ns for o in theirs)
    returned_ns = sorted(o.returned_ns for o in theirs if o.returned_ns is not None)
    for o in ours:
        if o.returned_ns is None:
            continue
        before = bisect_left(returned_ns, o.sent_ns)
        after = bisect_left(sent_ns, o.returned_ns + 1)
        if before and after < len(sent_ns) and sent_ns[after] - returned_ns[before - 1] < turn_ns:
            yield o


def _older_epoch(acks: Sequence[Operation]) -> list[str]:
    """Writes sent after a write of a later epoch had been acknowledged. O(n + epochs log epochs)."""
    first_ack_ns: dict[int, int] = {}
    for o in acks:
        epoch = _epoch(o)
        if epoch is not None and o.returned_ns is not None:
            first_ack_ns[epoch] = min(o.returned_ns, first_ack_ns.get(epoch, o.returned_ns))
    ended_ns: dict[int | None, int] = {None: NEVER_NS}
    later_ns = NEVER_NS
    for epoch in sorted(first_ack_ns, reverse=True):
        ended_ns[epoch] = later_ns
        later_ns = min(later_ns, first_ack_ns[epoch])
    return [f"{o.invoke.op} (epoch {_epoch(o)})" for o in acks if o.sent_ns > ended_ns[_epoch(o)]]


def _shared_epochs(acks: Sequence[Operation], side: Side) -> list[str]:
    sides: dict[int, set[str]] = {}
    for o in acks:
        epoch, name = _epoch(o), side(o)
        if epoch is not None and name is not None:
            sides.setdefault(epoch, set()).add(name)
    return [f"epoch {epoch}: {', '.join(sorted(of))}" for epoch, of in sorted(sides.items()) if len(of) > 1]
