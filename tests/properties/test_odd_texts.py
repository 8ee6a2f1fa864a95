"""No text can cost the evidence: whatever people and programs say, every file is written, holds it, and reads back."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tempfile
import warnings
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console
from test_reporting_sample import drill, history, run

from harness.drill.evidence import DrillResult
from harness.history import codec
from harness.history.events import CanaryProbe, Completion, Event, Mark
from harness.history.log import EventLog, Tail
from harness.outcome import Outcome
from harness.reporting import filing, run_json_reader, summary
from harness.storable_text import json_text, storable, write_json

ODD = st.text(
    st.characters() | st.sampled_from("\ud83d\udcff\ud800\x00\x0b\x1b\x7f\x85\u2028\ufffe<&>\"'|`*_$\n\r\t"), max_size=8
)
"""Anything: halves of characters, control characters, what HTML, XML, Markdown and terminals take for theirs."""
HALVES = "half \ud83d, a file name \udcff, a pair \ud83d\ude00, \x00\x1b[2J\u2028</script>]]>"
KEPT = {
    "name", "history", "history_sha256", "logs", "kind", "mode", "episode", "verdict", "target", "missing_ids", "typed",
    "severity", "failback", "code",
}  # fmt: skip
"""What is the harness's own word, or a path that it has chosen."""


def joined(text: str) -> str:
    """Two halves that meet make one character for every reader of JSON."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def marred(value: Any, odd: str) -> Any:
    """The same evidence with odd text at the end of every text that is somebody's."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return value + odd
    if isinstance(value, tuple):
        return tuple(marred(one, odd) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return replace(value, **{name: marred(one, odd) for name, one in fields.items() if name not in KEPT})
    return value


@given(ODD)
@example(HALVES)
def test_json_gives_back_what_it_was_given(text: str) -> None:
    body = {"text": text, text: [text]}
    document = json_text(body).encode("utf-8")
    assert json.loads(document) == {joined(name) if name == text else name: value for name, value in (
        ("text", joined(text)), (text, [joined(text)]))}  # fmt: skip


@given(ODD)
@example(HALVES)
def test_plain_text_can_always_be_written_and_says_the_same_where_it_can(text: str) -> None:
    shown = storable(text)
    shown.encode("utf-8")
    assert storable(shown) == shown
    if not any("\ud800" <= one <= "\udfff" for one in text):
        assert shown == text


@settings(deadline=None, max_examples=50)
@given(ODD, ODD)
@example(HALVES, HALVES)
def test_a_history_holds_what_was_answered(value: str, other: str) -> None:
    events = [
        Completion("op", 0, "c", "dns", "get", value, other, Outcome.OK, 5, region=value, error=other),
        CanaryProbe("l", False, 1, 2, value),
        Mark("start", 3, other),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        with EventLog(path) as log:
            log.append(*events)
        tailed, read = Tail(path).poll(), list(codec.read(path))
    assert tailed == read
    assert [(one.k, one.v, one.region, one.error) for one in read if isinstance(one, Completion)] == [
        tuple(map(joined, (value, other, value, other)))
    ]


def told(event: Event, odd: str) -> Event:
    """An event in which programs said odd things of themselves: which region they are, what went wrong."""
    said = {name: getattr(event, name) + odd for name in ("region", "error") if getattr(event, name, None)}
    return replace(event, **said)


def filed(folder: Path, odd: str) -> DrillResult:
    """A run's whole folder, as it is filed at the end of a drill and of the run; the drill as it was measured."""
    sample: DrillResult = replace(marred(drill(), odd), failback=None)
    path = folder / sample.history
    path.parent.mkdir(parents=True)
    codec.write(path, [*(told(event, odd) for event in history()), Mark("note", history()[-1].mono_ns, odd)])
    write_json(path.parent / "case.json", dataclasses.asdict(sample.objectives) | {"text": odd})
    for log in sample.logs:
        (folder / log).parent.mkdir(parents=True, exist_ok=True)
        (folder / log).write_bytes(b"\xff\xfe\x00" + odd.encode("utf-8", "surrogatepass") + b"\n")
    sample = replace(sample, history_sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    typed = {"subject": f"my-{odd}/subject.yaml"}
    result = replace(run(sample), subject=f"mine{odd}", machine={"cpu": odd}, versions={"python": odd}, typed=typed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what a strict project makes of a glyph that a font lacks
        filing.file_drill(sample, folder)
    filing.file_run(result, folder)
    for encoding in ("ascii", "utf-8"):
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
        Console(file=file, width=100).print(summary.render(result, folder / "report.html"))
        file.flush()
    return sample


@settings(deadline=None, max_examples=8)
@given(ODD)
@example(HALVES)
@example("日本語 العربية $\\frac$")
def test_every_file_of_a_run_is_written_and_can_be_read(odd: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample = filed(folder, odd)
        read = run_json_reader.load(folder / "run.json").drills[0]
        assert read.reasons == tuple(map(joined, sample.reasons))
        assert read.scenario == joined(sample.scenario)
        suite = ElementTree.parse(folder / "junit.xml").getroot()
        assert len(list(suite.iter("testcase"))) == 1
        ElementTree.parse(folder / sample.name / "timeline.svg")
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert "A region is lost" in page
        assert "</script>]]>" not in page
