from __future__ import annotations

import pytest
from measurement_timeline import pulse, s

from harness.history.events import Operation
from harness.measurement.models import FaultInterval, Padding
from harness.measurement.outages import interruptions
from harness.measurement.recovery_time import RecoveryTime, recovery_bracket, recovery_by_cohort
from harness.outcome import Bracket

FAULT = FaultInterval(s(1.0), s(1.02))
PAD = Padding(s(0.01))


def measured(
    operations: list[Operation], heal_s: float | None = None, window_s: float = 1.0, **more: float
) -> RecoveryTime:
    heal_ns = None if heal_s is None else s(heal_s)
    found = recovery_bracket(operations, FAULT, heal_ns, s(window_s), PAD, more.get("rate", 0.0))
    assert found is not None
    return found


def test_refused_for_a_second_gives_the_bracket_of_the_sheet() -> None:
    # Good until 1.0 (sent just before the fault bites), bad 1.1 to 1.9, good from 2.0 on.
    found = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 20))
    assert found.bracket.low_ns == s(1.9) - s(1.1) - s(0.01)
    assert found.bracket.high_ns == s(2.01) - s(1.0)
    assert found.from_fault_ns == found.bracket.point_ns == s(1.95) - s(1.0)
    assert (found.first_bad_ns, found.last_bad_ns, found.recovered_at_ns) == (s(1.1), s(1.9), s(2.0))
    assert found.confirmed
    assert not found.recovered_only_after_heal


def test_black_hole_is_placed_by_send_time_and_not_by_time_out() -> None:
    refused = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 20))
    silent = measured(pulse("dns-0", "writes", "." * 11 + "i" * 9 + "." * 20))
    assert silent.bracket == refused.bracket


def test_an_outage_that_nobody_noticed_lasts_zero_and_says_what_it_could_not_see() -> None:
    found = measured(pulse("dns-0", "reads", "." * 40), heal_s=2.0)
    assert found.unaffected
    assert found.bracket == Bracket(0, 0, 0)
    assert found.unseen_ns == s(0.11)


def test_a_success_between_failures_is_no_recovery() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "xxx.xxx..x" + "." * 20))
    assert found.recovered_at_ns == s(2.1)
    assert found.failures == 7


def test_never_recovered_has_no_upper_end() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "i" * 30), heal_s=9.0)
    assert found.never_recovered
    assert found.bracket.high_ns is None
    assert found.from_fault_ns is None


def test_recovered_only_because_the_fault_was_healed() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "x" * 19 + "." * 20), heal_s=3.0)
    assert found.recovered_only_after_heal
    assert not found.never_recovered


def test_a_success_in_flight_at_the_heal_was_owed_to_the_heal() -> None:
    operations = pulse("dns-0", "writes", "." * 11 + "x" * 18)
    operations += pulse("dns-0", "writes", "." + "." * 20, first_s=2.9, latency_s=0.5)
    assert measured(operations, heal_s=3.0).recovered_only_after_heal


def test_recovery_shortly_before_the_heal_is_not_confirmed() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 30), heal_s=2.5)
    assert not found.recovered_only_after_heal
    assert not found.confirmed


def test_failures_that_the_heal_causes_do_not_undo_a_recovery() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 15 + "x" + "." * 20), heal_s=3.45)
    assert found.recovered_at_ns == s(2.0)
    assert found.confirmed


def test_failures_that_the_heal_causes_do_not_undo_a_recovery_that_was_still_being_watched() -> None:
    beats = "." * 11 + "x" * 9 + "." * 15 + "x" + "." * 30
    found = measured(pulse("dns-0", "writes", beats), heal_s=3.45, window_s=2.0)
    assert found.recovered_at_ns == s(2.0)
    assert not found.recovered_only_after_heal
    assert not found.confirmed


def test_a_success_while_links_were_still_being_cut_is_no_recovery() -> None:
    found = recovery_bracket(
        pulse("dns-0", "writes", "." * 11 + "x" + "." * 30), FaultInterval(s(1.0), s(1.55)), None, s(1), PAD
    )
    assert found is not None
    assert found.recovered_at_ns == s(1.6)


def test_a_request_that_waited_the_outage_out_does_not_bound_its_beginning() -> None:
    operations = pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 20)
    operations += pulse("dns-0", "writes", ".", first_s=1.05, latency_s=0.92)
    found = measured(operations)
    assert found.last_good_before_ns == s(1.0)
    assert found.bracket.high_ns == s(2.01) - s(1.0)


def test_history_that_ends_before_the_window_is_not_confirmed() -> None:
    assert not measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 5)).confirmed


def test_operations_in_flight_at_the_end_are_neither_good_nor_bad() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 15 + "???"))
    assert found.recovered_at_ns == s(2.0)
    assert found.confirmed
    found = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 8 + "???"))
    assert found.recovered_at_ns == s(2.0)
    assert not found.confirmed


def test_an_operation_that_never_returned_is_bad_once_the_history_goes_on() -> None:
    found = measured(pulse("dns-0", "writes", "." * 11 + "?" * 9 + "." * 40))
    assert (found.first_bad_ns, found.last_bad_ns) == (s(1.1), s(1.9))


def test_a_failure_that_ended_before_the_fault_is_not_its_doing() -> None:
    found = measured(pulse("dns-0", "writes", "...x" + "." * 30), heal_s=3.0)
    assert found.unaffected


def test_a_request_that_hung_long_before_the_fault_is_not_its_doing() -> None:
    assert measured(pulse("dns-0", "writes", "...i" + "." * 30), heal_s=3.0).unaffected


def test_a_request_refused_just_before_the_fault_is_not_its_doing() -> None:
    operations = pulse("dns-0", "writes", "." * 30) + pulse("dns-0", "writes", "x", first_s=0.995)
    assert measured(operations, heal_s=3.0).unaffected


def test_a_request_in_flight_at_the_onset_was_hit_by_it() -> None:
    operations = pulse("dns-0", "writes", "." * 9) + pulse("dns-0", "writes", "i", first_s=0.995)
    operations += pulse("dns-0", "writes", "." * 20, first_s=1.1)
    found = measured(operations)
    assert found.first_bad_ns == s(0.995)
    assert found.bracket.low_ns == 0


def test_stray_failures_at_the_steady_rate_are_no_outage() -> None:
    operations = pulse("dns-0", "writes", ".....x" + "." * 20 + "x" + "." * 30)
    assert not measured(operations, heal_s=4.0).unaffected
    assert measured(operations, heal_s=4.0, rate=0.02).unaffected


def test_a_stray_failure_after_recovery_does_not_move_it_where_strays_are_usual() -> None:
    operations = pulse("dns-0", "writes", "." * 11 + "x" * 9 + "....x" + "." * 20)
    strict = measured(operations)
    lenient = measured(operations, rate=0.02)
    assert strict.recovered_at_ns == s(2.5)
    assert lenient.recovered_at_ns == s(2.0)


def test_strays_may_not_lengthen_the_lower_end() -> None:
    # With a failure rate before the fault, the failure at 1.0 may be one of those: the outage need not include it.
    operations = pulse("dns-0", "writes", "." * 10 + "x...xxxxxx" + "." * 20)
    assert measured(operations).bracket.low_ns == s(0.9) - s(0.01)
    assert measured(operations, rate=0.01).bracket.low_ns == s(0.5) - s(0.01)


def test_writes_recover_later_than_reads_and_the_worst_of_both_counts() -> None:
    operations = pulse("dns-0", "reads", "." * 11 + "x" * 4 + "." * 30)
    operations += pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 30, first_s=0.05)
    operations += pulse("dns-1", "reads", "." * 11 + "x" * 2 + "." * 30)
    cohort = recovery_by_cohort(operations, FAULT, None, s(1), PAD)["dns"]
    assert cohort.by_kind["reads"].recovered_at_ns == s(1.5)
    assert cohort.by_kind["writes"].recovered_at_ns == s(2.05)
    assert (cohort.worst.client, cohort.worst.kind) == ("dns-0", "writes")
    assert cohort.worst.bracket == cohort.by_kind["writes"].bracket


def test_the_next_read_does_not_prove_that_writes_work_again() -> None:
    # Reads every 0.1 s, writes every second: only the next write bounds the end of the outage of writes.
    operations = pulse("dns-0", "reads", "." * 11 + "x" * 30 + "." * 30)
    operations += pulse("dns-0", "writes", ".....", period_s=1.0, first_s=-4.4)
    operations += pulse("dns-0", "writes", "xxx...", period_s=1.0, first_s=1.6)
    found = measured(operations)
    assert found.bracket.high_ns == s(4.61) - FAULT.start_low_ns


def test_the_filters_choose_one_client_and_kind() -> None:
    operations = pulse("dns-0", "reads", "." * 40) + pulse("dns-1", "writes", "." * 11 + "x" * 4 + "." * 30)
    whole = recovery_bracket(operations, FAULT, None, s(1), PAD)
    only = recovery_bracket(operations, FAULT, None, s(1), PAD, client="dns-0", kind="reads")
    assert whole is not None
    assert only is not None
    assert not whole.unaffected
    assert only.unaffected
    assert recovery_bracket(operations, FAULT, None, s(1), PAD, client="dns-1", kind="reads") is None


def test_every_interruption_of_a_watch_is_reported_once() -> None:
    operations = pulse("dns-0", "writes", "....xxx" + "." * 20 + "xx.x" + "." * 20)
    operations += pulse("dns-1", "writes", "....xxxxx" + "." * 40)
    operations += pulse("pinned-a-0", "reads", "." * 45 + "xxx")
    found = interruptions(operations, s(1), PAD)
    assert [(i.cohort, i.first_bad_ns, i.last_bad_ns, i.clients) for i in found] == [
        ("dns", s(0.4), s(0.8), 2),
        ("dns", s(2.7), s(3.0), 1),
        ("pinned-a", s(4.5), None, 1),
    ]
    assert found[0].duration.low_ns == s(0.39)
    assert found[0].duration.high_ns == s(0.91) - s(0.3)
    assert found[2].duration.high_ns is None


def test_interruptions_closer_than_the_window_are_one() -> None:
    operations = pulse("dns-0", "writes", "....x" + "." * 8 + "x" + "." * 20)
    assert len(interruptions(operations, s(1), PAD)) == 1
    assert len(interruptions(operations, s(0.5), PAD)) == 2


def test_a_bracket_needs_a_fault_that_begins_before_it_is_complete() -> None:
    with pytest.raises(ValueError, match="onset"):
        FaultInterval(2, 1)


def until(operations: list[Operation], until_s: float) -> RecoveryTime:
    return recovery_by_cohort(operations, FAULT, None, s(1.0), PAD, until_ns=s(until_s))["dns"].worst


def test_what_happens_after_an_episode_has_ended_takes_nothing_away_from_its_recovery() -> None:
    alone = measured(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 20))
    # A second outage from 4.0 s on: the recovery from the first had lasted for two seconds by then.
    twice = until(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 20 + "x" * 30), 4.0)
    assert twice.bracket == alone.bracket
    assert twice.confirmed
    assert not twice.never_recovered


def test_what_was_under_way_when_an_episode_ended_is_neither_good_nor_bad() -> None:
    # The request of 3.9 s hangs in the second outage for a second: no failure of the first recovery.
    found = until(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 19 + "i" * 30), 3.95)
    assert found.recovered_at_ns == s(2.0)
    assert found.confirmed


def test_a_recovery_that_the_next_episode_cut_short_was_not_watched_for_long_enough() -> None:
    found = until(pulse("dns-0", "writes", "." * 11 + "x" * 9 + "." * 5 + "x" * 30), 2.5)
    assert found.recovered_at_ns == s(2.0)
    assert not found.confirmed


def test_clients_that_were_out_when_an_episode_ended_did_not_recover_in_it() -> None:
    assert until(pulse("dns-0", "writes", "." * 11 + "x" * 20 + "." * 30), 3.0).never_recovered
