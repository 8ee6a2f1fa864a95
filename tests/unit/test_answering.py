"""A server that takes connections and answers nothing: found out beside whatever else goes on, and told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import EAST, ROOT, WEST

from harness.errors import HealError, WorldError
from harness.live.leftovers import guard, journal, undoing
from harness.live.leftovers.guard import Guard
from harness.live.leftovers.journal import Leftover
from harness.parts.regions.endpoint import part as endpoint
from harness.parts.regions.endpoint.spec import Endpoint as Spec
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.wire.ask import NoAnswer
from harness.world import borrowed_region
from harness.world.answering import Answering
from harness.world.part import Blueprint


def eventually(true: Callable[[], Any]) -> Any:
    for _ in range(500):
        if found := true():
            return found
        threading.Event().wait(0.01)
    raise AssertionError("never")


def test_a_server_is_silent_when_one_question_had_no_answer_in_its_time() -> None:
    asked: list[float] = []
    silent = False

    def ask(timeout_s: float) -> None:
        asked.append(timeout_s)
        if silent:
            raise NoAnswer("timed out")

    answering = Answering(ask, 3.0)
    assert answering.silent() is None
    eventually(lambda: len(asked) == 1)
    silent = True
    assert eventually(answering.silent) == "timed out"
    assert asked[-1] == 3.0
    assert answering.found == "timed out"


def test_nobody_waits_for_a_question_and_one_is_put_at_a_time() -> None:
    goes_on, asked = threading.Event(), []
    answering = Answering(lambda _: (asked.append(1), goes_on.wait(5)))
    for _ in range(10):
        assert answering.silent() is None
    assert asked == [1]
    goes_on.set()


@pytest.fixture
def hung() -> Iterator[tuple[str, int]]:
    """A server that hangs: the kernel takes connections for it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()


def test_a_region_whose_server_hangs_is_gone_and_its_tables_stay_in_the_journal(
    hung: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = load_environment(ROOT / "environments" / "embedded.yaml")
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment)
    url = f"http://127.0.0.1:{hung[1]}"
    spec = Spec(endpoints={EAST: url, WEST: url}, create_tables=True)
    region = endpoint.Endpoint(Blueprint(environment, subject, Timing(Profile.FAST)), spec, EAST)
    region._answering = Answering(region._ask, 0.1)
    monkeypatch.setattr(borrowed_region, "not_dynamodb", lambda *_: None)
    monkeypatch.setattr(endpoint.Endpoint, "_there", lambda _: frozenset())
    ends: list[Callable[[], object]] = []
    ground: Any = SimpleNamespace(on_close=ends.append, outlives=lambda *_: None)
    region.start(ground)
    told = eventually(region.gone)
    assert f"127.0.0.1:{hung[1]}, which was not started here, takes connections, and answers nothing: timed out" in told
    with pytest.raises(WorldError, match=r"so its tables were left; `drill heal` tidies up once it answers"):
        ends[-1]()


def test_what_cannot_be_undone_holds_nobody_up_and_stays_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path))
    left = Leftover.ours("tables", "region_servers", "no-such-kind", {})
    with pytest.raises(WorldError, match="hangs"), Guard(left, tries_s=0.2):
        raise WorldError("it hangs")
    (path,) = journal.files()
    with journal.owned(path) as mine:
        assert mine, "its watchdog has ended"
    assert guard.TRIES_S < 60


def test_one_undo_that_fails_in_a_way_of_its_own_keeps_no_other_from_being_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path))
    undone: list[str] = []

    def take_away(handle: dict[str, str]) -> list[str]:
        if handle["is"] == "spoilt":
            raise json.JSONDecodeError("no JSON", "", 0)
        undone.append(handle["is"])
        return [f"{handle['is']} is undone"]

    monkeypatch.setattr(undoing, "load", lambda *_: SimpleNamespace(take_away=take_away))
    monkeypatch.setattr(undoing.world_folder, "take_away_abandoned", list)
    for name in ("first", "spoilt", "last"):
        journal.write(Leftover(name, "platform", "external", {"is": name}, 4_194_303, 1.0))
    done, failed = undoing.undo_abandoned()
    assert sorted(undone) == ["first", "last"]
    assert len(done) == 2
    (sentence,) = failed
    assert "spoilt of a harness that is gone (process 4194303) could not be undone" in sentence
    assert "JSONDecodeError" in sentence
    assert [(journal.read(path) or left_none()).what for path in journal.files()] == ["spoilt"]
    with pytest.raises(HealError, match="JSONDecodeError"):
        undoing.undo(Leftover("spoilt", "platform", "external", {"is": "spoilt"}, 1, 1.0))


def left_none() -> Leftover:
    raise AssertionError("it is gone")
