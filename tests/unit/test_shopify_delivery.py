"""One message: tried, tried again by the documented schedule, given up; and what its subscription makes of it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.parts.commerce.shopify import delivery, standing
from harness.parts.commerce.shopify.delivery import (
    RETRY_WINDOW_NS,
    Delivered,
    Delivery,
    Effect,
    Ended,
    GivenUp,
    Phase,
    Retried,
    Rules,
    Send,
    Time,
)
from harness.parts.commerce.shopify.delivery_config import durations
from harness.parts.commerce.shopify.disturbing import Disturbance
from harness.parts.commerce.shopify.standing import Fails, Refused, Remove, Standing, Took, Warn, Works
from harness.units import NS_PER_S

HOUR = 3600 * NS_PER_S


def tried(statuses: list[int | None], took_ns: int = 0) -> tuple[Delivery, list[int], list[Effect]]:
    """A message whose attempts end so, as soon as each is due. Returns when each was made, and what came of them."""
    state, now_ns, times, found = Delivery(0), 0, [], []
    for status in statuses:
        state, effects = delivery.step(state, Time(), now_ns)
        assert effects == (Send(len(times) + 1),)
        times.append(now_ns)
        now_ns += took_ns
        state, effects = delivery.step(state, Ended(len(times), status), now_ns)
        found += effects
        if state.next_ns is not None:
            early, nothing = delivery.step(state, Time(), state.next_ns - 1)
            assert (early, nothing) == (state, ())
            now_ns = state.next_ns
    return state, times, found


def test_nobody_who_answers_2xx_hears_of_it_again() -> None:
    for status in (200, 201, 202, 204, 299):
        state, _, effects = tried([status])
        assert state.phase is Phase.DELIVERED
        assert state.over
        assert effects == [Delivered()]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304, 400, 401, 404, 410, 429, 500, 503, 199, None])
def test_everything_else_is_a_failure_and_a_redirect_is_one(status: int | None) -> None:
    # "Any response outside of the 200 range, including 3XX HTTP redirection codes, is an error": a 410 is no exception.
    state, _, effects = tried([status])
    assert state.phase is Phase.PAUSING
    assert effects == [Retried(1)]


def test_eight_retries_within_four_hours_each_later_than_twice_the_one_before() -> None:
    # changelog "Updates to webhook retry mechanism": "a total of 8 times over 4 hours using an exponential backoff"
    state, times, effects = tried([500] * 9)
    assert state.phase is Phase.GIVEN_UP
    assert state.over
    assert state.attempts == 9
    assert effects == [*(Retried(n) for n in range(1, 9)), GivenUp()]
    assert times[-1] - times[0] == RETRY_WINDOW_NS == 4 * HOUR
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert [round(pause / NS_PER_S) for pause in pauses] == [56, 113, 226, 452, 904, 1807, 3614, 7228]


def test_slow_failures_put_the_schedule_off_by_what_they_took() -> None:
    _, times, _ = tried([None] * 9, took_ns=5 * NS_PER_S)
    assert times[-1] - times[0] == RETRY_WINDOW_NS + 8 * 5 * NS_PER_S


def test_the_last_retry_may_still_deliver() -> None:
    state, _, effects = tried([503] * 8 + [200])
    assert state.phase is Phase.DELIVERED
    assert effects[-1] == Delivered()


@given(st.integers(min_value=255, max_value=10**15), st.integers(min_value=1, max_value=20))
def test_any_window_is_used_up_exactly(window_ns: int, retries: int) -> None:
    rules = Rules(window_ns, retries)
    pauses = [rules.pause_ns(n) for n in range(1, retries + 1)]
    assert sum(pauses) == window_ns
    assert pauses == sorted(pauses)


def test_a_copy_goes_beside_the_message_and_decides_nothing() -> None:
    state, effects = delivery.step(Delivery(10, copy_ns=10), Time(), 10)
    assert effects == (Send(1), Send(2))
    assert state.next_ns is None
    state, effects = delivery.step(state, Ended(2, 200), 11)
    assert effects == ()
    assert state.phase is Phase.SENDING
    state, effects = delivery.step(state, Ended(1, 500), 12)
    assert effects == (Retried(1),)
    assert not state.over


def test_a_copy_that_is_still_to_come_keeps_a_delivered_message_open() -> None:
    state, _ = delivery.step(Delivery(0, copy_ns=100), Time(), 0)
    state, _ = delivery.step(state, Ended(1, 200), 5)
    assert state.phase is Phase.DELIVERED
    assert not state.over
    assert state.next_ns == 100
    state, effects = delivery.step(state, Time(), 100)
    assert effects == (Send(2),)
    assert not state.over
    state, effects = delivery.step(state, Ended(2, 500), 101)
    assert effects == ()
    assert state.over


@given(
    st.lists(st.sampled_from([200, 302, 500, None]), min_size=1, max_size=12),
    st.none() | st.integers(0, 10**14), st.integers(0, 10 * NS_PER_S),
)  # fmt: skip
def test_however_it_goes_attempts_are_numbered_in_order_and_it_ends(
    statuses: list[int | None], copy_ns: int | None, took_ns: int
) -> None:
    state, now_ns, sent, under_way = Delivery(0, copy_ns=copy_ns), 0, [], []
    for _ in range(200):
        state, effects = delivery.step(state, Time(), now_ns)
        under_way += [effect.attempt for effect in effects if isinstance(effect, Send)]
        sent += [effect.attempt for effect in effects if isinstance(effect, Send)]
        if under_way:
            attempt = under_way.pop()
            status = statuses[attempt - 1] if attempt <= len(statuses) else None
            state, effects = delivery.step(state, Ended(attempt, status), now_ns + took_ns)
        elif state.next_ns is None:
            break
        now_ns = max(now_ns, state.next_ns or now_ns)
    assert state.over
    assert sent == list(range(1, len(sent) + 1))
    assert len(sent) <= 9 + (copy_ns is not None)


# -- subscriptions ------------------------------------------------------------------------------------------------
def standings(*events: tuple[int, standing.Event], removable: bool = True) -> tuple[Standing, list[standing.Effect]]:
    state, found = Standing(removable), []
    for now_ns, event in events:
        state, effects = standing.step(state, event, now_ns)
        found += effects
    return state, found


def message_that_fails(at_ns: int) -> list[tuple[int, standing.Event]]:
    return [(at_ns + 10 * retry, Refused(retry, at_ns)) for retry in range(9)]


def test_a_subscription_is_removed_when_eight_retries_in_a_row_have_failed_and_mails_warn_before() -> None:
    # "After 8 consecutive failures, the webhook subscription is automatically deleted if it was configured using the
    # Admin API"; "warning emails are sent".
    state, effects = standings(*message_that_fails(100))
    assert state.removed
    assert effects == [Fails(), Warn(4), Remove()]


def test_one_of_the_apps_own_configuration_is_not_removed() -> None:
    state, effects = standings(*message_that_fails(100), removable=False)
    assert not state.removed
    assert effects == [Fails(), Warn(4)]


def test_many_messages_that_fail_at_once_remove_nothing() -> None:
    # attempts of different messages in a second are no "consecutive failures" in the sense of the four hours
    state, effects = standings(*((100 + n, Refused(0, 100 + n)) for n in range(1000)))
    assert not state.removed
    assert effects == [Fails()]
    assert state.failures == 1000


def test_a_message_that_the_app_chokes_on_removes_nothing_while_others_are_taken() -> None:
    events = sorted([*message_that_fails(100), *((at, Took()) for at in range(105, 205, 10))], key=lambda one: one[0])
    state, effects = standings(*events)
    assert not state.removed
    assert Works(1) in effects
    assert Warn(4) not in effects


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.booleans()), min_size=1, max_size=8))
def test_it_is_removed_exactly_when_one_message_lost_all_its_retries_in_silence(
    messages: list[tuple[int, int, bool]],
) -> None:
    # each message: when it begins, how many attempts it makes, and whether the last of them is taken
    events: list[tuple[int, bool, standing.Event]] = []
    for begun_ns, attempts, is_taken in messages:
        for number in range(attempts):
            last = number == attempts - 1
            event = Took() if last and is_taken else Refused(number, begun_ns)
            events.append((begun_ns + 7 * number, not isinstance(event, Took), event))
    events.sort(key=lambda one: one[:2])
    state, _ = standings(*((at_ns, event) for at_ns, _, event in events))
    successes = [at_ns for at_ns, _, event in events if isinstance(event, Took)]
    lost = [
        (event.begun_ns, at_ns) for at_ns, _, event in events if isinstance(event, Refused) and event.failed >= 8
    ]  # fmt: skip
    assert state.removed == any(not any(begun <= at <= end for at in successes) for begun, end in lost)


def test_what_is_removed_stays_so_whatever_is_still_under_way() -> None:
    state, _ = standings(*message_that_fails(100))
    assert standing.step(state, Took(), 1000) == (state, ()) == standing.step(state, Refused(8, 90), 1000)


# -- durations, duplicates and disorder ---------------------------------------------------------------------------
def test_durations_are_the_documented_ones_and_the_window_can_be_compressed_on_its_own() -> None:
    documented = durations(1.0)
    assert (documented["connect_ns"], documented["total_ns"]) == (NS_PER_S, 5 * NS_PER_S)
    assert documented["retry_window_ns"] == 4 * HOUR
    fast = durations(0.1, retry_window_s=60)
    assert fast["retry_window_ns"] == 60 * NS_PER_S
    assert (fast["connect_ns"], fast["total_ns"]) == (NS_PER_S, NS_PER_S)  # time-outs have a floor of a second


def test_duplicates_and_disorder_are_as_many_as_asked_for_and_the_same_for_a_seed() -> None:
    disturbance = Disturbance(duplicates=0.3, disorder_ns=NS_PER_S)
    planned = [disturbance.planned(7, f"m{n}", 1000, Rules()) for n in range(2000)]
    assert planned == [disturbance.planned(7, f"m{n}", 1000, Rules()) for n in range(2000)]
    copies = [one for one in planned if one.copy_ns is not None]
    assert 500 < len(copies) < 700
    assert sum(one.copy_ns == one.due_ns for one in copies) > 80  # both at once
    assert all(1000 <= one.due_ns < 1000 + NS_PER_S for one in planned)
    assert max(one.due_ns for one in planned) - min(one.due_ns for one in planned) > 0.9 * NS_PER_S
    assert Disturbance().planned(7, "m", 5, Rules()) == Delivery(5)
