"""How the runs of a long list of drills ended, kept in a file."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SHOWN = 200
"""Characters of a reason."""


@dataclass(frozen=True)
class Ended:
    """How one drill of one run ended, and why."""

    drill: str
    verdict: str
    reason: str

    @property
    def shown(self) -> str:
        """The beginning of the reason."""
        return self.reason[:SHOWN]


class Record:
    """How runs ended, kept in a file, so that a long list can be gone on with. code: the state that was drilled."""

    def __init__(self, file: Path, code: str, *, resume: bool) -> None:
        self._file = file
        self._code = code
        self._known: dict[tuple[str, str, str], Ended] = {}
        if not resume:
            file.unlink(missing_ok=True)
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            row = json.loads(line)
            if row.pop("code") == code:
                key = row.pop("environment"), row.pop("kind"), row["drill"]
                self._known[key] = Ended(**row)

    def ended(self, environment: str, kind: str, drill: str) -> Ended | None:
        """How a run ended; None: it was not run."""
        return self._known.get((environment, kind, drill))

    def add(self, environment: str, kind: str, ended: Ended) -> None:
        """A run is over."""
        self._known[environment, kind, ended.drill] = ended
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"code": self._code, "environment": environment, "kind": kind, **vars(ended)}) + "\n")


def state_of_the_code(folder: Path) -> str:
    """What git calls it; "": it is not a checkout."""
    told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=folder)
    return told.stdout.strip()
