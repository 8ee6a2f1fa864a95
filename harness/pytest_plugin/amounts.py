"""Amounts that steps say: plain numbers, within the limits that hold for the same in an environment file."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from harness.kit.plain_numbers import number, whole
from harness.topology.environment import LONGEST_S, SHORTEST_S
from harness.topology.stop import StopErrors

_HUNDRED = 100

Condition = TypeVar("Condition", bound=StopErrors)


def seconds(text: str) -> float:
    """A duration. Raises ValueError."""
    found = number(text)
    if not SHORTEST_S <= found <= LONGEST_S:
        raise ValueError(f"{text} seconds, and a duration is {SHORTEST_S:g} to {LONGEST_S:g} seconds (a day)")
    return found


def lasting(text: str | None) -> float | None:
    """How long something lasts, where that is said. Raises ValueError."""
    return None if text is None else seconds(text)


def share(text: str) -> float:
    """A share that is written in per cent. Raises ValueError."""
    found = number(text)
    if not 0 <= found <= _HUNDRED:
        raise ValueError(f"{text} %, and a share is 0 to 100 %")
    return found / _HUNDRED


def milliseconds(text: str) -> int:
    """A duration in whole milliseconds. Raises ValueError."""
    found = whole(text)
    if not SHORTEST_S <= found / 1000 <= LONGEST_S:
        raise ValueError(f"{text} ms, and a duration is 1 to {LONGEST_S * 1000:.0f} ms (a day)")
    return found


def stated(kind: type[Condition], **numbers: Any) -> Condition:
    """A stop condition as a step says it. Raises ValueError."""
    try:
        return kind(**numbers)
    except ValidationError as error:
        told = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError("; ".join(told)) from None
