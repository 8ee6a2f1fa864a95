"""How fast the API takes effect, and how much of it may be asked: GetChange, throttling, requests that overlap.

A change is PENDING from its answer on, and INSYNC once it has had the time to reach all name servers. Whoever calls
more often than the account may is refused, `Throttling`; a change of a zone while another one of it is being carried
out, `PriorRequestNotComplete`. The harness's own callers are neither counted nor refused.

Sources: API Reference, GetChange (generally within 60 seconds); Developer Guide, quotas (five requests a second).
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.kit.config import Strict, parsed
from harness.parts.steering.route53.api import Refused

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_OURS = re.compile(r"Credential=(?:data-plane|drill)/")
_TOLD = re.compile(rb"(<ChangeInfo>\s*<Id>([^<]*)</Id>\s*<Status>)INSYNC(</Status>)")
INSYNC_S, CALLS_PER_S = 60, 5
"""On AWS."""
_KEPT = 10_000


class PaceBody(Strict):
    """The body of `POST /drill/pace`. insync_s: until a change is INSYNC. calls_per_s: of an account; null: any."""

    insync_s: float = Field(default=0, ge=0)
    calls_per_s: int | None = Field(default=None, ge=1)


class Pacing:
    """What is known of changes and of callers. Usable from several threads."""

    def __init__(self) -> None:
        self._pace = PaceBody()
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()
        self._busy: set[str] = set()
        self._made: dict[bytes, float] = {}

    def set(self, body: Any) -> tuple[int, Mapping[str, Any]]:
        """The route of `POST /drill/pace`."""
        self._pace = parsed(PaceBody, body, "pace")
        return 200, self._pace.model_dump()

    def let_in(self, environ: WSGIEnvironment) -> None:
        """Count one call. Raises Refused when there are too many."""
        limit = self._pace.calls_per_s
        if limit is None or _is_ours(environ):
            return
        with self._lock:
            now = time.monotonic()
            while self._calls and now - self._calls[0] >= 1.0:
                self._calls.popleft()
            if len(self._calls) >= limit:
                raise Refused("400 Bad Request", "Throttling", "Rate exceeded")
            self._calls.append(now)

    @contextmanager
    def alone(self, environ: WSGIEnvironment, zone: str) -> Iterator[None]:
        """One change of a zone at a time. Raises Refused while there is another."""
        if self._pace.calls_per_s is None or _is_ours(environ):
            yield
            return
        with self._lock:
            if zone in self._busy:
                text = "The request was rejected because Route 53 was still processing a prior request."
                raise Refused("400 Bad Request", "PriorRequestNotComplete", text)
            self._busy.add(zone)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(zone)

    def answered(
        self, app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """moto's answer, with the status that a change has: of one that was just made, or is asked about."""
        asked = environ["REQUEST_METHOD"] == "GET"
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            told.append((status, list(headers)))
            return lambda _: None

        content = app(environ, note)
        try:
            body = b"".join(content)
        finally:
            close = getattr(content, "close", None)
            if close is not None:
                close()
        status, headers = told[-1]
        found = _TOLD.search(body) if status.startswith("2") else None
        if found is not None and (self._is_pending(found[2]) if asked else self._begun(found[2])):
            body = body[: found.start()] + found[1] + b"PENDING" + found[3] + body[found.end() :]
            headers = [h for h in headers if h[0].lower() != "content-length"] + [("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    def _begun(self, change_id: bytes) -> bool:
        with self._lock:
            self._made[_bare(change_id)] = time.monotonic()
            if len(self._made) > _KEPT:
                self._made.pop(next(iter(self._made)))
        return True

    def _is_pending(self, change_id: bytes) -> bool:
        made = self._made.get(_bare(change_id))
        return made is not None and time.monotonic() < made + self._pace.insync_s


def _is_ours(environ: WSGIEnvironment) -> bool:
    """Who signs nothing is a canary of ours."""
    signed = str(environ.get("HTTP_AUTHORIZATION", ""))
    return not signed or _OURS.search(signed) is not None


def _bare(change_id: bytes) -> bytes:
    return change_id.rsplit(b"/", 1)[-1]
