"""What a client knows of an operation, by how far it got: known answers of the pure machine."""

from __future__ import annotations

import pytest

from harness.history.events import Completion, Function
from harness.outcome import Outcome
from harness.witness.ledger import Planned
from harness.witness.operation import Answered, Complete, Connected, Deadline, Event, Failed, Operation, Resolved, step

EDGE = "127.0.1.10"
ONWARD: tuple[Event, ...] = (Resolved(EDGE), Connected(EDGE))


def play(*events: Event, f: Function = "put") -> tuple[Operation, list[Completion]]:
    """Feed events, one a nanosecond; what the history gets of it."""
    written = "u1" if f == "put" else None
    state = Operation(Planned("u1", 7, f, "k1", written), "dns-0", "dns")
    found: list[Completion] = []
    for now_ns, event in enumerate(events, start=1):
        state, effects = step(state, event, now_ns)
        found += [effect.completion for effect in effects if isinstance(effect, Complete)]
    return state, found


@pytest.mark.parametrize(
    ("before", "outcome", "error", "address"),
    [
        ((), Outcome.FAIL, "dns", None),
        ((Resolved(EDGE),), Outcome.FAIL, "connect-timeout", EDGE),
        (ONWARD, Outcome.INFO, "timeout", EDGE),
        ((Connected(EDGE),), Outcome.INFO, "timeout", EDGE),  # a pooled connection: nobody asked DNS
    ],
)
def test_a_time_out_is_certain_only_while_nothing_was_sent(
    before: tuple[Event, ...], outcome: Outcome, error: str, address: str | None
) -> None:
    state, (completion,) = play(*before, Deadline())
    assert (completion.outcome, completion.error, completion.address) == (outcome, error, address)
    assert completion.status is None
    assert completion.mono_ns == len(before) + 1
    assert state.stage == "settled"


@pytest.mark.parametrize(
    ("before", "error", "outcome"),
    [
        ((), "dns", Outcome.FAIL),
        ((Resolved(EDGE),), "refused", Outcome.FAIL),
        (ONWARD, "reset", Outcome.INFO),
        (ONWARD, "garbage", Outcome.INFO),
    ],
)
def test_a_failure_says_whether_the_write_can_have_happened(
    before: tuple[Event, ...], error: str, outcome: Outcome
) -> None:
    _, (completion,) = play(*before, Failed(error))
    assert (completion.outcome, completion.error) == (outcome, error)


def test_an_acknowledged_write_carries_what_the_answer_claims() -> None:
    headers = {"x-region": "us-east-1", "x-epoch": "3"}
    _, (completion,) = play(*ONWARD, Answered(200, headers, b"{}"))
    assert (completion.outcome, completion.status, completion.address) == (Outcome.OK, 200, EDGE)
    assert (completion.region, completion.epoch) == ("us-east-1", 3)
    assert (completion.op, completion.p, completion.client, completion.cohort) == ("u1", 7, "dns-0", "dns")


def test_a_read_brings_its_value_and_a_body_that_is_no_answer_is_garbage() -> None:
    _, (read,) = play(*ONWARD, Answered(200, {}, b'{"value": "u9"}'), f="get")
    assert (read.outcome, read.v) == (Outcome.OK, "u9")
    _, (broken,) = play(*ONWARD, Answered(200, {}, b"<html>"), f="get")
    assert (broken.outcome, broken.error, broken.status) == (Outcome.INFO, "garbage", 200)


def test_an_answer_after_the_deadline_comes_to_nobody() -> None:
    state, completions = play(*ONWARD, Deadline(), Answered(200), Failed("reset"), Deadline())
    assert [completion.error for completion in completions] == ["timeout"]
    assert state.stage == "settled"
