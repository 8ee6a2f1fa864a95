"""The history on disk: lines that are a contract, halves of lines, and reading while somebody writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import WorldError
from harness.history import codec
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import (
    CanaryProbe,
    Commit,
    Completion,
    DnsAnswer,
    FaultEvent,
    HealthTransition,
    Invoke,
    Mark,
)
from harness.history.log import EventLog, Tail, pair
from harness.history.parties import PartyCall
from harness.outcome import Outcome

INVOKE = Invoke("u812", 7, "dns-0", "dns", "put", "u812", "u812", 10, 11)
DONE = Completion("u812", 7, "dns-0", "dns", "put", "u812", "u812", Outcome.OK, 20, "127.0.1.10", 200, None, "r", 2)
MARK = Mark("steady state", 5)


def test_the_lines_of_a_history_are_a_contract() -> None:
    lines = [
        (INVOKE, "invoke", {"p": 7, "cohort": "dns", "f": "put", "k": "u812", "v": "u812", "mono_ns": 11}),
        (DONE, "ok", {"p": 7, "cohort": "dns", "f": "put", "k": "u812", "region": "r", "epoch": 2, "mono_ns": 20}),
        (FaultEvent("start", "region-outage", "us-east-1", "black-hole", 1, 2, ("a->b:http",)), "fault",
         {"f": "start", "fault": "region-outage", "target": "us-east-1", "mode": "black-hole", "mono_ns": 1}),
        (DnsAnswer("witness", "dns-0", "app.example.com", ("127.0.1.10",), 6.0, 3), "dns", {"source": "witness"}),
        (HealthTransition("us-east-1", "unhealthy", 2, 16, 4), "health", {"source": "world", "status": "unhealthy"}),
        (CanaryProbe("canary->us-east-1:http", False, 5, 6, "timeout", "http"), "canary",
         {"ok": False, "kind": "http"}),
        (MARK, "mark", {"f": "steady state"}),
        (BusinessChange("shop", "orders", "orders/create", "e1", "17", 1, 5), "business",
         {"system": "shop", "topic": "orders/create", "k": "17", "v": 1, "source": "world"}),
        (BusinessTold("shop", "orders/create", "e1", "d1", 2, "http://app/webhooks", 6, 7, "us-east-1", 503, "503"),
         "told", {"delivery": "d1", "attempt": 2, "reached": "us-east-1", "status": 503}),
        (PartyCall("erp", "1001", "erp:1001", "7", 201, True, 8, 9, "us-east-1"), "party",
         {"system": "erp", "idempotency": "erp:1001", "status": 201, "stored": True, "repeated": False}),
        (Commit("us-east-1", "items", "k", None, 3, 7), "commit", {"seq": 3, "v": None}),
    ]  # fmt: skip
    for number, (event, tag, fields) in enumerate(lines):
        body = json.loads(codec.to_line(event, number))
        assert list(body)[:2] == ["i", "t"]
        assert body["i"] == number
        assert body["t"] == tag
        assert fields.items() <= body.items()
        assert codec.decode(body) == event


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_is_the_tag_of_its_line(outcome: Outcome) -> None:
    line = codec.to_line(Completion("u1", 0, "dns-0", "dns", "get", "u1", None, outcome, 5))
    assert json.loads(line)["t"] == outcome.value
    assert "outcome" not in json.loads(line)


def test_a_probe_of_an_older_history_is_of_the_kind_that_its_link_says() -> None:
    body = codec.encode(CanaryProbe("canary.outside->us-east-1:dynamodb", True, 5, 6, None, "dynamodb"))
    older = {name: value for name, value in body.items() if name != "kind"}
    assert codec.decode(older) == codec.decode(body)


def test_fields_of_newer_versions_are_ignored() -> None:
    assert codec.decode({**codec.encode(MARK), "colour": "blue"}) == MARK


def test_a_last_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    codec.write(path, [INVOKE, DONE])
    path.write_text(path.read_text() + '{"i":2,"t":"mark","f":"stea')
    assert list(codec.read(path)) == [INVOKE, DONE]


@pytest.mark.parametrize("line", ["not json", "[]", "{}", '{"t":"unheard-of"}', '{"t":"mark"}', "null", "3"])
def test_a_line_that_is_no_event_is_named_by_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(codec.to_line(MARK) + line + "\n")
    with pytest.raises(WorldError, match=r"history\.jsonl:2: not a history event"):
        list(codec.read(path))


def test_text_of_any_language_survives(tmp_path: Path) -> None:
    strange = Mark("heal", 1, text='Zürich ⟶ 東京 "quoted"\n\u2028 newline')
    codec.write(tmp_path / "h", [strange, MARK])
    assert list(codec.read(tmp_path / "h")) == [strange, MARK]


def test_a_tail_reads_across_a_line_that_arrives_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(path)
    assert tail.poll() == []  # not there yet
    whole = codec.to_line(Mark("Zürich", 5)).encode()
    with path.open("wb") as file:
        for place in range(len(whole)):  # byte by byte, through the middle of a character
            file.write(whole[place : place + 1])
            file.flush()
            assert tail.poll() == ([] if place + 1 < len(whole) else [Mark("Zürich", 5)])
        file.write(codec.to_line(MARK).encode() + whole[:9])
        file.flush()
        assert tail.poll() == [MARK]
        file.write(whole[9:])
    assert tail.poll() == [Mark("Zürich", 5)]
    assert tail.poll() == []


def test_a_tail_from_the_end_gives_only_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(INVOKE)
        tail = Tail(path, from_end=True)
        log.append(DONE, MARK)
        assert tail.poll() == [DONE, MARK]
    assert Tail(tmp_path / "absent", from_end=True).poll() == []


def test_an_event_log_appends_to_what_is_there(tmp_path: Path) -> None:
    for event in (INVOKE, DONE):
        with EventLog(tmp_path / "events.jsonl") as log:
            log.append(event)
    log.close()  # once more is allowed
    assert list(codec.read(tmp_path / "events.jsonl")) == [INVOKE, DONE]


def test_operations_are_paired_by_id_and_sorted_by_sending() -> None:
    late = Invoke("u1", 0, "dns-0", "dns", "get", "u812", None, 30, 31)
    operations = pair([MARK, DONE, late, INVOKE])
    assert [o.invoke.op for o in operations] == ["u812", "u1"]
    assert operations[0].completion is DONE
    assert operations[0].good
    assert operations[0].is_write
    assert operations[0].returned_ns == 20


def test_an_operation_that_never_returned_may_have_had_an_effect() -> None:
    (operation,) = pair([INVOKE])
    assert operation.outcome is Outcome.INFO
    assert not operation.good
    assert operation.returned_ns is None
