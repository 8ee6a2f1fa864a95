"""What the reference's function makes of a batch of stream records, and what its heartbeats say."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from reference.replication_lambda.beat import beat_arguments, beat_of, gap, lag_bound_ms, report_arguments
from reference.replication_lambda.deployment import HANDLER, package
from reference.replication_lambda.events import MESSAGE_BYTES_MAX, answer, arrived, decoded, work_of
from reference.replicator.apply import Delete, Put, Route
from reference.replicator.record_text import decode
from reference.settings import load

ROUTE = Route("items", "id", "us-east-1", "us-west-2")
SETTINGS = load({"AWS_REGION": "us-east-1", "TIME_SCALE": "0.1"})


def record(number: int, key: str, name: str = "MODIFY", **image: Any) -> dict[str, Any]:
    keys = {"id": {"S": key}}
    change: dict[str, Any] = {"Keys": keys, "SequenceNumber": f"{number:021}"}
    if name != "REMOVE":
        change["NewImage"] = {**keys, **image}
    else:
        change["OldImage"] = {**keys, **image}
    return {"eventName": name, "eventID": str(number), "dynamodb": change}


def version(epoch: int, seq: int, origin: str = "us-east-1") -> dict[str, Any]:
    return {"epoch": {"N": str(epoch)}, "seq": {"N": str(seq)}, "origin": {"S": origin}}


def test_the_changes_of_an_item_stay_in_order_and_a_failure_is_told_from_its_first_one() -> None:
    work = work_of(
        [record(1, "a", **version(1, 1)), record(2, "b", **version(1, 1)), record(3, "a", **version(1, 2))], ROUTE
    )
    first, second = work.groups
    assert [first.number, second.number] == [f"{1:021}", f"{2:021}"]
    (entry,) = first.entries
    assert isinstance(entry, Put)
    assert entry.version == (1, 2, "us-east-1")
    assert answer([second.number, first.number]) == {"batchItemFailures": [{"itemIdentifier": first.number}]}
    assert answer([]) == {"batchItemFailures": []}


def test_what_came_from_the_other_region_does_not_go_back() -> None:
    assert work_of([record(1, "a", **version(1, 1, "us-west-2"))], ROUTE).groups == ()


def test_a_removal_is_carried_out_behind_what_was_put() -> None:
    work = work_of([record(1, "a", **version(1, 1)), record(2, "a", "REMOVE", **version(1, 1))], ROUTE)
    assert [type(entry) for entry in work.groups[0].entries] == [Put, Delete]


def test_binary_values_are_decoded_wherever_they_are() -> None:
    data = base64.b64encode(b"\x00\xff").decode()
    nested = {"M": {"list": {"L": [{"B": data}, {"BS": [data]}, {"N": "1"}]}}}
    change = decoded(record(1, "a", data={"B": data}, nested=nested))["dynamodb"]["NewImage"]
    assert change["data"] == {"B": b"\x00\xff"}
    assert change["nested"] == {"M": {"list": {"L": [{"B": b"\x00\xff"}, {"BS": [b"\x00\xff"]}, {"N": "1"}]}}}


@pytest.mark.parametrize(
    "bad",
    [
        record(1, "x", epoch={"S": "no number"}, seq={"N": "1"}),
        record(1, "x", data={"B": "not base64!"}),
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1"}},
        {"eventName": "TRUNCATE", "dynamodb": {"Keys": {"id": {"S": "x"}}, "SequenceNumber": "1"}},
        {
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"id": {"S": "x"}}, "NewImage": {"id": {}}, "SequenceNumber": "1"},
        },
    ],
)
def test_what_cannot_be_understood_is_given_up_and_takes_nothing_along(bad: dict[str, Any]) -> None:
    work = work_of([record(0, "a", **version(1, 1)), bad, record(2, "b", **version(1, 1))], ROUTE)
    assert len(work.groups) == 2
    (given_up,) = work.bad
    told = json.loads(given_up.message)
    assert decode(told["record"])["eventName"] == bad["eventName"]
    assert told["why"] == given_up.why


def test_what_is_given_up_keeps_its_binary_values() -> None:
    data = base64.b64encode(b"\x00\xff").decode()
    (given_up,) = work_of([record(1, "x", epoch={"S": "odd"}, seq={"N": "1"}, data={"B": data})], ROUTE).bad
    image = decode(json.loads(given_up.message)["record"])["dynamodb"]["NewImage"]
    assert image["data"] == {"B": b"\x00\xff"}


def test_a_record_that_is_too_large_for_a_message_is_named_by_its_key() -> None:
    large = record(1, "x", epoch={"S": "odd"}, seq={"N": "1"}, data={"S": "x" * 390_000})
    (given_up,) = work_of([large], ROUTE).bad
    assert len(given_up.message) < MESSAGE_BYTES_MAX
    assert json.loads(given_up.message)["keys"] == {"id": {"S": "x"}}


def beat_record(number: int, count: int, at_ms: int = 1_000, token: int = 0) -> dict[str, Any]:
    numbers = {"beat_count": count, "beat_ms": at_ms, "beat_token": token, "beat_parked": 0}
    image = {name: {"N": str(value)} for name, value in numbers.items()}
    return record(number, "replication-heartbeat.us-east-1", origin={"S": "us-east-1"}, **image)


def test_the_latest_heartbeat_of_a_batch_counts_and_goes_along_as_an_item() -> None:
    work = work_of([beat_record(1, 4), beat_record(2, 5, token=9), record(3, "a", **version(1, 1))], ROUTE)
    assert [(beat.count, beat.token) for _, beat in work.beats] == [(4, 0), (5, 9)]
    assert len(work.groups) == 2
    assert beat_of({"id": {"S": "replication-heartbeat.us-west-2"}}, "id", "us-east-1") is None


def test_a_heartbeat_has_arrived_when_nothing_before_it_has_failed() -> None:
    work = work_of([beat_record(1, 4), record(2, "a", **version(1, 1)), beat_record(3, 5)], ROUTE)
    assert [beat.count for _, beat in arrived(work, [])] == [4, 5]
    assert [beat.count for _, beat in arrived(work, [f"{2:021}"])] == [4]
    assert arrived(work, [f"{1:021}"]) == ()


def test_a_report_says_caught_up_only_of_a_young_beat() -> None:
    ((_, beat),) = work_of([beat_record(1, 5, at_ms=100_000)], ROUTE).beats
    bound = lag_bound_ms(SETTINGS)

    def caught_up(now_ms: int) -> bool:
        values = report_arguments(SETTINGS, beat, now_ms, "stream")["ExpressionAttributeValues"]
        return bool(values[":caught_up"]["BOOL"])

    assert caught_up(100_000 + bound)
    assert not caught_up(100_001 + bound)
    assert not caught_up(99_999 - bound)  # a clock that was set back proves nothing


def test_heartbeats_that_never_came_show_a_gap() -> None:
    reported = {"count": {"N": "4"}, "stream_arn": {"S": "stream"}}
    assert gap({}, 17, "stream") is None
    assert gap(reported, 5, "stream") is None
    assert gap(reported, 3, "stream") is None
    assert gap(reported, 9, "stream") == (5, 8)
    assert gap(reported, 9, "of a table that was made anew") is None


def test_a_beat_is_counted_by_the_table_itself() -> None:
    arguments = beat_arguments(SETTINGS, 1, 2, 3)
    assert arguments["Key"] == {"id": {"S": "replication-heartbeat.us-east-1"}}
    assert "ADD beat_count :one" in arguments["UpdateExpression"]


def test_the_package_has_the_handler() -> None:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(package())) as archive:
        names = archive.namelist()
    assert HANDLER.rpartition(".")[0].replace(".", "/") + ".py" in names
    assert "reference/__init__.py" in names
