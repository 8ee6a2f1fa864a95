"""An event source mapping on a simulated clock: what a function is given, when, and what becomes of what it refuses."""

from __future__ import annotations

import pytest
from event_source_rig import Rig, S, Stream, mapping, numbers

from harness.parts.data.event_sources import model
from harness.parts.data.event_sources.batch import (
    Batch,
    Failed,
    FailedFrom,
    NotInvoked,
    Outcome,
    Record,
    Succeeded,
    outcome_of,
)

QUEUE = "arn:aws:sqs:us-east-1:123456789012:given-up"


def refuses(*keys: str) -> object:
    """A function that fails whenever one of these is in the batch."""

    def function(batch: Batch) -> Outcome:
        bad = [record.key for record in batch.records if record.key in keys]
        return Failed(f"cannot do {bad[0]}") if bad else Succeeded()

    return function


def test_records_come_in_batches_of_at_most_the_size_that_was_set() -> None:
    stream = Stream()
    for number in range(25):
        stream.write(f"k{number}")
    rig = Rig(mapping(batch_size=10), stream)
    rig.run(5)
    assert rig.sizes() == [10, 10, 5]
    assert rig.given() == [f"k{number}" for number in range(25)]
    assert model.result(rig.state) == "OK"


def test_a_batch_is_no_larger_than_an_invocation_takes() -> None:
    stream = Stream()
    for number in range(3):
        stream.write(f"k{number}", size=4 * 1024 * 1024)
    rig = Rig(mapping(), stream)
    rig.run(5)
    assert rig.sizes() == [1, 1, 1]


def test_a_window_gathers_until_it_is_over_or_the_batch_is_full() -> None:
    stream = Stream()
    rig = Rig(mapping(batch_size=3, window_ns=2 * S), stream)
    stream.write("a")
    rig.run(1)
    assert rig.called == []
    stream.write("b")
    rig.run(2)
    assert rig.sizes() == [2]
    for key in "cde":
        stream.write(key)
    rig.run(1)
    assert rig.sizes() == [2, 3]


def test_latest_skips_what_is_there_and_misses_nothing_that_comes() -> None:
    stream = Stream()
    stream.write("before")
    rig = Rig(mapping(starting="LATEST"), stream)
    rig.run(1)
    stream.write("after")
    rig.run(1)
    assert rig.given() == ["after"]


def test_a_failing_batch_is_retried_whole_and_holds_up_what_is_behind_it() -> None:
    stream = Stream()
    for key in "abc":
        stream.write(key)
    rig = Rig(mapping(batch_size=2), stream, refuses("b"))
    rig.run(30)
    assert set(rig.sizes()) == {2}
    assert "c" not in rig.given()
    assert rig.state.problem == "PROBLEM: cannot do b"
    rig.function = lambda _: Succeeded()
    rig.run(30)
    assert rig.given()[-3:] == ["a", "b", "c"]
    assert model.result(rig.state) == "OK"


def test_retries_that_are_used_up_end_at_the_destination_and_the_rest_goes_on() -> None:
    stream = Stream()
    written = [stream.write(key) for key in "abcd"]
    rig = Rig(mapping(batch_size=2, retries_max=2, destination=QUEUE), stream, refuses("b"))
    rig.run(60)
    assert rig.sizes() == [2, 2, 2, 2]
    (told,) = rig.given_up
    assert told.condition == "RetryAttemptsExhausted"
    assert told.batch.invokes == 3
    assert numbers(told.batch.records) == numbers(written[:2])
    assert rig.state.held == 0
    assert rig.state.done == 2
    assert rig.state.delivered == 2


def test_cutting_batches_in_two_leaves_only_the_bad_record_behind() -> None:
    stream = Stream()
    for number in range(8):
        stream.write(f"k{number}")
    rig = Rig(mapping(batch_size=8, retries_max=1, bisect=True, destination=QUEUE), stream, refuses("k5"))
    rig.run(60)
    assert [record.key for told in rig.given_up for record in told.batch.records] == ["k5"]
    assert rig.state.done == 7


def test_partial_answers_go_on_from_the_lowest_number_that_is_named() -> None:
    stream = Stream()
    written = [stream.write(key) for key in "abcd"]
    given: list[list[str]] = []

    def function(batch: Batch) -> Outcome:
        given.append([record.key for record in batch.records])
        if len(given) == 1:
            failures = [{"itemIdentifier": written[2].number}, {"itemIdentifier": written[1].number}]
            return outcome_of({"batchItemFailures": failures}, batch, partial=True)
        return Succeeded()

    rig = Rig(mapping(partial=True), stream, function)
    rig.run(10)
    assert given == [["a", "b", "c", "d"], ["b", "c", "d"]]
    assert rig.state.done == 4


def test_records_that_grow_too_old_are_given_up_and_younger_ones_are_not() -> None:
    stream = Stream()
    stream.write("old", at_ns=0)
    rig = Rig(mapping(age_max_ns=60 * S, destination=QUEUE), stream, refuses("old"))
    rig.run(50)
    stream.write("young", at_ns=50 * S)
    rig.run(30)
    (told,) = rig.given_up
    assert told.condition == "RecordAgeExceeded"
    assert told.batch.records[0].key == "old"
    assert rig.given()[-1] == "young"


def test_without_a_destination_what_is_given_up_is_told_as_lost() -> None:
    stream = Stream()
    stream.write("bad")
    rig = Rig(mapping(retries_max=0), stream, refuses("bad"))
    rig.run(10)
    assert rig.state.lost == 1
    assert [told.text for told in rig.told if told.what == "lost records"] == [
        "1 record given up, and nobody told: RetryAttemptsExhausted: cannot do bad"
    ]


def test_a_destination_that_does_not_answer_holds_the_lane_until_it_does() -> None:
    stream = Stream()
    stream.write("bad")
    stream.write("good")
    rig = Rig(mapping(batch_size=1, retries_max=0, destination=QUEUE), stream, refuses("bad"))
    rig.queue_works = False
    rig.run(30)
    assert rig.given_up == []
    assert "good" not in rig.given()
    rig.queue_works = True
    rig.run(30)
    assert len(rig.given_up) == 1
    assert rig.given()[-1] == "good"


def test_calls_that_were_not_made_use_up_no_retry() -> None:
    stream = Stream()
    stream.write("a")
    rig = Rig(mapping(retries_max=0, destination=QUEUE), stream, lambda _: NotInvoked("too many calls under way"))
    rig.run(30)
    assert rig.given_up == []
    rig.function = lambda _: Succeeded()
    rig.run(15)
    assert rig.state.done == 1


def test_lanes_work_side_by_side_and_keep_the_order_of_each_item() -> None:
    stream = Stream()
    for turn in range(5):
        for key in ("a", "b", "c", "d", "e", "f"):
            stream.write(key, at_ns=turn)
    rig = Rig(mapping(batch_size=1, lanes=4), stream)
    rig.takes_s = 1.0
    rig.run(60)
    for key in "abcdef":
        mine = [record.order for _, batch in rig.called for record in batch.records if record.key == key]
        assert mine == sorted(mine)
        assert len(mine) == 5
    starts = [at_ns for at_ns, _ in rig.called]
    assert max(starts) - min(starts) < 29 * S  # one after the other would be 30 s


def test_one_stuck_lane_leaves_the_others_alone() -> None:
    stream = Stream()
    for number in range(40):
        stream.write(f"k{number}")
    rig = Rig(mapping(batch_size=10, lanes=10), stream, refuses("k0"))
    rig.run(60)
    assert rig.state.done >= 30


def test_children_of_a_shard_are_read_when_all_of_it_is_done_with() -> None:
    stream = Stream()
    first = stream.write("x")
    rig = Rig(mapping(), stream, refuses("x"))
    rig.run(1)
    stream.split("a", "b", "c")
    later = [stream.write("x", "b"), stream.write("y", "c")]
    rig.run(30)
    assert set(rig.given()) == {"x"}
    assert all(numbers(batch.records) == [first.number] for _, batch in rig.called)
    rig.function = lambda _: Succeeded()
    rig.run(30)
    assert [number for _, batch in rig.called[-2:] for number in numbers(batch.records)] == numbers(later)


def test_an_iterator_that_has_expired_is_opened_again_where_it_was() -> None:
    stream = Stream()
    stream.write("a")
    rig = Rig(mapping(batch_size=1), stream, lambda _: NotInvoked("busy"))
    rig.iterators_last_s = 5
    for key in "bcd":
        stream.write(key)
    rig.run(60)
    rig.function = lambda _: Succeeded()
    rig.run(60)
    assert [key for key in rig.given() if key != "a"] == ["b", "c", "d"]
    assert rig.state.gaps == 0


def test_records_trimmed_before_they_were_read_are_a_gap_that_is_told() -> None:
    stream = Stream()
    stream.write("a")
    rig = Rig(mapping(batch_size=1), stream, lambda _: NotInvoked("busy"))
    rig.run(5)
    for key in "bcdefg":
        stream.write(key)
    rig.run(5)
    stream.trim("a", 6)
    rig.function = lambda _: Succeeded()
    rig.run(60)
    assert rig.state.gaps == 1
    (told,) = [told for told in rig.told if told.what == "gap in the stream"]
    assert "copy the table" in told.text
    assert rig.given()[-1] == "g"


def test_a_mapping_that_is_switched_off_rests_and_goes_on_where_it_was() -> None:
    stream = Stream()
    stream.write("a")
    rig = Rig(mapping(), stream)
    rig.run(5)
    from harness.parts.data.event_sources import events as ev

    rig.happened(ev.Changed(mapping(enabled=False)))
    stream.write("b")
    rig.run(60)
    assert rig.given() == ["a"]
    rig.happened(ev.Changed(mapping()))
    rig.run(5)
    assert rig.given() == ["a", "b"]


def test_what_succeeded_may_come_again_behind_what_came_next() -> None:
    stream = Stream()
    stream.write("a")
    stream.write("b")
    rig = Rig(mapping(batch_size=1, repeats=0.5), stream)
    lucks = iter([0.1, 0.9, 0.9])
    rig.luck = lambda: next(lucks)
    rig.run(10)
    assert rig.given() == ["a", "b", "a"]
    assert rig.state.done == 2
    assert rig.state.repeated == 1


def test_the_iterator_age_is_that_of_the_last_record_when_the_function_ended() -> None:
    stream = Stream()
    stream.write("a", at_ns=0)
    rig = Rig(mapping(), stream)
    rig.takes_s = 3.0
    rig.run(10)
    assert rig.state.age_ns is not None
    assert 3 * S <= rig.state.age_ns < 4 * S


RECORDS = (Record("001", "a"), Record("002", "b"))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (None, Succeeded()),
        ({}, Succeeded()),
        ({"batchItemFailures": []}, Succeeded()),
        ({"batchItemFailures": None}, Succeeded()),
        ({"statusCode": 503}, Succeeded()),
        ({"batchItemFailures": [{"itemIdentifier": "002"}]}, FailedFrom("002")),
        ({"batchItemFailures": [{"itemIdentifier": "002"}, {"itemIdentifier": "001"}]}, FailedFrom("001")),
    ],
)
def test_what_an_answer_says_of_a_batch(answer: object, outcome: Outcome) -> None:
    assert outcome_of(answer, Batch(RECORDS), partial=True) == outcome


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"wrong": "001"}]},
        {"batchItemFailures": [{"itemIdentifier": "999"}]},
        {"batchItemFailures": ["001"]},
        {"batchItemFailures": "001"},
        [1, 2],
        "fine",
        7,
    ],
)
def test_nonsense_means_that_all_of_the_batch_failed(answer: object) -> None:
    assert isinstance(outcome_of(answer, Batch(RECORDS), partial=True), Failed)
    assert outcome_of(answer, Batch(RECORDS), partial=False) == Succeeded()
