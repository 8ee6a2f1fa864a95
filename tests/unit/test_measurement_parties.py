"""What third parties were told, against what they were due: all is well, and the same with one thing wrong."""

from __future__ import annotations

from harness.history.parties import PartyCall
from harness.measurement.models import FaultInterval
from harness.measurement.parties import Due, Overtaken, held, overtaken, stormed

S = 1_000_000_000


def call(key: str, at_s: float, *, v: str = "", stored: bool = True, status: int | None = 201, again: bool = False,
         idempotency: str | None = None) -> PartyCall:  # fmt: skip
    at_ns = round(at_s * S)
    name = f"erp:{key}" if idempotency is None else idempotency
    return PartyCall("erp", key, name, v, status, stored, at_ns, at_ns, "us-east-1", again)


def due(key: str, at_s: float, v: str | None = None, sent_s: float | None = None) -> Due:
    return Due(key, round(at_s * S), v, None if sent_s is None else round(sent_s * S))


def test_what_it_holds_once_is_well_and_repeats_do_no_harm() -> None:
    found = held([due("1", 1), due("2", 2)], [call("1", 1.5), call("1", 2, stored=False, status=200, again=True),
                 call("2", 9)])  # fmt: skip
    assert (found.missing, found.doubled, found.repeats, found.lied) == ((), {}, 1, 0)
    assert (found.late_ns(0.5), found.late_ns(1.0)) == (S // 2, 7 * S)


def test_what_never_reached_it_is_missing_and_what_was_answered_201_and_not_kept_was_a_lie() -> None:
    found = held([due("1", 1), due("2", 2)], [call("1", 1.5, stored=False), call("2", 3)])
    assert ([one.key for one in found.missing], found.lied) == (["1"], 1)


def test_what_is_stored_too_late_does_not_count() -> None:
    assert held([due("1", 1)], [call("1", 5)], until_ns=4 * S).missing
    assert not held([due("1", 1)], [call("1", 5)], until_ns=6 * S).missing


def test_an_order_that_it_holds_twice_is_found_whatever_its_version() -> None:
    found = held([due("1", 1)], [call("1", 1, v="1"), call("1", 2, v="2")])
    assert found.doubled == {"1": 2}


def test_of_what_clients_write_each_value_counts_by_itself() -> None:
    wanted = [due("k", 1, "a", 0.9), due("k", 2, "b", 1.9), due("k", 3, "c", 2.9)]
    found = held(wanted, [call("k", 1, v="a"), call("k", 2, v="b"), call("k", 3, v="b"), call("later", 9, v="x")])
    assert ([one.v for one in found.missing], found.doubled) == (["c"], {"k": 2})


def test_an_older_version_after_a_newer_one_was_told_out_of_order() -> None:
    calls = [call("1", 1, v="2"), call("1", 2, v="1"), call("1", 3, v="3"), call("2", 4, v="1")]
    assert overtaken(calls) == (Overtaken("1", "1", "2", 2 * S),)
    assert overtaken([call("1", 1, v="2"), call("1", 2, v="1", stored=False)]) == ()
    assert overtaken([call("1", 1, v="b"), call("1", 2, v="a")]) == ()  # nobody knows which of them is older


def test_writes_of_clients_are_in_order_where_one_was_answered_before_the_other_was_sent() -> None:
    one_after_the_other = [due("k", 1, "a", 0.9), due("k", 3, "b", 2.9)]
    at_once = [due("k", 3, "a", 2), due("k", 3.5, "b", 2.5)]
    calls = [call("k", 4, v="b"), call("k", 5, v="a")]
    assert [one.older for one in overtaken(calls, one_after_the_other)] == ["a"]
    assert overtaken(calls, at_once) == ()


def test_attempts_while_it_was_in_trouble_are_counted_by_what_they_were_about() -> None:
    trouble = [FaultInterval(10 * S, 10 * S, 20 * S, 20 * S)]
    calls = [call("1", at_s, stored=False, status=503) for at_s in (5, 11, 12, 13, 25)] + [call("2", 14)]
    found = stormed(calls, [due("3", 15), due("4", 16), due("5", 30)], trouble, 40 * S)
    assert (found.calls, found.things, found.worst, found.seconds) == (4, 4, ("1", 3), 10.0)
    assert found.attempts == 1.0
    fresh = [call("1", 11 + n / 10, idempotency=f"n{n}", stored=False) for n in range(5)]
    assert stormed(fresh, [], trouble, 40 * S).attempts == 5.0  # as something new each time: no excuse
