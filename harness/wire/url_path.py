"""Paths of URLs as people write them in files, and as requests can carry them (RFC 3986)."""

from __future__ import annotations

import string
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator

_AS_IT_IS = string.ascii_letters + string.digits + string.punctuation


def sendable(path: str) -> str:
    """The path with its letters beyond ASCII percent-encoded as UTF-8 (RFC 3986, section 2.5), the rest as it is.

    So what is encoded already stays so, and so do placeholders. Raises ValueError for a control character: a request
    that has one is cut in two, or refused.
    """
    for character in path:
        if ord(character) < 0x20 or ord(character) == 0x7F:
            raise ValueError(
                f"has a control character, which no request can carry; if it is meant: %{ord(character):02X}"
            )
    return quote(path, safe=_AS_IT_IS)


def _path(text: str) -> str:
    if not text.startswith("/") or any(character.isspace() for character in text):
        raise ValueError("a path begins with /, and has no white space")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("has half of a surrogate pair, which no request can carry")
    return text


UrlPath = Annotated[str, AfterValidator(_path), AfterValidator(sendable)]
"""The path of a URL, with its query if it has one: encoded when it is loaded, so that whoever sends it can."""
