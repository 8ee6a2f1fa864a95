"""Which address a client of a name with two families connects to: known answers of the pure machine."""

from __future__ import annotations

from collections.abc import Sequence

from harness.units import NS_PER_MS
from harness.witness.racing import Attempt, Broke, Connected, Delay, Effect, Event, Found, Lost, Race, Waited, Won, step

V4, V6 = ("127.0.1.10", "127.0.2.10"), ("fd00::1", "fd00::2")
BOTH = frozenset(("AAAA", "A"))


def raced(*events: Event, staggered: bool = True) -> list[Sequence[Effect]]:
    """What follows each event."""
    state, found = Race(staggered, BOTH), []
    for event in events:
        state, effects = step(state, event, 0)
        found.append(effects)
    return found


def attempts(found: Sequence[Sequence[Effect]]) -> list[str]:
    return [effect.address for effects in found for effect in effects if isinstance(effect, Attempt)]


def test_ipv6_is_tried_as_soon_as_it_is_known() -> None:
    assert raced(Found("AAAA", V6))[-1] == (Attempt("fd00::1"), Delay(1, 250 * NS_PER_MS))


def test_ipv4_waits_fifty_milliseconds_for_ipv6() -> None:
    assert raced(Found("A", V4))[-1] == (Delay(0, 50 * NS_PER_MS),)
    assert attempts(raced(Found("A", V4), Waited(0))) == ["127.0.1.10"]
    assert attempts(raced(Found("A", V4), Found("AAAA", V6))) == ["fd00::1"]
    assert attempts(raced(Found("A", V4), Found("AAAA", ()))) == ["127.0.1.10"]


def test_families_take_turns_a_quarter_of_a_second_apart() -> None:
    found = raced(Found("AAAA", V6), Found("A", V4), Waited(1), Waited(2), Waited(3), Waited(4))
    assert attempts(found) == ["fd00::1", "127.0.1.10", "fd00::2", "127.0.2.10"]


def test_ipv4_known_late_starts_at_once_where_its_turn_has_passed() -> None:
    assert attempts(raced(Found("AAAA", V6[:1]), Waited(1), Found("A", V4))) == ["fd00::1", "127.0.1.10"]


def test_a_refused_attempt_makes_the_next_one_begin_at_once() -> None:
    assert attempts(raced(Found("AAAA", V6), Found("A", V4), Broke("fd00::1"))) == ["fd00::1", "127.0.1.10"]
    held = raced(Found("AAAA", V6), Found("A", V4), Waited(1), Broke("127.0.1.10"))
    assert attempts(held) == ["fd00::1", "127.0.1.10"], "another attempt is under way"


def test_where_ipv6_leads_nowhere_who_races_is_late_by_one_attempt_and_who_does_not_waits_for_ever() -> None:
    """AAAA is answered, and nothing comes back: no event of the attempt at it ever does."""
    asked = (Found("AAAA", V6[:1]), Found("A", V4[:1]))
    assert attempts(raced(*asked)) == ["fd00::1"]
    racing = raced(*asked, Waited(1), Connected("127.0.1.10"))
    assert racing[0] == (Attempt("fd00::1"), Delay(1, 250 * NS_PER_MS))
    assert racing[-1] == (Won("127.0.1.10"),)
    assert attempts(raced(*asked, Waited(1), staggered=False)) == ["fd00::1"]
    assert attempts(raced(*asked, Broke("fd00::1"), staggered=False)) == ["fd00::1", "127.0.1.10"]


def test_the_first_connection_wins_and_the_rest_is_nothing() -> None:
    found = raced(
        Found("AAAA", V6), Found("A", V4), Waited(1), Connected("127.0.1.10"), Connected("fd00::1"), Waited(2)
    )
    assert found[3:] == [(Won("127.0.1.10"),), (), ()]


def test_a_race_without_any_address_or_connection_is_lost() -> None:
    assert raced(Found("AAAA", ()), Found("A", ()))[-1] == (Lost("no-address"),)
    assert raced(Found("AAAA", (), ok=False), Found("A", ()))[-1] == (Lost("dns"),)
    assert raced(Found("AAAA", ()), Found("A", V4[:1]), Broke(V4[0]))[-1] == (Lost("connect"),)


def test_without_a_race_both_answers_are_waited_for_and_silence_moves_nobody() -> None:
    found = raced(Found("AAAA", V6[:1]), Found("A", V4[:1]), Waited(1), Broke("fd00::1"), staggered=False)
    assert attempts(found) == ["fd00::1", "127.0.1.10"]
    assert found[0] == ()
    assert found[2] == ()
