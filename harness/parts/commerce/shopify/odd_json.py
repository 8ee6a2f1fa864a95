"""Bodies of messages as bytes: the same JSON in the ways in which programs write it, and texts that trip programs up.

A signature is over the bytes that were sent. Whoever parses a body and writes it again, and checks the signature of
that, gets away with it as long as both write alike: so bodies are written in turn as Ruby on Rails does (which Shopify
runs on: `<`, `>`, `&` and two line separators escaped), in plain UTF-8, in ASCII with every other letter escaped, with
escaped slashes as PHP does, and with spaces. Shopify adds fields without notice, so one body in four has one that
nobody has heard of, with numbers that no float holds. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from harness.parts.commerce.shopify.drawing import below, share
from harness.storable_text import storable_json

_UNLISTED_SHARE = 0.25
_RAILS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ASCII = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_SPACED = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode

UNLISTED: Mapping[str, Any] = {
    "beyond_53_bits": 9_007_199_254_740_993,
    "beyond_64_bits": 123_456_789_012_345_678_901_234_567_890,
    "small": 1e-7,
    "negative_zero": -0.0,
    "nothing": None,
    "empty": {"list": [], "object": {}, "text": ""},
    "deep": [[[[[[[[[[None]]]]]]]]]],
}
"""What stands in a field that nobody has heard of."""

TEXTS = (
    "Ship to the back door, please",
    "Zoë Müller-Łukasiewicz",
    "Straße 5, Île-de-France",
    "e\u0301 is not \u00e9",  # decomposed and composed: different texts that look alike
    "日本語の注文",
    "طلب جديد",
    "שלום",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",  # several code points each, joined
    "𝒪𝓇𝒹𝑒𝓇",  # beyond the basic plane
    "https://example.com/a/b?c=d&e=f",
    "C:\\orders\\new\\",
    "</script><script>alert(1)</script>",
    "O'Brien; DROP TABLE orders;--",
    "\"quoted\" and 'quoted'",
    "two\nlines\tand a tab\r\n",
    "a\u2028b\u2029c",
    "\u200b\ufeffzero width",
    "007",
    "null",
    "1e400",
    "%s {id} ${HOME} {{7*7}}",
    "  spaces around  ",
    "ǅ ﬁ İ ß",  # letters whose case changes their length
    "é" * 255,
)
"""What people type, and what breaks programs that did not expect it."""


class Style(IntEnum):
    """How a body is written."""

    RAILS = 0
    PLAIN = 1
    ASCII = 2
    SLASHES = 3
    SPACED = 4


def text(seed: int, *what: object) -> str:
    """One of the texts."""
    return TEXTS[below(len(TEXTS), seed, "text", *what)]


def styled(seed: int, message: str) -> Style:
    """How a message's body is written."""
    return Style(below(len(Style), seed, "style", message))


def written(body: Mapping[str, Any], style: Style) -> bytes:
    """A body as bytes. All styles of one body parse to the same; half a character is written as its escape."""
    if style is Style.ASCII:
        return _ASCII(body).encode()
    if style is Style.SPACED:
        return (storable_json(_SPACED(body)) + "\n").encode()
    plain = storable_json(_COMPACT(body))
    if style is Style.RAILS:
        for sign, escaped in _RAILS.items():  # str.translate takes ten times as long
            plain = plain.replace(sign, escaped)
    elif style is Style.SLASHES:
        plain = plain.replace("/", "\\/")
    return plain.encode()


def odd(body: Mapping[str, Any], seed: int, message: str) -> Mapping[str, Any]:
    """The body, in some messages with a field that nobody has heard of."""
    if share(seed, "unlisted", message) >= _UNLISTED_SHARE:
        return body
    return {**body, "unlisted": dict(UNLISTED)}
