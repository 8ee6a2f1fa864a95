"""What LocalStack's health page says: whether it is one, and whether its DynamoDB can be used. Pure.

`/_localstack/health` gives `{"services": {"dynamodb": "running", ...}, "edition": ..., "version": ...}`. A service is
`available` until its first call starts it, and `disabled` where SERVICES does not name it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_SHOWN = 60
NEEDED = ("dynamodb", "dynamodbstreams")
_USABLE = ("running", "available")
_NEVER = ("disabled", "error")
AMAZONS = "Cannot do operations on a non-existent table"
"""What Amazon's DynamoDB Local says of a table that there is not; DynamoDB says `Requested resource not found`."""


class Verdict(StrEnum):
    """Whether a server can be used now, may be later, or never will."""

    USABLE = "usable"
    NOT_YET = "not yet"
    NEVER = "never"


@dataclass(frozen=True)
class Seen:
    """What one look at a server found. text: why it is not usable; version: as it says."""

    verdict: Verdict
    text: str = ""
    version: str = ""


def seen(status: int | None, body: bytes) -> Seen:
    """Of an answer to a GET of its health page; None: somebody takes connections, and no answer came."""
    if status is None:
        return Seen(Verdict.NOT_YET, "takes connections, and does not answer")
    if status >= 500:
        return Seen(Verdict.NOT_YET, f"answers {status}")
    told = _object(body) if status == 200 else None
    services, version = (told or {}).get("services"), (told or {}).get("version")
    if not isinstance(services, dict) or not isinstance(version, str):
        how = f"with {status}" if status != 200 else "with something else than its services"
        return Seen(Verdict.NEVER, f"is no LocalStack: it answers its health page {how}")
    states = {name: str(services.get(name, "disabled"))[:_SHOWN] for name in NEEDED}
    version = version[:_SHOWN]
    if never := {name: state for name, state in states.items() if state in _NEVER}:
        hint = f"start it with SERVICES={','.join(NEEDED)}" if "disabled" in never.values() else "its log says why"
        return Seen(Verdict.NEVER, f"is a LocalStack {version} whose {_words(never)}: {hint}", version)
    if waiting := {name: state for name, state in states.items() if state not in _USABLE}:
        return Seen(Verdict.NOT_YET, f"is a LocalStack {version} whose {_words(waiting)}", version)
    return Seen(Verdict.USABLE, "", version)


def described(info: Mapping[str, Any] | None, of_a_missing_table: str) -> str:
    """Where it runs and which database is behind it, in words. info: `/_localstack/info`; of_a_missing_table: its
    message."""
    contained = (info or {}).get("is_docker")
    where = "in a container" if contained is True else "as a process" if contained is False else "somewhere"
    amazons = AMAZONS in of_a_missing_table
    database = "Amazon's DynamoDB Local, by what it answers" if amazons else "no DynamoDB Local of Amazon's"
    return f"{where}, not started by the drill, its DynamoDB is {database}"


def _words(states: Mapping[str, str]) -> str:
    return " and ".join(f"{name} is {state}" for name, state in states.items())


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
