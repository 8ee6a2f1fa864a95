"""Whatever an event holds, its line gives it back; and a file may be cut anywhere between two reads."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.history import codec
from harness.history.events import Commit, Event
from harness.history.log import Tail

KINDS = (*get_args(Event), Commit)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
st.register_type_strategy(str, texts)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
events = st.one_of(*(st.from_type(kind) for kind in KINDS))


@given(events, st.none() | st.integers(min_value=0))
def test_every_kind_of_event_survives_its_own_line(event: Event | Commit, index: int | None) -> None:
    line = codec.to_line(event, index)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert codec.decode(json.loads(line)) == event


@settings(deadline=None, max_examples=60)
@given(st.lists(events, max_size=6), st.data())
def test_a_history_cut_anywhere_gives_its_whole_lines(history: list[Event | Commit], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.jsonl")
        codec.write(path, history)
        assert list(codec.read(path)) == history
        whole = path.read_text(encoding="utf-8")
        cut = data.draw(st.integers(0, len(whole)))
        path.write_text(whole[:cut], encoding="utf-8")
        assert list(codec.read(path)) == history[: whole[:cut].count("\n")]


@settings(deadline=None, max_examples=60)
@given(st.lists(events, max_size=6), st.lists(st.integers(1, 200), max_size=12))
def test_a_tail_gives_every_event_once_however_it_was_written(history: list[Event | Commit], cuts: list[int]) -> None:
    whole = "".join(codec.to_line(event) for event in history).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.jsonl")
        tail, seen, place = Tail(path), [], 0
        for size in [*cuts, len(whole) + 1]:
            with path.open("ab") as file:
                file.write(whole[place : place + size])
            place += size
            seen.extend(tail.poll())
        assert seen == history
