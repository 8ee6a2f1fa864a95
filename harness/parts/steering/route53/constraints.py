"""Ranges and lengths of fields, refused in the words of the framework that AWS's services are built on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def number(path: str, value: int, least: int, most: int) -> Iterable[str]:
    """What a number breaks of its range. path: of the field in the request, as messages write it."""
    if value < least:
        yield _told(path, value, f"Member must have value greater than or equal to {least}")
    if value > most:
        yield _told(path, value, f"Member must have value less than or equal to {most}")


def length(path: str, value: str | Sequence[str], least: int, most: int) -> Iterable[str]:
    """What a text or a list breaks of the length that it may have."""
    shown = value if isinstance(value, str) else f"[{', '.join(value)}]"
    if len(value) < least:
        yield _told(path, shown, f"Member must have length greater than or equal to {least}")
    if len(value) > most:
        yield _told(path, shown, f"Member must have length less than or equal to {most}")


def one_of(path: str, value: str, allowed: Iterable[str]) -> Iterable[str]:
    """A value that its enumeration does not have."""
    known = sorted(allowed)
    if value not in known:
        yield _told(path, value, f"Member must satisfy enum value set: [{', '.join(known)}]")


def _told(path: str, value: object, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"


def together(broken: Sequence[str]) -> str:
    """One message about all of them."""
    return f"{len(broken)} validation error{'s' * (len(broken) > 1)} detected: {'; '.join(broken)}"
