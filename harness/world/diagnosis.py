"""What `drill doctor` tells: how something on this machine stands, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether a finding is fine, worth knowing, or in the way; or whether nothing could be found."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "--"


@dataclass(frozen=True)
class Diagnosis:
    """What was looked at, how it stands, what was found, and what to do about it."""

    what: str
    state: State
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Complaint:
    """What a part of the world finds wrong with the subject in a place.

    passive: a place that is not to serve now may mean it so: it answers 5xx, or not at all.
    """

    text: str
    passive: bool = False


def is_passive(status: int | None) -> bool:
    """Whether a health path that answers so may belong to a side that waits for its turn."""
    return status is None or status >= 500


def port(setting: str, host: str, number: int, *, free: bool) -> Diagnosis:
    """Of a port that the environment asks for."""
    text = f"{host}:{number} is {'free' if free else 'in use'}"
    hint = "" if free else f"choose another {setting} in the environment, or 0 for any free one"
    return Diagnosis(setting, State.OK if free else State.FAIL, text, hint)
