"""What a storefront says of itself in its region's CloudWatch: the metric Serving, 1 while the edge may send traffic.

For places that no health checker reaches from outside: an alarm on the metric, and a health check on the alarm. Whoever
says nothing is not well there, so nothing is said later than it is true: a call that fails is not tried again, and the
next one says what holds by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reference.dynamo import CallFailed, Client
from reference.log import say
from reference.settings import SERVING_INTERVAL_S, Settings

METRIC = "Serving"


class Serving:
    """Tells it for ever. serves: whether the edge may send traffic here."""

    def __init__(self, settings: Settings, serves: Callable[[], bool]) -> None:
        self._settings = settings
        self._serves = serves
        self._client = Client(settings.region, service="cloudwatch", timeout_s=settings.call_timeout_s, connections=1)
        self._thread = ThreadPoolExecutor(1, "serving")
        self._heard = True

    async def tell_for_ever(self) -> None:
        """Say it, and again every interval."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._settings.scaled_s(SERVING_INTERVAL_S)
            await self._tell(loop)
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        data = [{"MetricName": METRIC, "Value": 1.0 if self._serves() else 0.0, "Unit": "None"}]
        namespace = self._settings.serving_metric
        try:
            await loop.run_in_executor(
                self._thread, lambda: self._client.call("put_metric_data", Namespace=namespace, MetricData=data)
            )
        except CallFailed as failure:
            if self._heard:
                say("CloudWatch takes no metric", level="warning", region=self._settings.region, why=str(failure))
            self._heard = False
        else:
            self._heard = True

    def close(self) -> None:
        """Give up the thread and the connection."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._client.close()
