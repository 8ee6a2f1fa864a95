"""Shopify's search syntax: `updated_at:>=2026-10-01 AND (tag:vip OR -status:cancelled)`.

Terms are joined by AND where nothing else is said. `field:value` compares a field, with `:>`, `:>=`, `:<`, `:<=` for
numbers and times, and `*` at the end for whatever begins so; a bare word is looked for in the thing's texts. A field
that cannot be searched by is left out, and a warning says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.parts.commerce.shopify.records.values import microseconds

Test = Callable[[Any], bool]
Fields = Mapping[str, Callable[[Any], Any]]
"""What can be searched by: how the value, or several, is got from a thing. Integers ending in `_us` are times."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[\w("]))"""
    r"""|(?P<term>(?:(?P<field>[\w.]+):(?P<op>>=|<=|>|<|=)?)?(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s()]+))"""
    r"""|(?P<odd>\S))"""
)
_DEPTH_MAX = 20
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}  # fmt: skip


@dataclass
class Search:
    """A search that was understood. since_us, until_us: bounds on `updated_at` that hold for all that matches."""

    test: Test = lambda _: True
    since_us: int = 0
    until_us: int | None = None
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Times:
    """A value that is a time, in microseconds; None where it has not happened."""

    at_us: int | None


def search(text: str | None, fields: Fields, texts: Callable[[Any], Sequence[str]]) -> Search:
    """Understand a search. texts: where bare words are looked for."""
    found = Search()
    if text and text.strip():
        found.test = _Reader(text, fields, texts, found).read()
    return found


class _Reader:
    """Reads one search from left to right."""

    def __init__(self, text: str, fields: Fields, texts: Callable[[Any], Sequence[str]], found: Search) -> None:
        self._tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
        self._fields = fields
        self._texts = texts
        self._found = found
        self._at = 0
        self._either = any(self._word(match) == "OR" or match["minus"] for match in self._tokens)

    def read(self) -> Test:
        tests = []
        while self._at < len(self._tokens):
            tests.append(self._any(0))
            self._at += self._next() is not None and self._tokens[self._at]["close"] is not None
        return _all(tests)

    def _any(self, depth: int) -> Test:
        tests = [self._every(depth)]
        while (token := self._next()) is not None and self._word(token) == "OR":
            self._at += 1
            tests.append(self._every(depth))
        return tests[0] if len(tests) == 1 else lambda thing: any(test(thing) for test in tests)

    def _every(self, depth: int) -> Test:
        tests: list[Test] = []
        while (token := self._next()) is not None and token["close"] is None and self._word(token) != "OR":
            self._at += 1
            if self._word(token) != "AND":
                tests.append(self._one(token, depth))
        return _all(tests)

    def _one(self, token: re.Match[str], depth: int) -> Test:
        following = self._next()
        if (token["minus"] or self._word(token) == "NOT") and following is not None:
            self._at += 1
            negated = self._one(following, depth)
            return lambda thing: not negated(thing)
        if token["open"] and depth < _DEPTH_MAX:
            inner = self._any(depth + 1)
            self._at += self._next() is not None
            return inner
        return self._term(token) if token["term"] else lambda _: True

    def _term(self, token: re.Match[str]) -> Test:
        value = _unquoted(token["value"])
        name = token["field"]
        if name is None:
            word = value.casefold().rstrip("*")
            return lambda thing: any(word in text.casefold() for text in self._texts(thing))
        get = self._fields.get(name)
        if get is None:
            self._found.unknown.append(name)
            return lambda _: True
        operator = token["op"] or "="
        if name == "updated_at" and not self._either:
            self._bound(operator, value)
        return _field_test(get, operator, value)

    def _bound(self, operator: str, value: str) -> None:
        at = _time(value)
        if at is None:
            return
        if operator in (">", ">="):
            self._found.since_us = max(self._found.since_us, at)
        elif operator in ("<", "<="):
            known = self._found.until_us
            self._found.until_us = at if known is None else min(known, at)

    def _next(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @staticmethod
    def _word(token: re.Match[str]) -> str | None:
        return token["value"] if token["term"] and token["field"] is None else None


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda thing: all(test(thing) for test in tests)


def _field_test(get: Callable[[Any], Any], operator: str, value: str) -> Test:
    compare = _COMPARE[operator]

    def test(thing: Any) -> bool:
        own = get(thing)
        if isinstance(own, Times):
            wanted = _time(value)
            return own.at_us is not None and wanted is not None and compare(own.at_us, wanted)
        if isinstance(own, bool):
            return own == (value.lower() == "true")
        if isinstance(own, int | float):
            number = _number(value)
            return number is not None and compare(own, number)
        values = [own] if isinstance(own, str) else list(own or ())
        return any(_same(one, value) for one in values) if values else value == ""

    return test


def _same(own: str, value: str) -> bool:
    own, value = own.casefold(), value.casefold()
    return value == "*" or (own.startswith(value[:-1]) if value.endswith("*") else own == value)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _time(text: str) -> int | None:
    try:
        return microseconds(text)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text.rpartition("/")[2])
    except ValueError:
        return None
