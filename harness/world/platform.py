"""The seam of platforms: what hosts the subject's components, and starts, watches and ends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.errors import WorldError
from harness.faults.model import ProcessRef
from harness.topology.subject import Instance
from harness.world.diagnosis import Diagnosis
from harness.world.part import Part

NEEDS_LONGER = "a subject that needs longer says so: start_timeout_s in its file"


Variable = tuple[str, str, str]
"""A component, the name of an environment variable, and what it holds."""


class Tree(Protocol):
    """What a tree of processes is recognised by; see harness.processes.process_tree.Tree."""

    @property
    def pid(self) -> int: ...
    @property
    def started(self) -> float: ...
    @property
    def adopter(self) -> int | None: ...
    @property
    def marker(self) -> str | None: ...


@dataclass(frozen=True)
class RunningTree:
    """One instance that runs, its processes, and its output.

    environment: what it was given; what the subject file takes from the user's environment is a name there: `${NAME}`.
    returncode: of one that has ended. renewed: the platform starts it again by itself, as another process; then live is
    the URL of a JSON object, instance -> its tree as it is now, or null.
    """

    described: Instance
    tree: Tree
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    returncode: int | None = None
    renewed: bool = False
    live: str = ""

    @property
    def instance(self) -> str:
        """Its name."""
        return self.described.name


class Platform(Part):
    """Hosts the subject. written: the file in which clients note which keys they write, where somebody must tidy up."""

    written: Path | None = None

    def start_subject(self) -> None:
        """Start every component anew, and wait until each that serves answers.

        Raises SubjectError for one that cannot be started, DrillInvalid for one that does not answer in time.
        """
        raise NotImplementedError

    def vary(self, variables: Sequence[Variable]) -> None:
        """Which variables components are started with from now on, over their own. Raises WorldError."""
        if variables:
            raise WorldError("components of this platform cannot be started with other variables than their own")

    def stop_subject(self, only: Sequence[str] | None = None) -> None:
        """Stop all components, or those named."""
        raise NotImplementedError

    def instances(self) -> Sequence[ProcessRef]:
        """What runs, and where."""
        raise NotImplementedError

    def deaths(self) -> Sequence[str]:
        """A sentence for each component that ended by itself."""
        raise NotImplementedError

    def starts(self) -> Sequence[Diagnosis]:
        """How the subject's start went, for `drill doctor`: asked after `start_subject`, also where that failed."""
        return ()

    def trees(self) -> Sequence[RunningTree]:
        """What runs as trees of processes of this machine, for whoever heals them by hand; none elsewhere."""
        return ()

    def deploy(self, change: str) -> None:
        """Roll a change of the application out in every place, and wait until it is there. Raises WorldError.

        Only platforms whose capabilities say `pods` know of any.
        """
        raise WorldError(f"this platform rolls nothing out: {change}")

    def canaries(self) -> Sequence[Mapping[str, Any]]:
        """The witness's own looks at what runs, as harness.witness.models has them."""
        return ()
