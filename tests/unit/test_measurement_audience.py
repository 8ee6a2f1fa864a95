"""How an audience came back: known answers, and bounds that hold whatever the caches of users happened to show."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measurement_timeline import pulse

from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.audience import Back, Curve, Point, Profile, came_back, curve_of, shares_of
from harness.measurement.models import FaultInterval, Padding
from harness.outcome import Bracket
from harness.units import NS_PER_S

S = NS_PER_S


def seconds(low: float, high: float | None) -> Bracket:
    return Bracket(round(low * S), None if high is None else round(high * S))


# --- shares of the users of one profile ---


def test_users_between_two_clients_came_back_between_them() -> None:
    clients = [seconds(10, 11), seconds(4, 5), seconds(7, 8), seconds(13, 14)]
    assert shares_of(clients, 12 * S) == (
        seconds(4, 8), seconds(7, 11), seconds(10, 14), seconds(1, 17),
    )  # fmt: skip


def test_without_a_cache_users_are_where_their_clients_are() -> None:
    assert shares_of([seconds(4, 5), seconds(4, 6)], 0) == (seconds(4, 6), seconds(4, 6))


def test_one_client_that_was_never_seen_back_leaves_two_shares_open() -> None:
    shares = shares_of([seconds(4, 5), seconds(9, None), seconds(7, 8)], 0)
    assert shares == (seconds(4, 8), seconds(7, None), seconds(4, None))


def test_a_profile_that_was_never_away_is_back_at_once() -> None:
    assert shares_of([seconds(0, 0)] * 4, 60 * S) == (seconds(0, 0),) * 4


@given(
    kept=st.floats(1, 100), moved=st.floats(0, 50), phase=st.floats(0, 1), clients=st.integers(2, 8),
    users=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=50),
)  # fmt: skip
def test_no_more_and_no_fewer_users_are_back_than_the_bounds_say(
    kept: float, moved: float, phase: float, clients: int, users: list[float]
) -> None:
    """Each cache runs out once in its lifetime, at a moment of its own; whoever asks after the change is back."""

    def back(at: float) -> float:
        return moved + ((phase - at) % 1.0) * kept

    seen = [back(n / clients) for n in range(clients)]
    shares = shares_of([seconds(one, one) for one in seen], round(kept * S))
    curve = curve_of([(1.0, shares)])
    everybody = [n / 1000 for n in range(1000)]
    for at in sorted(back(user) for user in users):
        point = curve.at(round(at * S))
        truth = sum(back(user) <= at for user in everybody) / len(everybody)
        assert point.least - 0.01 <= truth <= point.most + 0.01


# --- the curve of all ---


def test_weights_decide_how_much_a_profile_counts() -> None:
    curve = curve_of([(90, [seconds(5, 6)]), (10, [seconds(30, 40)])])
    assert curve.at(4 * S) == Point(4 * S, 0, 0)
    assert (curve.at(5 * S).least, curve.at(5 * S).most) == (0, 0.9)
    assert curve.at(6 * S).least == pytest.approx(0.9)
    assert curve.reached(0.9) == seconds(5, 6)
    assert curve.reached(0.95) == seconds(30, 40)
    assert curve.reached(1.0) == seconds(30, 40)


def test_a_share_that_nobody_saw_come_back_has_no_upper_end() -> None:
    curve = curve_of([(1, [seconds(5, 6)]), (1, [seconds(9, None)])])
    assert curve.reached(0.5) == seconds(5, 6)
    assert curve.reached(0.75) == seconds(9, None)


def test_nobody_is_no_audience() -> None:
    assert curve_of([]) == Curve()


# --- from a history ---

FAULT = FaultInterval(10 * S, 10 * S)


def fares(client: str, beats: str, latency_s: float = 0.01) -> list[Operation]:
    """One beat a second, of what it reads and of what it writes."""
    return [
        one
        for kind, first_s in (("reads", 0.0), ("writes", 0.5))
        for one in pulse(client, kind, beats, period_s=1.0, first_s=first_s, latency_s=latency_s)  # type: ignore[arg-type]
    ]


def measured(operations: Sequence[Operation], *profiles: Profile, heal_s: int | None = None) -> Back:
    ordered = sorted(operations, key=lambda one: one.sent_ns)
    heal_ns = None if heal_s is None else heal_s * S
    return came_back(columns_of(ordered), profiles, FAULT, heal_ns, 5 * S, Padding(), {}, 2 * S)


def test_each_profile_comes_back_in_its_own_time_counted_from_the_fault() -> None:
    history = [*fares("fast-0", "." * 11 + "x" * 4 + "." * 25), *fares("slow-0", "." * 11 + "x" * 14 + "." * 15)]
    back = measured(history, Profile("fast", 3), Profile("slow", 1), Profile("nobody", 5))
    assert [one.profile.cohort for one in back.cohorts] == ["fast", "slow"]
    assert back.cohorts[0].last == seconds(4.5, 5.51)
    assert back.cohorts[1].last == seconds(14.5, 15.51)
    assert back.curve.reached(0.75) == seconds(4.5, 5.51)
    assert back.curve.reached(0.76) == seconds(14.5, 15.51)


def test_who_came_back_with_the_heal_only_was_never_seen_back() -> None:
    back = measured(fares("one-0", "." * 11 + "x" * 9 + "." * 20), Profile("one", 1), heal_s=20)
    assert back.cohorts[0].last.high_ns is None
    assert back.cohorts[0].last.low_ns == 9.5 * S


def test_who_was_not_watched_for_long_enough_is_not_known_to_be_back() -> None:
    back = measured(fares("one-0", "." * 11 + "x" * 9 + "..."), Profile("one", 1))
    assert back.cohorts[0].last.high_ns is None


def test_who_waited_longer_than_anybody_would_was_not_served() -> None:
    """A library that tries again and again answers in the end; its user has waited all the same."""
    slow = fares("sdk-0", " " * 11 + "." * 4, latency_s=5.0)
    history = [*fares("sdk-0", "." * 11), *slow, *fares("sdk-0", " " * 15 + "." * 25)]
    back = measured(history, Profile("sdk", 1))
    assert back.cohorts[0].away
    assert back.cohorts[0].last == seconds(4.5, 5.51)


def test_who_noticed_nothing_was_never_away() -> None:
    back = measured(fares("one-0", "." * 40), Profile("one", 1, 60 * S))
    assert not back.cohorts[0].away
    assert back.curve.reached(1.0) == seconds(0, 0)
