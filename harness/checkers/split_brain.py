"""Anomalies A8 (two sides accept writes at once) and A9 (the accepted epoch goes back).

A write was accepted at some moment between its sending and its acknowledgement. So an epoch certainly came back to
life when a write of it was sent after a write of a later epoch had been acknowledged. Epoch and region come from the
answer's headers: testimony, but against the subject itself. Without a region header the dialled address is the side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Completion, Operation
from harness.measurement.models import acknowledged
from harness.measurement.streams import NEVER_NS
from harness.outcome import Verdict

_NAME = "split_brain"


def split_brain(
    operations: Iterable[Operation],
    *,
    lost_address: str | None = None,
    takeover_ns: int | None = None,
    failback_ns: int | None = None,
) -> CheckResult:
    """Did at most one side accept writes at any time? UNKNOWN when the answers carry no epoch.

    lost_address, takeover_ns, failback_ns: writes that the old side acknowledged although they were sent between
    takeover and failback (None: never) are reported even without epochs.
    """
    acks = [o for o in operations if acknowledged(o)]
    zombies = _zombies(acks, lost_address, takeover_ns, failback_ns)
    with_epoch = [o for o in acks if o.completion is not None and o.completion.epoch is not None]
    older = _older_epoch(with_epoch)
    shared = _shared_epochs(with_epoch)
    findings: list[Finding] = []
    if older:
        findings.append(Finding("A8", f"writes accepted in an epoch that had ended: {some(older)}", "serious"))
    if shared:
        findings.append(Finding("A8", f"both sides accepted writes in the same epoch: {some(shared)}", "serious"))
    if zombies:
        text = f"{len(zombies)} writes acknowledged by the old side after the other had taken over: {some(zombies)}"
        findings.append(Finding("A8", text))
    if older or shared:
        text = f"{len(older)} writes accepted in an ended epoch, {len(shared)} epochs with two accepting sides"
        return CheckResult(_NAME, Verdict.MISSED, text, tuple(findings))
    if not with_epoch:
        text = f"answers carry no epoch; {len(zombies)} writes acknowledged by the old side after takeover"
        return CheckResult(_NAME, Verdict.UNKNOWN, text, tuple(findings))
    epochs = len({o.completion.epoch for o in with_epoch if o.completion is not None})
    text = f"{len(with_epoch)} acknowledged writes in {epochs} epochs, one side each, never back"
    return CheckResult(_NAME, Verdict.MET, text, tuple(findings))


def _zombies(
    acks: Sequence[Operation], lost_address: str | None, takeover_ns: int | None, failback_ns: int | None
) -> list[str]:
    if lost_address is None or takeover_ns is None:
        return []
    until_ns = NEVER_NS if failback_ns is None else failback_ns
    return [
        o.invoke.op
        for o in acks
        if o.completion is not None and o.completion.address == lost_address and takeover_ns < o.sent_ns < until_ns
    ]


def _older_epoch(acks: Sequence[Operation]) -> list[str]:
    """Writes sent after a write of a later epoch had been acknowledged. O(n + epochs log epochs)."""
    first_ack_ns: dict[int, int] = {}
    for o in acks:
        assert o.completion is not None
        assert o.completion.epoch is not None
        epoch, at_ns = o.completion.epoch, o.completion.mono_ns
        first_ack_ns[epoch] = min(at_ns, first_ack_ns.get(epoch, at_ns))
    ended_ns: dict[int, int] = {}
    later_ns = NEVER_NS
    for epoch in sorted(first_ack_ns, reverse=True):
        ended_ns[epoch] = later_ns
        later_ns = min(later_ns, first_ack_ns[epoch])
    return [
        f"{o.invoke.op} (epoch {o.completion.epoch})"
        for o in acks
        if o.completion is not None and o.completion.epoch is not None and o.sent_ns > ended_ns[o.completion.epoch]
    ]


def _shared_epochs(acks: Sequence[Operation]) -> list[str]:
    sides: dict[int, set[str]] = {}
    for o in acks:
        assert o.completion is not None
        assert o.completion.epoch is not None
        side = _side(o.completion)
        if side is not None:
            sides.setdefault(o.completion.epoch, set()).add(side)
    return [f"epoch {epoch}: {', '.join(sorted(of))}" for epoch, of in sorted(sides.items()) if len(of) > 1]


def _side(completion: Completion) -> str | None:
    return completion.region if completion.region is not None else completion.address
