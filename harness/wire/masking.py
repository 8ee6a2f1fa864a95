"""Finds what must not be told in a text, in the forms that applications write it in, and blots it out.

A value is found without regard to case, with any of its characters escaped as JSON, URLs and HTML do, as base64 (either
alphabet, also in the middle of something longer) and as hexadecimal digits; characters that nobody sees may stand
between its own. Values of a few letters are in too many words, and are not looked for.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html.entities import codepoint2name

HIDDEN = "***"
SHORTEST = 4
"""Letters from which on a value is looked for within other words, too."""
_LONGEST_PER_LETTER = 100
"""In how many characters one letter of a value can stand, with everything unseen around it."""
_SHORTEST_BASE64 = 5
_UNSEEN = (
    "(?:[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]"
    r"|\\{1,4}u00[01][0-9a-f]|\\{1,4}[nrt]|%[01][0-9a-f]){0,8}?"
)
_SHORT_ESCAPES = {'"': '"', "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_ALPHABETS = {"+": "[+-]", "/": "[/_]"}


class Mask:
    """What is not told. values: of which those of a few letters are left out."""

    def __init__(self, values: Iterable[str]) -> None:
        known = sorted({value for value in values if len(value) >= SHORTEST}, key=len, reverse=True)
        self._patterns = [_pattern(value) for value in known]
        self._longest = _LONGEST_PER_LETTER * max((len(value) for value in known), default=0)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def finds(self, text: str) -> bool:
        """Whether there is anything in a text that must not be told."""
        return any(pattern.search(text) for pattern in self._patterns)

    def text(self, text: str, limit: int | None = None) -> str:
        """The text without it. limit: of so many characters at its beginning; what goes on beyond is found, too."""
        wanted = len(text) if limit is None else min(limit, len(text))
        looked_at = text if limit is None else text[: wanted + self._longest]
        parts, at = [], 0
        for start, end in self._spans(looked_at):
            if start >= wanted:
                break
            parts += [text[at:start], HIDDEN]
            at = end
        return "".join((*parts, text[at:wanted]))

    def data(self, data: bytes) -> bytes:
        """The same of bytes, which may be no text."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where something stands, in order; what overlaps is one."""
        found = sorted(match.span() for pattern in self._patterns for match in pattern.finditer(text))
        last: tuple[int, int] | None = None
        for start, end in found:
            if last is not None and start <= last[1]:
                last = (last[0], max(last[1], end))
                continue
            if last is not None:
                yield last
            last = (start, end)
        if last is not None:
            yield last


@lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    data = _bytes(value)
    forms = [_UNSEEN.join(_letter(letter) for letter in value), data.hex()]
    forms += [_UNSEEN.join(_digit(digit) for digit in form) + "[a-z0-9+/_-]?={0,2}" for form in _base64(data)]
    return re.compile("|".join(forms), re.IGNORECASE)


def _bytes(text: str) -> bytes:
    """Bytes that are no UTF-8 reach Python as halves of characters (PEP 383); other halves are no bytes of anybody."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _letter(letter: str) -> str:
    """One letter, as it is or escaped."""
    code = ord(letter)
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(rf"\\{{1,4}}u{units[at : at + 4]}" for at in range(0, len(units), 4))
    percent = "".join(f"%(?:25){{0,2}}{byte:02x}" for byte in _bytes(letter))
    forms = [escaped, percent, f"&#0{{0,6}}{code};", f"&#x0{{0,6}}{code:x};"]
    if code in codepoint2name:
        forms.append(f"&{codepoint2name[code]};")
    if letter in _SHORT_ESCAPES:
        forms.append(rf"\\{{1,4}}{re.escape(_SHORT_ESCAPES[letter])}")
    if letter == " ":
        forms.append(r"\+")
    forms.append(r"\\{1,4}" if letter == "\\" else re.escape(letter))
    return f"(?:{'|'.join(forms)})"


def _digit(digit: str) -> str:
    """One digit of base64 in either alphabet; those that are no letters may be escaped."""
    if digit not in _ALPHABETS:
        return re.escape(digit)
    return rf"(?:{_ALPHABETS[digit]}|%{ord(digit):02x}|\\{{1,4}}{re.escape(digit)}|\\{{1,4}}u00{ord(digit):02x})"


def _base64(data: bytes) -> Iterator[str]:
    """The digits that stand for the value alone, whatever comes before and after it."""
    for before, shared in ((0, 0), (1, 2), (2, 3)):
        digits = base64.b64encode(b"\0" * before + data).decode("ascii").rstrip("=")
        whole = digits[shared : len(digits) - (1 if (before + len(data)) % 3 else 0)]
        if len(whole) >= _SHORTEST_BASE64:
            yield whole
