"""Time zones by name, and the one that this machine's cron and systemd go by."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

LOCAL = Path("/etc/localtime")
"""Also the name of the zone that it describes, where that has none."""


@lru_cache(maxsize=32)
def zone_named(name: str) -> tzinfo:
    """A zone of the IANA's, or this machine's. Raises ValueError that says what is wanted."""
    if name in ("UTC", "Etc/UTC"):
        return UTC
    try:
        if name == str(LOCAL):
            with LOCAL.open("rb") as file:
                return ZoneInfo.from_file(file)
        return ZoneInfo(name)
    except (OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{name!r:.60} is no time zone that this machine knows, such as Europe/Berlin") from error
    except KeyError:
        raise ValueError(f"{name!r:.60} is no time zone that this machine knows, such as Europe/Berlin") from None


def local_zone() -> str:
    """The name of this machine's zone. TZ is somebody's own and does not count: cron and systemd do not see it."""
    try:
        found = os.readlink(LOCAL)
    except OSError:
        return str(LOCAL) if LOCAL.is_file() else "UTC"
    name = found.partition("zoneinfo/")[2]
    try:
        zone_named(name)
    except ValueError:
        return str(LOCAL)
    return "UTC" if name == "Etc/UTC" else name
