"""The name of a drill, made from its scenario's title."""

from __future__ import annotations

import re


def slug(title: str) -> str:
    """`Region lost, black-holed` -> `region-lost-black-holed`."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
