"""What became of a business: both ways, a story in which all is well and the same one with one thing wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Commit
from harness.measurement.business import Effects, effects_of, version_of
from harness.measurement.telling import Telling, telling

S = 1_000_000_000


def change(k: str, v: int, at_s: float, topic: str = "orders/updated") -> BusinessChange:
    return BusinessChange("shop", "orders", topic, f"e{k}-{v}", k, v, int(at_s * S))


def told(delivery: str, *, attempt: int = 1, error: str | None = None, forged: bool = False) -> BusinessTold:
    return BusinessTold(
        "shop", "orders/updated", "e", delivery, attempt, "http://app.example.com/webhooks", S, 2 * S,
        "us-east-1", 200 if error is None else 503, error, forged,
    )  # fmt: skip


def committed(*of: tuple[str, str, float]) -> Sequence[Commit]:
    return [Commit("us-east-1", "orders", k, v, n, int(at_s * S)) for n, (k, v, at_s) in enumerate(of)]


FORGED = replace(told("f1", error="answered 401", forged=True), status=401)
STORY = (change("1", 1, 1), change("1", 2, 5), change("2", 1, 6))
ALL_WELL = effects_of(
    STORY,
    [
        told("d1"),
        told("d2", error="503"),
        told("d2", attempt=2),
        replace(told("f1", error="401", forged=True), status=401),
    ],
    {"orders": {"1": "2", "2": "1"}},
    {"1/paid": "1", "2/paid": "1"},
    {"orders": committed(("1", "1", 2), ("1", "2", 6), ("2", "1", 6.5))},
)


def test_where_all_is_well_nothing_is_found() -> None:
    assert (
        Effects(
            changes=3,
            things=2,
            repeated={},
            counts=2,
            put_back=(),
            delays_ns=(S // 2, S, S),
            forged=1,
            messages=2,
            attempts=3,
        )
        == ALL_WELL
    )
    assert ALL_WELL.late_ns(1.0) == S


def test_a_change_is_lost_where_only_an_older_version_is_known() -> None:
    found = effects_of(STORY, [], {"orders": {"1": "1", "2": "1"}})
    (lost,) = found.lost
    assert (lost.thing, [one.v for one in lost.changes], lost.known) == (("orders", "1"), [2], 1)
    assert found.lost_changes == 1


def test_a_thing_that_nobody_knows_of_is_lost_with_all_its_changes() -> None:
    assert effects_of(STORY, [], {"orders": {"2": "1"}}).lost_changes == 2


def test_a_newer_version_makes_up_for_the_older_ones() -> None:
    assert effects_of(STORY, [], {"orders": {"1": "7", "2": "1"}}).lost == ()


def test_kinds_that_the_application_does_not_keep_are_none_of_its_business() -> None:
    assert effects_of(STORY, [], {"products": {}}).changes == 0


def test_what_was_done_twice_is_told_with_how_often() -> None:
    found = effects_of(STORY, [], {"orders": {}}, {"1/paid": "2", "2/paid": "1", "odd": "none"})
    assert found.repeated == {"1/paid": 2}


def test_what_a_change_asks_for_must_be_done_although_a_newer_one_makes_up_for_its_state() -> None:
    paid = BusinessChange("shop", "orders", "orders/paid", "e1", "1", 1, S, ("1/paid",))
    newer = change("1", 2, 2)
    assert effects_of([paid, newer], [], {"orders": {"1": "2"}}, {"1/paid": "1"}).undone == ()
    (found,) = effects_of([paid, newer], [], {"orders": {"1": "2"}}, {"2/paid": "1"}).undone
    assert found == ("1/paid", paid)


def test_an_older_version_that_replaced_a_newer_one_is_found_even_when_it_was_mended_later() -> None:
    log = committed(("1", "2", 2), ("1", "1", 3), ("1", "2", 4))
    (found,) = effects_of(STORY, [], {"orders": {"1": "2"}}, None, {"orders": log}).put_back or ()
    assert (found.thing, found.newer, found.older, found.at_ns) == (("orders", "1"), 2, 1, 3 * S)


def test_the_same_version_twice_puts_nothing_back() -> None:
    log = committed(("1", "2", 2), ("1", "2", 3))
    assert effects_of(STORY, [], {"orders": {"1": "2"}}, None, {"orders": log}).put_back == ()


def test_databases_are_looked_at_one_by_one() -> None:
    log = [Commit("us-east-1", "orders", "1", "2", 0, S), Commit("us-west-2", "orders", "1", "1", 0, 2 * S)]
    assert effects_of(STORY, [], {"orders": {"1": "2"}}, None, {"orders": log}).put_back == ()


def put_back(*commits: tuple[str, int | None, str]) -> tuple[tuple[str, int], ...]:
    """What of these (region, version, "write" or "undo") put an older version of one order back, and where."""
    log = [
        Commit(region, "orders", "1", None if v is None else str(v), seq, seq * S, what == "undo")
        for seq, (region, v, what) in enumerate(commits)
    ]
    found = effects_of(STORY, [], {"orders": {"1": "2"}}, None, {"orders": log}).put_back or ()
    return tuple((one.database, one.older) for one in found)


def test_a_write_that_a_database_undoes_never_was() -> None:
    east, west = "us-east-1", "us-west-2"
    begun = ((east, 1, "write"), (west, 1, "write"))
    assert put_back(*begun, (east, 2, "write"), (west, 2, "write"), (east, 1, "undo"), (east, 2, "write")) == ()
    assert put_back(*begun, (east, 2, "write"), (east, 1, "write")) == ((east, 1),)
    assert put_back(*begun, (east, 2, "write"), (east, 3, "write"), (east, 2, "undo"), (east, 1, "write")) == (
        (east, 1),
    )
    assert put_back((east, 3, "write"), (east, None, "undo"), (east, 1, "write")) == ()


def test_what_was_known_by_an_undone_write_alone_is_known_once_it_is_written_again() -> None:
    log = [
        Commit("us-east-1", "orders", "1", v, seq, (10 + seq) * S, undo)
        for seq, (v, undo) in enumerate((("1", False), ("2", False), ("1", True), ("2", False)))
    ]
    found = effects_of([change("1", 1, 1), change("1", 2, 2)], [], {"orders": {"1": "2"}}, None, {"orders": log})
    assert found.delays_ns == (9 * S, 11 * S)


def test_genuine_messages_that_were_refused_as_forged_are_told() -> None:
    refused = replace(told("d1", error="answered 401"), status=401)
    found = effects_of((), [refused, replace(refused, forged=True), told("d2")], {})
    assert (found.distrusted, found.attempts) == ((refused,), 2)


def test_a_forged_message_that_was_taken_is_told() -> None:
    assert [one.delivery for one in effects_of((), [told("f1", forged=True)], {}).forged_taken] == ["f1"]


def test_a_message_that_no_attempt_delivered_is_told() -> None:
    found = effects_of((), [told("d1", error="503"), told("d1", attempt=2, error="refused"), told("d2")], {})
    assert (found.messages, found.given_up) == (2, ("d1",))


def test_a_time_is_a_version_too() -> None:
    assert version_of("2026-11-29T07:00:00.000001Z") == version_of("2026-11-29T02:00:00.000001-05:00")
    assert version_of("1970-01-01T00:00:01Z") == 1_000_000
    assert version_of("soon") is None


def test_of_what_is_lost_it_is_told_whether_it_was_acknowledged_or_never_told_of() -> None:
    """The one had been taken and thrown away; the other nobody had subscribed to."""
    acknowledged = replace(told("d1"), event="e1-2")
    refused = replace(told("d2", error="503"), event="e2-1")
    found = effects_of((*STORY, change("3", 1, 7)), [acknowledged, refused], {"orders": {"1": "1"}})
    assert [one.delivery for one in found.acknowledged] == ["d1"]
    assert (found.lost_changes, found.untold) == (3, 1)


def test_who_was_told_of_what_happened_in_a_time() -> None:
    """A message that was not taken is one that was sent; what is told of later counts, and forged messages do not."""
    messages = [
        replace(told("d1"), event="e1-1"),
        replace(told("d2", error="503"), event="e1-2"),
        replace(told("d3", forged=True), event="e2-1"),
    ]
    assert telling(STORY, messages, 0, 10 * S) == Telling(3, (STORY[2],), (STORY[1],), 2 * S)
    assert telling(STORY, messages, 0, 2 * S) == Telling(1, last_ns=2 * S)
    assert telling(STORY, [], 7 * S, 9 * S) == Telling(0)


def test_a_forged_message_that_met_trouble_was_not_refused() -> None:
    """It may have been believed: the answer of who looks at signatures is 401."""
    busy = told("f1", error="answered 503", forged=True)
    refused = replace(busy, status=401)
    assert effects_of(STORY, [busy, refused], {}).forged_unclear == (busy,)
