"""What an intermediary says of its own looks: lines of JSON in a file, taken for what they are, the subject's words.

    {"place": "nyc3", "healthy": false, "agree": 2, "of": 3, "mono_ns": 123}

They explain where a recovery's time went, and judge nothing. Nothing else can be said in that file: it is the subject
that writes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from harness.clock import monotonic_ns
from harness.history.events import HealthTransition
from harness.kit.strict_json import strict_json
from harness.regular_files import open_bytes
from harness.units import NS_PER_S

KIND = "intermediary"
_EVERY_S = 0.1
_OLDEST_NS = 10 * NS_PER_S
_READ_BYTES = 64 * 1024
_MANY = 1_000


def heard(line: bytes, places: Collection[str], now_ns: int) -> HealthTransition | None:
    """What a line says; None for one that says nothing here. A moment that cannot be is now."""
    try:
        said = strict_json(line)
        place, healthy, agree, of = said["place"], said["healthy"], said["agree"], said["of"]
        mono_ns = said["mono_ns"]
    except (ValueError, KeyError, TypeError):
        return None
    numbers = (agree, of, mono_ns)
    if place not in places or not isinstance(healthy, bool) or not all(type(number) is int for number in numbers):
        return None
    if not (0 <= agree <= of <= _MANY):
        return None
    seen_ns = mono_ns if now_ns - _OLDEST_NS <= mono_ns <= now_ns else now_ns
    return HealthTransition(place, "healthy" if healthy else "unhealthy", agree, of, seen_ns, "subject", KIND)


async def hear(path: Path, places: Collection[str], record: Callable[[HealthTransition], None]) -> None:
    """Follow the file until cancelled. One that is not there yet says nothing."""
    offset, rest = 0, b""
    while True:
        await asyncio.sleep(_EVERY_S)
        data = _read(path, offset)
        offset += len(data)
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-_READ_BYTES:]
        for line in lines:
            said = heard(line, places, monotonic_ns())
            if said is not None:
                record(said)


def _read(path: Path, offset: int) -> bytes:
    try:
        with open_bytes(path) as file:
            file.seek(offset)
            return bytes(file.read(_READ_BYTES))
    except OSError:
        return b""
