"""Admin interfaces are for programs: a page in somebody's browser must not be able to change a world.

A page may send a POST with any body to loopback without asking for leave first, as long as its type is that of plain
text or of a form. What it cannot do is hide that a browser sent it. Toxiproxy's own API refuses browsers likewise.
"""

from __future__ import annotations

from collections.abc import Mapping

REFUSAL = "this interface is for programs; browsers are refused"


def sent_by_browser(headers: Mapping[str, str]) -> bool:
    """Whether a request's headers say so: each browser calls itself Mozilla, and tells the page that made it ask."""
    return headers.get("User-Agent", "").startswith("Mozilla/") or "Origin" in headers
