"""People read words, also where the history has codes."""

from __future__ import annotations

import pytest

from harness.drill.observation import Observation
from harness.history import wording
from harness.history.events import Completion
from harness.measurement.answers import answers, in_words
from harness.outcome import Outcome
from harness.witness import outcomes


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (503, None, "HTTP 503"),
        (404, "absent", "HTTP 404"),
        (200, "garbage", "HTTP 200 with an answer that says nothing"),
        (None, "connect-timeout", "no connection in time"),
        (None, "no-address", "a DNS answer without an address"),
        (None, "what a later version says", "what a later version says"),
        (None, None, "no answer"),
    ],
)
def test_what_a_client_got(status: int | None, error: str | None, expected: str) -> None:
    assert wording.answer(status, error) == expected


def test_every_error_of_a_client_has_words() -> None:
    codes = (
        outcomes.REFUSED, outcomes.UNREACHABLE, outcomes.CONNECT_TIMEOUT, outcomes.DNS, outcomes.NO_ADDRESS,
        outcomes.RESET, outcomes.TIMEOUT, outcomes.GARBAGE,
    )  # fmt: skip
    assert all(wording.answer(None, code) != code for code in codes)


def test_reasons_have_the_words() -> None:
    seen = Observation({"us-east-1": "127.0.1.10"}, "us-east-1", "us-west-2")
    late = Completion(
        "u1", 0, "dns-0", "dns", "put", "u1", None, Outcome.FAIL, 5, "127.0.1.10", None, "connect-timeout"
    )
    seen.take([late])
    assert dict(seen._failed) == {"no connection in time for writes": 1}
    told = in_words(((wording.answer(None, "timeout"), "127.0.1.10", 2),), {"127.0.1.10": "us-east-1"})
    assert told == "no answer in time from us-east-1 2 times"
    assert answers([]) == ()


def test_an_answer_that_the_subject_file_does_not_fit_is_told_in_words() -> None:
    told = wording.got(201, "garbage", "put")
    assert told == "HTTP 201 for writes with an answer that the subject file does not fit: no id of the new item in it"
    assert wording.got(200, "garbage", "get").endswith("no value in it")
    assert wording.got(200, "garbage", "delete").endswith("nothing that tells what happened")
    assert wording.got(403, None, "put") == "HTTP 403 for writes"
    assert (wording.times(1), wording.times(2)) == ("once", "2 times")
