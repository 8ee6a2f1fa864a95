"""DigitalOcean's API as an intermediary uses it: one request, one time-out, no hidden retries.

What came of a change is told as it is: whoever was answered nothing does not know whether it was made.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from reference.intermediary.settings import API_TIMEOUT_S, IntermediarySettings
from reference.intermediary.state import ARecord, Called, DropRecord, ReadRecord, WriteRecord

_BODY_BYTES_MAX = 1 << 20
_PER_PAGE = 200


class Provider:
    """The records of one domain. Each call has a connection of its own."""

    def __init__(self, settings: IntermediarySettings) -> None:
        self._settings = settings
        self._path = f"/v2/domains/{quote(settings.domain)}/records"

    def carry_out(self, effect: ReadRecord | WriteRecord | DropRecord) -> Called:
        """Do what the machine wants, and tell what came of it."""
        settings = self._settings
        match effect:
            case ReadRecord():
                whole = settings.domain if settings.record == "@" else f"{settings.record}.{settings.domain}"
                query = urlencode({"name": whole, "type": "A", "per_page": _PER_PAGE})
                return self._call("GET", f"{self._path}?{query}", None, None)
            case WriteRecord(id=None, address=address, send_by_ns=send_by_ns):
                body = {"type": "A", "name": settings.record, "data": address, "ttl": settings.ttl_s}
                return self._call("POST", self._path, body, send_by_ns)
            case WriteRecord(id=number, address=address, send_by_ns=send_by_ns):
                body = {"type": "A", "name": settings.record, "data": address, "ttl": settings.ttl_s}
                return self._call("PUT", f"{self._path}/{number}", body, send_by_ns)
            case DropRecord(id=number, send_by_ns=send_by_ns):
                return self._call("DELETE", f"{self._path}/{number}", None, send_by_ns)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None, send_by_ns: int | None) -> Called:
        host, port, secure = self._settings.api
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, port, timeout=API_TIMEOUT_S)
        headers = {"Authorization": f"Bearer {self._settings.token}", "Content-Type": "application/json"}
        # The library's time-out is for each read; a drip of bytes must not hold this call for longer either.
        alarm = threading.Timer(API_TIMEOUT_S, _cut, (connection,))
        alarm.daemon = True
        sent = False
        try:
            connection.connect()
            alarm.start()
            if send_by_ns is not None and time.monotonic_ns() >= send_by_ns:
                return Called("not-sent", detail="the leadership ran out before the call was sent")
            sent = True
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            data = response.read(_BODY_BYTES_MAX)
            return _outcome(response.status, response.getheader("retry-after"), data)
        except (OSError, http.client.HTTPException) as error:
            return Called("unknown" if sent else "error", detail=f"{method}: {type(error).__name__}: {error}")
        finally:
            alarm.cancel()
            connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _outcome(status: int, retry_after: str | None, data: bytes) -> Called:
    text = data.decode(errors="replace")[:200]
    if status == 429:
        return Called("throttled", after_s=_seconds(retry_after), detail=text)
    if status == 404:
        return Called("missing", detail=text)
    if status >= 500:
        return Called("unknown", detail=f"{status} {text}")  # a gateway may say so of what was carried out
    if status >= 300:
        return Called("refused", detail=f"{status} {text}")
    try:
        body = json.loads(data) if data else {}
        found = body.get("domain_records", [])
        records = tuple(ARecord(int(r["id"]), str(r["data"]), int(r["ttl"])) for r in found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Called("unknown", detail=f"{status}, and no JSON of this API: {text}")
    return Called("done", records)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdigit() else None
