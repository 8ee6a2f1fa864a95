"""Histories as Elle reads them: one transaction a request, one thing at a time for each process, registers alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measurement_timeline import timeline
from simulated_backend import Story, run_drill
from typer.testing import CliRunner

from harness.cli.main import app
from harness.history.codec import write
from harness.history.elle import exported, lines
from harness.history.events import Event
from harness.history.gathering import columns_of

TEXT = """
    w1: dns-0 put k 1.0..1.1 ok   A
    r1: dns-1 get k 1.2..1.3 ok   A =w1
    r2: dns-1 get m 1.4..1.5 ok   A =-
    w2: dns-0 put k 2.0..2.5 info A
    w3: dns-0 put l 2.1..2.2 fail A
    w4: dns-0 put l 3.0..
"""


def rows(text: str) -> list[dict[str, Any]]:
    return [dict(row) for row in exported(timeline(text)).rows]


def test_a_request_is_a_transaction_and_its_outcome_is_told() -> None:
    told = [(row["type"], row["value"]) for row in rows(TEXT)]
    assert told[:4] == [
        ("invoke", [["w", "k", "w1"]]), ("ok", [["w", "k", "w1"]]), ("invoke", [["r", "k", None]]),
        ("ok", [["r", "k", "w1"]]),
    ]  # fmt: skip
    assert ("ok", [["r", "m", None]]) in told, "nothing was there"
    assert ("fail", [["w", "l", "w3"]]) in told
    assert ("info", [["w", "k", "w2"]]) in told
    assert [kind for kind, value in told if value == [["w", "l", "w4"]]] == ["invoke"], "it never ended"
    assert [row["index"] for row in rows(TEXT)] == list(range(len(told)))


def test_a_group_is_one_transaction_of_two_writes() -> None:
    text = "g1: dns-0 put a 1.0..1.1 ok A %g1\ng2: dns-0 put b 1.0..1.1 ok A %g1\n"
    assert [row["value"] for row in rows(text)] == [[["w", "a", "g1"], ["w", "b", "g2"]]] * 2


def test_keys_that_are_no_registers_are_left_out_and_counted() -> None:
    found = exported(timeline(TEXT + "d1: dns-0 delete l 4.0..4.1 ok A\na1: dns-0 add c 4.2..4.3 ok A\n"))
    assert not [row for row in found.rows if row["value"][0][1] in ("l", "c")]
    assert (found.kept, found.left_out, found.keys_left_out) == (4, 4, 2)


def test_a_process_does_one_thing_at_a_time_and_nothing_after_an_unknown_outcome() -> None:
    by_op = {row["value"][0][2]: row["process"] for row in rows(TEXT) if row["value"][0][0] == "w"}
    assert by_op["w1"] == by_op["w2"]
    assert by_op["w3"] != by_op["w2"], "that one is under way still"
    assert by_op["w4"] == by_op["w3"], "and never known"


ENDINGS = st.sampled_from(["ok", "fail", "info", ""])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50), st.integers(1, 20), ENDINGS), max_size=40))
def test_whatever_clients_did_every_process_keeps_that_rule(deeds: list[tuple[int, int, int, str]]) -> None:
    text = ""
    for number, (client, sent, took, outcome) in enumerate(deeds):
        ended = f"{sent + took}.0 {outcome} A" if outcome else ""
        text += f"w{number}: dns-{client} put k{number} {sent}.0..{ended}\n"
    busy: dict[int, bool] = {}
    last = -1
    for row in rows(text):
        assert row["time"] >= last
        last, process = row["time"], row["process"]
        if row["type"] == "invoke":
            assert not busy.get(process, False)
            busy[process] = True
        else:
            assert busy[process]
            busy[process] = row["type"] == "info"


def test_edn_and_json_say_the_same() -> None:
    found = exported(timeline(TEXT)).rows
    edn = "".join(lines(found, "elle-edn"))
    first = edn.splitlines()[0]
    assert first == (
        '{:index 0, :type :invoke, :process 0, :time 1000000000, :f :txn, :value [[:w "k" "w1"]]}'
    )  # fmt: skip
    assert '[[:r "m" nil]]' in edn
    assert json.loads("".join(lines(found, "elle-json"))) == list(found)
    assert json.loads("".join(lines([], "elle-json"))) == []


def test_columns_export_as_operations_do() -> None:
    given_rows = exported(timeline(TEXT)).rows
    assert exported(columns_of(timeline(TEXT))).rows == given_rows


@pytest.mark.parametrize("form", ["elle-edn", "elle-json"])
def test_the_command_writes_a_file_for_each_drill(tmp_path: Path, form: str) -> None:
    from test_reporting_sample import drill, run

    from harness.reporting import run_json

    operations = timeline(TEXT)
    events: list[Event] = [o.invoke for o in operations] + [
        o.completion for o in operations if o.completion is not None
    ]
    folder = tmp_path / "a-run"
    one = drill()
    (folder / one.history).parent.mkdir(parents=True)
    write(folder / one.history, sorted(events, key=lambda event: event.mono_ns))
    run_json.write(run(one), folder / "run.json")
    done = CliRunner().invoke(app, ["history", "export", "--form", form, str(folder)])
    assert done.exit_code == 0, done.output
    suffix = form.replace("-", ".")
    assert f"history.{suffix}: 6 operations of {one.name}" in done.output
    assert (folder / one.history).with_name(f"history.{suffix}").read_text().count("txn") == 11
    elsewhere = CliRunner().invoke(
        app, ["history", "export", "--form", form, str(folder), "--output", str(tmp_path / "out")]
    )
    assert elsewhere.exit_code == 0, elsewhere.output
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_simulated_drill_exports_whole(tmp_path: Path) -> None:
    from harness.history.codec import read
    from harness.history.log import pair

    def scenario(drill: Any) -> None:
        drill.open()
        drill.reach_steady_state("us-east-1")
        drill.inject("region-outage", region="the primary region", mode="black-hole")
        drill.require_recovery("us-west-2")

    run_drill(tmp_path / "drill", scenario, Story(groups=True))
    found = exported(pair(read(tmp_path / "drill" / "history.jsonl")))
    assert found.kept > 300
    assert any(len(row["value"]) == 2 for row in found.rows)
