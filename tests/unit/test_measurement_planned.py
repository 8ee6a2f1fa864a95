"""Interruptions that no fault explains: bracketed like the recovery time, and never counted twice."""

from __future__ import annotations

import pytest
from measurement_timeline import A, B, pulse, s

from harness.checkers.planned import planned_interruption
from harness.history.events import Operation
from harness.measurement.models import FaultInterval, Padding
from harness.measurement.planned import Cause, PlannedInterruption, Setting, planned_interruptions
from harness.measurement.recovery_time import recovery_by_cohort
from harness.outcome import Bracket, Verdict

W = s(3.0)
ONSET, HEAL = FaultInterval(s(5), s(5.01)), FaultInterval(s(20), s(20.02))
PADDING = Padding(s(0.01))
PLACES = {A: "us-east-1", B: "us-west-2"}
AWAY = pulse("dns-0", "writes", "." * 50 + "x" * 30) + pulse("dns-0", "writes", "." * 160, first_s=8, address="B")
"""Lost at 5 s, served by the other side from 8 s to 24 s."""


def back(refused: int, client: str = "dns-0") -> list[Operation]:
    """From 24 s on the other side refuses; then the first one serves again."""
    return pulse(client, "writes", "x" * refused, first_s=24, address="B") + pulse(
        client, "writes", "." * 80, first_s=24 + refused / 10
    )


def found(
    operations: list[Operation], *, owed: bool = True, stay: bool = False, heal: FaultInterval | None = HEAL
) -> tuple[PlannedInterruption, ...]:
    heal_ns = None if heal is None else heal.start_low_ns
    own = recovery_by_cohort(operations, ONSET, heal_ns, W, PADDING)["dns"].by_client
    return planned_interruptions(operations, Setting(own, heal, None, A, owed, W, PADDING, stay=stay))


def test_a_failback_that_interrupts_is_bracketed_and_the_faults_own_outage_is_not_in_it() -> None:
    [one] = found(AWAY + back(40))
    assert (one.cause, one.source, one.target) == (Cause.FAILBACK, B, A)
    assert one.duration.low_ns <= s(4) <= (one.duration.high_ns or 0)
    assert one.duration.low_ns >= s(3.8)
    assert (one.duration.high_ns or 0) <= s(4.2)
    assert (one.first_bad_ns, one.last_bad_ns) == (s(24), s(27.9))
    assert (one.client, one.kind, one.clients, one.failures) == ("dns-0", "writes", 1, 40)
    assert one.how == (("no answer", B, 40),)


@pytest.mark.parametrize("gap_s", [0.35, 1.0, 2.72, 6.5])
@pytest.mark.parametrize("offset_s", [0.0, 0.03, 0.07])
def test_the_bracket_holds_the_time_in_which_nobody_served(gap_s: float, offset_s: float) -> None:
    """Clients at work every 0.1 s; the other side refuses from 24 s on, and the answer is back gap_s later."""
    beats = [24.0 + offset_s + n / 10 for n in range(120)]
    refused = [at for at in beats if at < 24.0 + gap_s]
    gone = pulse("dns-0", "writes", "x" * len(refused), first_s=24 + offset_s, address="B")
    again = pulse("dns-0", "writes", "." * (120 - len(refused)), first_s=beats[len(refused)])
    [one] = found(AWAY + gone + again)
    assert one.duration.low_ns <= s(gap_s) <= (one.duration.high_ns or 0)
    assert (one.duration.high_ns or 0) - one.duration.low_ns <= s(0.3)


def test_a_failback_that_nobody_noticed_is_none() -> None:
    assert found(AWAY + back(0)) == ()


def test_the_worst_of_several_clients_stands_for_one_failback() -> None:
    second = [
        *pulse("dns-1", "writes", "." * 50 + "x" * 30),
        *pulse("dns-1", "writes", "." * 160, first_s=8, address="B"),
        *back(70, "dns-1"),
    ]
    [one] = found(AWAY + back(40) + second)
    assert (one.client, one.clients, one.failures) == ("dns-1", 2, 110)
    assert one.duration.low_ns <= s(7) <= (one.duration.high_ns or 0)


def test_an_interruption_after_the_heal_counts_without_a_move_too() -> None:
    stays = AWAY + pulse("dns-0", "writes", "x" * 20 + "." * 80, first_s=24, address="B")
    [one] = found(stays)
    assert (one.cause, one.source, one.target) == (Cause.NO_MOVE, B, B)
    assert one.duration.low_ns <= s(2) <= (one.duration.high_ns or 0)


def test_a_move_there_and_back_is_needless() -> None:
    away = pulse("dns-0", "writes", "x" * 20, first_s=24)
    [one] = found(AWAY + away + pulse("dns-0", "writes", "." * 80, first_s=26, address="B"))
    assert (one.cause, one.source, one.target, one.via) == (Cause.NEEDLESS, B, B, A)


BLIP = pulse("dns-0", "writes", "." * 50 + "x" * 150)
"""Lost from 5 s on, and for as long as the fault holds."""


def test_what_lasts_until_after_the_heal_is_the_moves_unless_a_recovery_is_owed() -> None:
    moved = BLIP + pulse("dns-0", "writes", "x" * 30, first_s=20) + pulse(
        "dns-0", "writes", "." * 80, first_s=23, address="B"
    )  # fmt: skip
    assert found(moved, owed=True) == ()
    [one] = found(moved, owed=False)
    assert (one.cause, one.source, one.target) == (Cause.NEEDLESS, A, B)
    assert one.duration.low_ns <= s(23) - HEAL.start_high_ns <= (one.duration.high_ns or 0)
    stayed = BLIP + pulse("dns-0", "writes", "x" * 30 + "." * 80, first_s=20)
    assert found(stayed, owed=False) == ()


def test_a_move_while_a_disturbance_holds_that_was_to_be_sat_out_is_needless() -> None:
    assert found(AWAY, heal=None) == ()
    [one] = found(AWAY, heal=None, owed=False, stay=True)
    assert (one.cause, one.source, one.target) == (Cause.NEEDLESS, A, B)
    assert one.duration.low_ns <= s(3) <= (one.duration.high_ns or 0)


def judged(bracket: Bracket, promised_s: float, ended: bool = True) -> tuple[Verdict, str]:
    one = PlannedInterruption(
        Cause.FAILBACK, bracket, "dns-2", "writes", B, A, s(24), s(31) if ended else None, 4, 160,
        (("HTTP 503", B, 38),),
    )  # fmt: skip
    result = planned_interruption([("", one)], promised_s, PLACES)
    return result.verdict, result.text


@pytest.mark.parametrize(
    ("low_s", "high_s", "verdict"),
    [(7.4, 7.8, Verdict.MISSED), (4.9, 5.1, Verdict.UNKNOWN), (4.0, 5.0, Verdict.MET), (4.0, None, Verdict.UNKNOWN),
     (6.0, None, Verdict.MISSED)],
)  # fmt: skip
def test_it_is_judged_by_its_whole_range(low_s: float, high_s: float | None, verdict: Verdict) -> None:
    bracket = Bracket(s(low_s), None if high_s is None else s(high_s))
    assert judged(bracket, 5.0, high_s is not None)[0] is verdict


def test_the_sentence_names_the_cause_the_sides_the_worst_client_and_what_it_was_answered() -> None:
    assert judged(Bracket(s(7.4), s(7.8)), 5.0)[1] == (
        "the failback from us-west-2 to us-east-1 interrupted 4 clients for 7.40 \u2013 7.80 s "
        "(worst: dns-2, writes: HTTP 503 from us-west-2 38 times), objective 5 s"
    )
    assert planned_interruption([], 5.0, PLACES).text == (
        "no client was interrupted by anything but the fault, objective 5 s"
    )
