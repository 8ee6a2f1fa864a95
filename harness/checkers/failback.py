"""Did the plan come back to normal: traffic at the place that is meant, nothing lost, one answer, the other fenced?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.checkers.failback_losses import NOTHING_BEFORE, Before, losses
from harness.checkers.result import CheckResult, Finding, some
from harness.history.codes import NEVER_NS
from harness.history.columns import Columns
from harness.history.events import Commit, Event, Operation
from harness.history.gathering import columns_of
from harness.measurement.availability import share
from harness.measurement.final_state import FinalState
from harness.measurement.models import JUDGED_COHORT, Padding, is_judged
from harness.measurement.propagation import answer_at, answer_changes
from harness.measurement.relapse import relapses
from harness.measurement.statistics import tolerated_failures
from harness.measurement.streams import CLIENT_TIMEOUT_NS
from harness.names import AUTHORITATIVE
from harness.outcome import Verdict
from harness.spelling import bracket
from harness.units import to_ns

SERVED_SHARE = 0.99
_SETTLED_NS = to_ns(1.0)
"""For so long every judged client must have been served there before what fails is no part of coming back."""
_TAIL_NS = to_ns(5.0)


@dataclass(frozen=True)
class Usual:
    """What is usual for the judged clients: how rarely they fail by chance, and what blurs an outage of theirs.

    window_ns: W, in which nothing may fail beyond chance. timeout_ns: without an answer for so long is a failure.
    """

    failure_rate: float = 0.0
    padding: Padding = field(default_factory=Padding)
    window_ns: int = to_ns(12.0)
    timeout_ns: int = CLIENT_TIMEOUT_NS


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
    away: str = "the standby",
    usual: Usual | None = None,
    before: Before = NOTHING_BEFORE,
    moves: bool = True,
) -> tuple[CheckResult, Failback]:
    """Judge the time after heal_ns, up to until_ns (None: to the history's end).

    To come back is to stay: whoever has come back and is lost again later has not, whether or not anybody broke it.

    primary_address: of the place that service must come back to, `place` in words; standby_address: of the one that
    it comes back from, `away` in words. final: the tables after everything had gone quiet, None when they were not
    read. standby_refuses: the standby took no writes before the fault either, so after the failback it must not take
    any. before: what had gone wrong already, with which the failback had nothing to do.
    moves: DNS answers lead to one place at a time; else a proxy is in front of all of them, and traffic alone counts.
    """
    columns = columns_of(operations)
    known = columns if until_ns is None else columns.up_to(until_ns)
    after = known.between(heal_ns, None)
    context = [e for e in events if until_ns is None or e.mono_ns < until_ns]
    back_ns = _back(after, primary_address)
    taken = after.acknowledged & after.dialled(standby_address) & (after.sent_ns > (back_ns or 0))
    accepted = [] if back_ns is None else after.ops(np.flatnonzero(taken))
    measured = Failback(
        _answer_back(context, primary_address, heal_ns),
        back_ns,
        share(after, cohort=JUDGED_COHORT).value,
        len(accepted),
    )
    reasons = [*_traffic(measured, place), *(_answers(context, primary_address, place) if moves else ())]
    findings: list[Finding] = []
    for lasting, text in _stayed(after, measured.back_ns, primary_address, place, until_ns, usual or Usual()):
        if lasting:
            reasons.append(text)
        else:
            findings.append(Finding("relapse", text, "serious"))
    if measured.served is not None and measured.served < SERVED_SHARE:
        text = f"failback was an interruption too: {measured.served:.1%} of the dns clients' operations were served"
        findings.append(Finding("failback-interruption", text, "info"))
    lost = {} if final is None else losses(final, columns, before, primary_address, back_ns, until_ns)
    for how, ids in lost.items():
        reasons.append(f"{len(ids)} acknowledged writes are lost at {place}, {how}: {some(ids, limit=3)}")
        findings.append(Finding("A1", f"lost {how}: {some(ids)}", "serious"))
    if accepted:
        severity = "serious" if standby_refuses else "info"
        findings.append(Finding("A8", f"{away} still accepts writes after failback: {some(accepted)}", severity))
        if standby_refuses:
            reasons.append(f"{away} accepted {len(accepted)} writes after failback")
    if reasons:
        return CheckResult("failback", Verdict.MISSED, "; ".join(reasons), tuple(findings)), measured
    if final is None:
        text = "traffic is back, but the final tables were not read"
        return CheckResult("failback", Verdict.UNKNOWN, text, tuple(findings)), measured
    return CheckResult("failback", Verdict.MET, f"traffic is back at {place}, nothing lost", tuple(findings)), measured


def refuses(operations: Iterable[Operation], standby_address: str, until_ns: int) -> bool:
    """Whether the standby was asked to take writes before until_ns, and took none."""
    columns = columns_of(operations).between(None, until_ns)
    asked = columns.is_write & columns.dialled(standby_address)
    return bool(asked.any()) and not bool((asked & columns.good).any())


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


def _back(after: Columns, primary_address: str) -> int | None:
    """Send time from which every judged client's served operations all went to the primary; None: not so at the end."""
    served = np.flatnonzero(after.good & after.of_cohort(JUDGED_COHORT))
    there = after.dialled(primary_address)
    since: list[int] = []
    for client in np.unique(after.who[served]):
        own = served[after.who[served] == client]
        elsewhere = np.flatnonzero(~there[own])
        first = int(elsewhere[-1]) + 1 if len(elsewhere) else 0
        if first == len(own):
            return None
        since.append(int(after.sent_ns[own[first]]))
    return max(since, default=None)


def _settled(after: Columns, back_ns: int, primary_address: str) -> int:
    """Since when all judged clients have been served there, and by nobody else; back_ns where that never lasted."""
    rows = np.flatnonzero(after.of_cohort(JUDGED_COHORT))
    served, sent_ns, who = (after.good & after.dialled(primary_address))[rows], after.sent_ns[rows], after.who[rows]
    order = np.argsort(who, kind="stable")
    again = np.concatenate(([False], who[order][1:] == who[order][:-1]))
    before = np.concatenate(([False], served[order][:-1]))
    was_served, was_not = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    was_served[order], was_not[order] = again & before, again & ~before
    # All are served as long as nobody is not; then the last one to begin to be served is the one that counts.
    without = np.cumsum((~served).astype(np.int64) - was_not)
    since_ns = np.maximum.accumulate(np.where(served & ~was_served, sent_ns, -1))
    lasting = np.flatnonzero((without == 0) & (sent_ns - since_ns >= _SETTLED_NS) & (since_ns >= back_ns))
    return int(since_ns[lasting[0]]) if len(lasting) else back_ns


def _stayed(
    after: Columns, back_ns: int | None, address: str, place: str, until_ns: int | None, usual: Usual
) -> Iterable[tuple[bool, str]]:
    """What went wrong after the clients had come back, each with whether that is certain to have been an outage."""
    if back_ns is None:
        return
    settled_ns = _settled(after, back_ns, address)
    again = relapses(
        after, settled_ns, until_ns=until_ns, window_ns=usual.window_ns, padding=usual.padding,
        failure_rate=usual.failure_rate, timeout_ns=usual.timeout_ns,
    )  # fmt: skip
    if again:
        worst = again[0]
        client, how_long = f"client {worst.client}", f"for {bracket(worst.bracket)}"
        yield worst.bracket.low_ns > 0, f"{client} was not served {how_long} after it had come back to {place}"
    end_ns = until_ns if until_ns is not None else after.end_ns
    given_up = (after.returned_ns != NEVER_NS) | (after.sent_ns < end_ns - usual.timeout_ns)
    known = np.flatnonzero(after.of_cohort(JUDGED_COHORT) & given_up)
    last_ns = int(after.sent_ns[known].max(initial=0))
    tail = known[after.sent_ns[known] >= max(settled_ns, last_ns - _TAIL_NS)]
    there = int(np.count_nonzero((after.good & after.dialled(address))[tail]))
    allowed = max((1 - SERVED_SHARE) * len(tail), tolerated_failures(len(tail), usual.failure_rate))
    if len(tail) - there > allowed:
        yield True, f"only {there} of {len(tail)} requests of the clients were served by {place} in the end"


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
