"""Which items a region deletes because their time is over, and how Lambda is told."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engines.moto.expiry import is_due
from harness.parts.data.event_sources.batch import Batch
from harness.parts.data.event_sources.messages import event_of, record_of

NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "late_s", "due"),
    [
        ({"N": "1799999999"}, 0, True),
        ({"N": "1800000001"}, 0, False),
        ({"N": "1799999999"}, 5, False),
        ({"N": "1799999990"}, 5, True),
        ({"N": "1.7999e9"}, 0, True),
        ({"S": "1799999999"}, 0, False),
        ({"N": "1500000000"}, 0, False),
        ({"N": "1e100"}, 0, False),
        (None, 0, False),
    ],
    ids=["over", "not yet", "over, and kept on", "kept on long enough", "as a fraction", "a text", "too long ago",
         "in the far future", "none"],
)  # fmt: skip
def test_an_item_is_deleted_some_time_after_its_time_is_over(value: Any, late_s: float, due: bool) -> None:
    assert is_due(value, NOW_S, late_s) is due


def test_a_handler_is_told_that_the_service_deleted_an_item() -> None:
    body = {
        "eventName": "REMOVE", "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
        "dynamodb": {"Keys": {"id": {"S": "a"}}, "SequenceNumber": "1"},
    }  # fmt: skip
    (told,) = event_of(Batch((record_of(body, 0, 0),)), "arn:stream")["Records"]
    assert told["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
