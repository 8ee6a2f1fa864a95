"""The processes of a standing world as they are now: those that their platform has started again are others by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.errors import WorldError
from harness.live.standing.world_file import ProcessState, StandingWorld
from harness.wire.admin_client import AdminClient

_TIMEOUT_S = 2.0


def as_now(world: StandingWorld) -> StandingWorld:
    """The same with its processes as they are now."""
    return world.model_copy(update={"processes": processes_now(world.processes)})


def processes_now(processes: Mapping[str, ProcessState]) -> dict[str, ProcessState]:
    """Processes of a world as they are now; where nobody tells any more, as they were."""
    told: dict[str, Any] = {}
    for url in {process.live for process in processes.values() if process.live}:
        told.update(_asked(url))
    return {name: _now(process, told.get(name)) for name, process in processes.items()}


def _asked(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    try:
        found = AdminClient("pods", (parts.hostname or "", parts.port or 0), _TIMEOUT_S).get(parts.path)
    except WorldError:
        return {}
    return found if isinstance(found, dict) else {}


def _now(process: ProcessState, tree: Any) -> ProcessState:
    if not isinstance(tree, dict):
        return process
    return ProcessState.model_validate({**process.model_dump(), **tree})
