"""What is whole in a region's database, and what is not: transactions of items and of statements, and batches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_api._internal.models import moto_api_backend
from test_commit_log_writes import Bench, item, put, scan_all

from harness.engines.moto import patches as moto_patches
from harness.engines.moto.writes import WritePath

Statement = dict[str, Any]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    patches, writes = moto_patches.Patches(), WritePath()
    assert moto_patches.apply(patches)
    writes.install(patches)
    try:
        bench = Bench(tmp_path / "commits.jsonl", writes)
        yield bench
        bench.log.close()
    finally:
        patches.undo()
        moto_api_backend.reset()


def insert(key: str, value: str = "new") -> Statement:
    return {"Statement": f"INSERT INTO \"items\" value {{'id': '{key}', 'value': '{value}'}}"}


def update(key: str, value: str = "new") -> Statement:
    return {"Statement": f"UPDATE \"items\" SET \"value\" = '{value}' WHERE id = '{key}'"}


def delete(key: str) -> Statement:
    return {"Statement": f"DELETE FROM \"items\" WHERE id = '{key}'"}


def select(key: str) -> Statement:
    return {"Statement": f"SELECT * FROM \"items\" WHERE id = '{key}'"}


UNREADABLE = {"Statement": "NONSENSE"}
NO_TABLE = {"Statement": "INSERT INTO \"nowhere\" value {'id': 'x'}"}
NO_KEY = {"Statement": "INSERT INTO \"items\" value {'name': 'x'}"}
FAILING = {
    "an item that is there": (insert("b"), "TransactionCanceledException", "DuplicateItem"),
    "an item that is not there": (update("nobody"), "TransactionCanceledException", "ConditionalCheckFailed"),
    "no statement": (UNREADABLE, "ValidationException", "ValidationError"),
    "no such table": (NO_TABLE, "ResourceNotFoundException", "ResourceNotFound"),
    "no key": (NO_KEY, "ValidationException", "ValidationError"),
}


def filled(bench: Bench) -> list[tuple[str, str | None]]:
    for key in ("a", "b"):
        bench.put(key, "old")
    return bench.commits


def values(bench: Bench) -> dict[str, str]:
    return {entry["id"]["S"]: entry["value"]["S"] for entry in scan_all(bench)}


def code_of(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("why", FAILING)
def test_a_transaction_of_statements_that_fails_leaves_no_trace(bench: Bench, why: str, place: int) -> None:
    before = filled(bench)
    iterator = bench.iterator()
    failing, code, reason = FAILING[why]
    statements = [insert("c"), update("a"), insert("d")]
    statements.insert(place, failing)
    with pytest.raises(ClientError) as raised:
        bench.db.execute_transaction(TransactStatements=statements)
    assert code_of(raised) == code
    if code == "TransactionCanceledException":
        reasons = [told["Code"] for told in raised.value.response["CancellationReasons"]]
        assert reasons == [reason if number == place else "None" for number in range(4)]
    assert values(bench) == {"a": "old", "b": "old"}
    assert bench.commits == before
    assert len(bench.records(iterator)) == len(before), "nor does its stream tell of it"
    bench.db.execute_transaction(TransactStatements=[insert("c"), update("a"), delete("b")])
    assert values(bench) == {"a": "new", "c": "new"}
    assert bench.commits == [*before, ("c", "new"), ("a", "new"), ("b", None)]


@pytest.mark.parametrize("second", [update("a", "second"), delete("a")])
def test_a_transaction_of_statements_writes_an_item_once(bench: Bench, second: Statement) -> None:
    before = filled(bench)
    with pytest.raises(ClientError, match="multiple operations on one item"):
        bench.db.execute_transaction(TransactStatements=[update("a"), insert("c"), second])
    assert values(bench) == {"a": "old", "b": "old"}
    assert bench.commits == before


def test_each_read_of_a_transaction_has_its_own_answer(bench: Bench) -> None:
    filled(bench)
    found = bench.db.execute_transaction(TransactStatements=[select("a"), select("nobody"), select("b")])["Responses"]
    assert [answer.get("Item") for answer in found] == [item("a", "old"), None, item("b", "old")]


def test_an_insert_never_replaces_an_item(bench: Bench) -> None:
    before = filled(bench)
    with pytest.raises(ClientError) as raised:
        bench.db.execute_statement(**insert("a"))
    assert code_of(raised) == "DuplicateItemException"
    with pytest.raises(ClientError) as raised:
        bench.db.execute_statement(**update("nobody"))
    assert code_of(raised) == "ConditionalCheckFailedException"
    bench.db.execute_statement(**delete("nobody"))  # is no error
    assert bench.commits == before


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("why", FAILING)
def test_a_batch_of_statements_fails_statement_by_statement(bench: Bench, why: str, place: int) -> None:
    before = filled(bench)
    failing, _, reason = FAILING[why]
    statements = [insert("c"), update("a")]
    statements.insert(place, failing)
    answers = bench.db.batch_execute_statement(Statements=statements)["Responses"]
    assert [answer.get("Error", {}).get("Code") for answer in answers] == [
        reason if number == place else None for number in range(3)
    ]
    assert values(bench) == {"a": "new", "b": "old", "c": "new"}
    assert bench.commits == [*before, ("c", "new"), ("a", "new")]


def test_a_batch_of_reads_needs_keys_and_answers_in_order(bench: Bench) -> None:
    filled(bench)
    keyless = {"Statement": 'SELECT * FROM "items"'}
    statements = [select("b"), keyless, select("nobody"), select("a")]
    answers = bench.db.batch_execute_statement(Statements=statements)["Responses"]
    assert [answer.get("Item") for answer in answers] == [item("b", "old"), None, None, item("a", "old")]
    assert [answer.get("Error", {}).get("Code") for answer in answers] == [None, "ValidationError", None, None]


def put_request(key: str, value: str = "new") -> dict[str, Any]:
    return {"PutRequest": {"Item": item(key, value)}}


def delete_request(key: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": {"id": {"S": key}}}}


REFUSED = {
    "an item without a key": [{"PutRequest": {"Item": {"name": {"S": "x"}}}}],
    "a key of another type": [{"PutRequest": {"Item": {"id": {"N": "1"}}}}],
    "an empty key": [put_request("")],
    "an item that is too large": [put_request("c", "x" * 500_000)],
    "a removal without a key": [{"DeleteRequest": {"Key": {"name": {"S": "x"}}}}],
    "an item twice": [put_request("c"), put_request("c", "other")],
    "an item put and removed": [put_request("c"), delete_request("c")],
    "an item removed twice": [delete_request("b"), delete_request("b")],
    "too many": [put_request(f"k{number}") for number in range(25)],
}


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.parametrize("first", [True, False])
def test_a_batch_that_is_refused_writes_nothing(bench: Bench, why: str, first: bool) -> None:
    before = filled(bench)
    iterator = bench.iterator()
    good = [put_request("a"), delete_request("b")]
    requests = REFUSED[why] + good if first else good + REFUSED[why]
    with pytest.raises(ClientError) as raised:
        bench.db.batch_write_item(RequestItems={"items": requests})
    assert code_of(raised) == "ValidationException"
    assert values(bench) == {"a": "old", "b": "old"}
    assert bench.commits == before
    assert len(bench.records(iterator)) == len(before)
    bench.db.batch_write_item(RequestItems={"items": good})
    assert values(bench) == {"a": "new"}
    assert bench.commits == [*before, ("a", "new"), ("b", None)]
    assert len(bench.records(iterator)) == len(before) + 2


def test_the_largest_batch_is_written(bench: Bench) -> None:
    bench.create("other")
    requests = [put_request(f"k{number}") for number in range(24)]
    bench.db.batch_write_item(RequestItems={"items": requests, "other": [put_request("k0")]})
    assert len(values(bench)) == 24
    assert len(bench.commits) == 24


def pairs_seen(bench: Bench, read: Any, write: Any) -> set[tuple[Any, Any]]:
    """What a reader sees of two items that a writer always writes together, for a few hundred writes."""
    write("0")
    seen: set[tuple[Any, Any]] = set()
    over = threading.Event()

    def read_on() -> None:
        while not over.is_set():
            seen.add(read())

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 150):
            write(str(number))
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert len(seen) > 2, "the readers saw too little to tell anything"
    return seen


@pytest.mark.parametrize("how", ["items", "statements"])
def test_a_transaction_of_reads_never_sees_half_of_a_transaction(bench: Bench, how: str) -> None:
    get = [{"Get": {"TableName": "items", "Key": {"id": {"S": key}}}} for key in ("a", "b")]

    def read() -> tuple[Any, Any]:
        if how == "items":
            answers = bench.db.transact_get_items(TransactItems=get)["Responses"]
        else:
            answers = bench.db.execute_transaction(TransactStatements=[select("a"), select("b")])["Responses"]
        first, second = (answer["Item"]["value"]["S"] for answer in answers)
        return first, second

    def write(value: str) -> None:
        if how == "items" or value == "0":
            bench.db.transact_write_items(TransactItems=[put("a", value), put("b", value)])
        else:
            bench.db.execute_transaction(TransactStatements=[update("a", value), update("b", value)])

    assert {first == second for first, second in pairs_seen(bench, read, write)} == {True}


def test_nobody_sees_what_a_refused_batch_tried(bench: Bench) -> None:
    wrong = {"PutRequest": {"Item": {"name": {"S": "x"}}}}

    def write(value: str) -> None:
        bench.put("a", value)
        with pytest.raises(ClientError):
            bench.db.batch_write_item(RequestItems={"items": [put_request("a", "never"), put_request("c"), wrong]})

    def read() -> tuple[Any, Any]:
        return bench.get("a")["value"]["S"], bench.get("c")

    seen = pairs_seen(bench, read, write)
    assert "never" not in {value for value, _ in seen}
    assert {other for _, other in seen} == {None}
