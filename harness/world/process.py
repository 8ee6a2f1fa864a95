"""A process of the world as parts see it: its log, what it told once it was ready, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from harness.errors import WorldError
from harness.kit.address import Address

READY_TIMEOUT_S = 60.0


class Process(Protocol):
    """A process of the world. log_path: its output; error: why it failed, in its own words."""

    name: str
    log_path: Path

    @property
    def error(self) -> str | None: ...

    def ready(self, timeout_s: float) -> dict[str, Any]:
        """What it told once it was ready. Raises ProcessError when it ends or fails first."""
        ...

    def poll(self) -> int | None:
        """Its return code, None while it runs."""
        ...


def listening(name: str, process: Process | None) -> dict[str, Address]:
    """Where a part's process said that it listens, by name; what holds several addresses by name counts as these.

    name: of the part. Raises WorldError before it is started, ProcessError when it has failed.
    """
    if process is None:
        raise WorldError(f"{name} is not started")
    told = process.ready(READY_TIMEOUT_S)
    single = {what: at for what, at in told.items() if not isinstance(at, Mapping)}
    held = [single, *(at for at in told.values() if isinstance(at, Mapping))]
    return {what: (str(at[0]), int(at[1])) for one in held for what, at in one.items()}
