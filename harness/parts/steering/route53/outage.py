"""The control plane when it is lost: every call of the API is left without an answer, or answered 503.

What follows the API (the data plane) loses it like everybody else, and goes on with what it has read.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Mapping
from typing import Any

from harness.engines.provider.bodies import OutageBody
from harness.engines.provider.values import ApiLoss
from harness.kit.config import parsed
from harness.parts.steering.route53.api import Refused

UNAVAILABLE = "ServiceUnavailable"
_HELD_S = 3.0
"""How long a call is held before its connection is dropped: longer than the time-outs of those who watch."""
_HELD_MAX = 12
"""Calls that are held at the same time; each occupies a thread of the server, and the rest must go on."""


class Outage:
    """Whether the API is lost, and how. Usable from several threads."""

    def __init__(self) -> None:
        self._mode: ApiLoss | None = None
        self._over = threading.Event()
        self._seats = threading.BoundedSemaphore(_HELD_MAX)

    def set(self, body: Any) -> tuple[int, Mapping[str, Any]]:
        """The route of `POST /drill/outage`."""
        mode = parsed(OutageBody, body, "outage").mode
        self._over.set()
        self._over = threading.Event()
        self._mode = mode
        return 200, {"mode": mode}

    def strike(self) -> None:
        """Called by each request of the API. Raises Refused, or OSError for one that gets no answer."""
        mode, over = self._mode, self._over
        if mode is None:
            return
        if mode == "failing":
            raise Refused("503 Service Unavailable", UNAVAILABLE, "The request has failed due to a temporary failure.")
        if self._seats.acquire(blocking=False):
            try:
                over.wait(_HELD_S)
            finally:
                self._seats.release()
        raise ConnectionResetError(errno.ECONNRESET, "the control plane is lost")
