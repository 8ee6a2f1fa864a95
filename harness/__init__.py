"""A disaster-recovery drill harness: stand up two regions, break one, and measure what clients saw.

The public API, by name. Everything is loaded when first asked for: the processes of a world import this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from harness.drill.evidence import DrillResult, RunResult
    from harness.drill.facade import Drill
    from harness.errors import (
        DrillAborted,
        DrillError,
        DrillInvalid,
        DrillMissed,
        DrillUnknown,
        InputError,
        SubjectError,
        WorldError,
    )
    from harness.outcome import Bracket, Outcome, Verdict

_WHERE = {
    "Bracket": "harness.outcome",
    "Drill": "harness.drill.facade",
    "DrillAborted": "harness.errors",
    "DrillError": "harness.errors",
    "DrillInvalid": "harness.errors",
    "DrillMissed": "harness.errors",
    "DrillResult": "harness.drill.evidence",
    "DrillUnknown": "harness.errors",
    "InputError": "harness.errors",
    "Outcome": "harness.outcome",
    "RunResult": "harness.drill.evidence",
    "SubjectError": "harness.errors",
    "Verdict": "harness.outcome",
    "WorldError": "harness.errors",
}

__all__ = [
    "Bracket",
    "Drill",
    "DrillAborted",
    "DrillError",
    "DrillInvalid",
    "DrillMissed",
    "DrillResult",
    "DrillUnknown",
    "InputError",
    "Outcome",
    "RunResult",
    "SubjectError",
    "Verdict",
    "WorldError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
