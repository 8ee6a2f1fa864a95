"""What the machines of providers share: their APIs can be lost, and calls of these are told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Json = Mapping[str, Any]
NOTHING: Mapping[Any, Any] = MappingProxyType({})
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods of calls that are to change something."""
ApiLoss = Literal["silent", "failing"]
BODY_BYTES_MAX = 1 << 20
"""Of a call's body, what is read."""


def nothing() -> Mapping[Any, Any]:
    """An empty mapping that nobody can change, as the default of a field."""
    return NOTHING


@dataclass(frozen=True)
class ApiLost:
    """Event: from now on the API answers nobody, or fails every call; None: it answers again. Name servers go on."""

    mode: ApiLoss | None


@dataclass(frozen=True)
class Called:
    """Effect: a call that was to change something was answered so (status 0: never), or any call that the API refused
    for its own sake. by: whose it was; "" for one that nobody need hear of."""

    method: str
    path: str
    status: int
    by: str = "by hand"
