"""The name of a drill, made from its scenario's title."""

from __future__ import annotations

import re
import unicodedata

_BYTES_MAX = 120
"""A name is a folder's name too, with a number behind it at times; file systems take 255 bytes."""


def slug(title: str) -> str:
    """`Region lost, black-holed` -> `region-lost-black-holed`; letters of every script stay letters.

    Empty when there is no letter and no digit in the title.
    """
    plain = unicodedata.normalize("NFKC", title).lower()
    words = re.sub(r"[\W_]+", "-", plain).strip("-")
    return words.encode()[:_BYTES_MAX].decode(errors="ignore").rstrip("-")
