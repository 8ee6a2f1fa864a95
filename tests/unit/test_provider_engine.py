"""What all providers are served by: names that are watched and frozen, tables of calls, and where a process listens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from harness.engines.dns.answering import AnswerChanged, Answering
from harness.engines.provider.routing import Routes
from harness.engines.provider.telling import call_told
from harness.engines.provider.values import Called
from harness.errors import WorldError
from harness.world.process import listening

APP, EAST, WEST = "app.example.com", "192.0.2.1", "192.0.2.2"


@dataclass(frozen=True)
class State(Answering[str]):
    """A machine whose answers are what it says now."""

    calls: int = 0


def test_a_frozen_name_is_answered_as_when_it_was_frozen_first() -> None:
    state = State(now="east").freezing("APP.example.com.")
    state = replace(state, now="west").freezing(APP)
    assert (state.basis(APP), state.basis("other.example.com")) == ("east", "west")
    assert state.thawed().basis(APP) == "west"


def test_only_what_is_new_of_a_watched_name_is_told_with_what_was_before() -> None:
    state, told = State(now="").seeing({APP: ((EAST,), 6), "none.example.com": ((), 0)})
    assert told == (AnswerChanged(APP, (EAST,), 6),)
    assert state.seeing({APP: ((EAST,), 6)})[1] == ()
    assert state.seeing({APP: ((WEST,), 6)}, "somebody")[1] == (AnswerChanged(APP, (WEST,), 6, "somebody", (EAST,)),)
    assert state.generation == 0
    assert state.moved().generation == 1


def test_fixed_words_of_a_path_win_over_what_is_filled_in() -> None:
    routes = Routes(
        (("GET", "/things/{}", "one"), ("DELETE", "/things/{}", "gone"), ("GET", "/things/all", "all")), "/v2"
    )
    found = routes.find("/v2/things/7/")
    assert found is not None
    assert (found.handlers["GET"], found.ids, found.allow) == ("one", ("7",), {"Allow": "DELETE, GET"})
    named = routes.find("/v2/things/all")
    assert named is not None
    assert dict(named.handlers) == {"GET": "all"}
    assert routes.find("/things/7") is None
    assert routes.find("/v2/things/7/8") is None


def test_a_call_without_an_answer_is_neither_good_nor_bad() -> None:
    assert (call_told(Called("PUT", "/x", 0), 7).text, call_told(Called("PUT", "/x", 0), 7).good) == (
        "never answered",
        None,
    )
    assert [call_told(Called("GET", "/x", status), 7).good for status in (200, 404)] == [True, False]


def test_where_a_process_listens_is_told_flat_and_nowhere_before_it_is_started() -> None:
    told: dict[str, Any] = {"admin": ["127.0.0.1", 1], "links": {"a": ["127.0.0.1", 2]}}
    process = SimpleNamespace(ready=lambda timeout_s: told)
    assert listening("relay", process) == {"admin": ("127.0.0.1", 1), "a": ("127.0.0.1", 2)}  # type: ignore[arg-type]
    with pytest.raises(WorldError, match="relay is not started"):
        listening("relay", None)
