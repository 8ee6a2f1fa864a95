"""What a storefront says of itself in CloudWatch: what holds at that moment, and no call that fails ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from reference import settings
from reference.dynamo import CallFailed
from reference.storefront import serving


class CloudWatch:
    """In the place of a client: the second call fails, and the fourth one is the last."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.enough = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def call(self, operation: str, **arguments: Any) -> None:
        self.told.append((operation, arguments["Namespace"], arguments["MetricData"][0]))
        if len(self.told) == 4:
            self._loop.call_soon_threadsafe(self.enough.set)
        if len(self.told) == 2:
            raise CallFailed(operation, "us-east-1", "Unavailable", "", transient=True)

    def close(self) -> None:
        """Nothing is open."""


def test_it_says_what_holds_at_each_moment_and_a_call_that_fails_is_left_at_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: Iterator[bool] = iter((True, False, True, False))

    async def tell() -> list[Any]:
        cloudwatch = CloudWatch()
        monkeypatch.setattr(serving, "Client", lambda *_, **__: cloudwatch)
        told = serving.Serving(
            settings.load({"SERVING_METRIC": "Reference", "TIME_SCALE": "0.001"}), lambda: next(answers, False)
        )
        task = asyncio.create_task(told.tell_for_ever())
        async with asyncio.timeout(20):
            await cloudwatch.enough.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        told.close()
        return cloudwatch.told[:4]

    found = asyncio.run(tell())
    assert {(operation, namespace, data["MetricName"]) for operation, namespace, data in found} == {
        ("put_metric_data", "Reference", "Serving")
    }
    assert [data["Value"] for *_, data in found] == [1.0, 0.0, 1.0, 0.0]


def test_who_names_no_namespace_says_nothing() -> None:
    assert settings.load({}).serving_metric == ""
