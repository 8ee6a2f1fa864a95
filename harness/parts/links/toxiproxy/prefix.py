"""How proxies of ours are named on a Toxiproxy server that others use as well: `drill-ID.LINK`, an id for each world.

The characters are those that every client can put into a path as they are, toxiproxy-python (which quotes nothing) and
curl included; a `/` could be created on a real server and never be reached again.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

_OURS = re.compile(r"drill-[0-9a-f]{8}\.")


def new_prefix() -> str:
    """The prefix of a new world, e.g. `drill-3f09ab12.`."""
    return f"drill-{secrets.token_hex(4)}."


def prefixes_of_ours(names: Iterable[str]) -> tuple[str, ...]:
    """The prefixes of all the worlds that have proxies among these, whether or not those worlds still stand."""
    return tuple(sorted({match[0] for name in names if (match := _OURS.match(name))}))
