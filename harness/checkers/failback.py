"""Did the plan come back to normal: traffic at the place that is meant, nothing lost, one answer, the other fenced?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.checkers.result import CheckResult, Finding, some
from harness.history.events import Commit, Event, Operation
from harness.measurement.availability import share
from harness.measurement.final_state import FinalState
from harness.measurement.models import JUDGED_COHORT, acknowledged, address_of, is_judged
from harness.measurement.propagation import answer_at, answer_changes
from harness.measurement.streams import up_to
from harness.names import AUTHORITATIVE
from harness.outcome import Verdict

SERVED_SHARE = 0.99


@dataclass(frozen=True)
class Failback:
    """When traffic was back, and what it cost. back_ns: the judged clients' first lasting stretch there began.

    answer_back_ns: the authoritative answer was that place's again. served: judged clients' share after the heal.
    """

    answer_back_ns: int | None
    back_ns: int | None
    served: float | None
    standby_accepts: int


def failback(
    operations: Iterable[Operation],
    events: Iterable[Event | Commit],
    *,
    primary_address: str,
    standby_address: str,
    heal_ns: int,
    final: FinalState | None,
    standby_refuses: bool = False,
    place: str = "the primary",
    until_ns: int | None = None,
) -> tuple[CheckResult, Failback]:
    """Judge the time after heal_ns, up to until_ns (None: to the history's end).

    primary_address: of the place that service must come back to, `place` in words; standby_address: of the one that
    it comes back from. final: the tables after everything had gone quiet, None when they were not read.
    standby_refuses: the standby took no writes before the fault either, so after the failback it must not take any.
    """
    known = operations if until_ns is None else up_to(operations, until_ns)
    after = [o for o in known if o.sent_ns >= heal_ns]
    context = [e for e in events if until_ns is None or e.mono_ns < until_ns]
    back_ns = _back(after, primary_address)
    accepted = [
        o.invoke.op
        for o in after
        if acknowledged(o) and address_of(o) == standby_address and back_ns is not None and o.sent_ns > back_ns
    ]
    measured = Failback(
        _answer_back(context, primary_address, heal_ns),
        back_ns,
        share(after, cohort=JUDGED_COHORT).value,
        len(accepted),
    )
    reasons = [*_traffic(measured, place), *_answers(context, primary_address, place)]
    findings: list[Finding] = []
    if measured.served is not None and measured.served < SERVED_SHARE:
        text = f"failback was an interruption too: {measured.served:.1%} of the dns clients' operations were served"
        findings.append(Finding("failback-interruption", text, "info"))
    if final is not None and (final.lost or final.resurrected):
        lost = [*final.lost, *final.resurrected]
        reasons.append(f"{len(lost)} acknowledged writes are lost at {place}")
        findings.append(Finding("A1", f"lost in failback: {some(lost)}", "serious"))
    if accepted:
        severity = "serious" if standby_refuses else "info"
        findings.append(Finding("A8", f"the standby still accepts writes after failback: {some(accepted)}", severity))
        if standby_refuses:
            reasons.append(f"the standby accepted {len(accepted)} writes after failback")
    if reasons:
        return CheckResult("failback", Verdict.MISSED, "; ".join(reasons), tuple(findings)), measured
    if final is None:
        text = "traffic is back, but the final tables were not read"
        return CheckResult("failback", Verdict.UNKNOWN, text, tuple(findings)), measured
    return CheckResult("failback", Verdict.MET, f"traffic is back at {place}, nothing lost", tuple(findings)), measured


def refuses(operations: Iterable[Operation], standby_address: str, until_ns: int) -> bool:
    """Whether the standby was asked to take writes before until_ns, and took none."""
    asked = [o for o in operations if o.is_write and o.sent_ns < until_ns and address_of(o) == standby_address]
    return bool(asked) and not any(acknowledged(o) for o in asked)


def as_evidence(measured: Failback, heal_ns: int, result: CheckResult) -> Mapping[str, float | int | str | None]:
    """The `failback` object of run.json: seconds from the heal."""

    def since_s(moment_ns: int | None) -> float | None:
        return None if moment_ns is None else (moment_ns - heal_ns) / 1e9

    return {
        "verdict": result.verdict.value,
        "text": result.text,
        "answer_back_s": since_s(measured.answer_back_ns),
        "traffic_back_s": since_s(measured.back_ns),
        "served": measured.served,
        "standby_accepts": measured.standby_accepts,
    }


def _back(after: Sequence[Operation], primary_address: str) -> int | None:
    """Send time from which every judged client's served operations all went to the primary; None: not so at the end."""
    last: dict[str, int | None] = {}
    for o in sorted((o for o in after if o.good and o.invoke.cohort == JUDGED_COHORT), key=lambda o: o.sent_ns):
        client = o.invoke.client
        if address_of(o) != primary_address:
            last[client] = None
        elif last.get(client) is None:
            last[client] = o.sent_ns
    if not last or None in last.values():
        return None
    return max(moment for moment in last.values() if moment is not None)


def _answer_back(events: Sequence[Event | Commit], primary_address: str, heal_ns: int) -> int | None:
    at_heal = answer_at(events, AUTHORITATIVE, heal_ns)
    if at_heal is not None and primary_address in at_heal:
        return heal_ns
    changes = answer_changes(events).get(AUTHORITATIVE, ())
    return next((a.mono_ns for a in changes if a.mono_ns >= heal_ns and primary_address in a.addresses), None)


def _traffic(measured: Failback, place: str) -> Iterable[str]:
    if measured.back_ns is None:
        yield f"the clients' traffic did not return to {place}"
    if measured.served is None:
        yield "no dns client sent anything after the heal"


def _answers(events: Sequence[Event | Commit], primary_address: str, place: str) -> Iterable[str]:
    """Clients that keep connections, or answers for too long, come back in their own time, if ever."""
    observers = [observer for observer in answer_changes(events) if is_judged(observer)]
    final = {client: answer_at(events, client, 1 << 62) for client in observers}
    elsewhere = [client for client, addresses in final.items() if set(addresses or ()) != {primary_address}]
    if elsewhere:
        yield f"the final DNS answer is not {place} alone for {some(sorted(elsewhere))}"
