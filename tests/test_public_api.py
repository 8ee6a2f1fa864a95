"""The public API is a list: what is on it stays, what is not on it may change."""

from __future__ import annotations

import subprocess
import sys

import harness

PUBLIC = {
    "Bracket", "Drill", "DrillAborted", "DrillError", "DrillInvalid", "DrillMissed", "DrillResult", "DrillUnknown",
    "InputError", "Outcome", "RunResult", "SubjectError", "Verdict", "WorldError", "__version__",
}  # fmt: skip


def test_the_public_names_are_these_and_can_be_had() -> None:
    assert set(harness.__all__) == PUBLIC
    assert all(getattr(harness, name) is not None for name in PUBLIC)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, harness; print(sorted({'boto3', 'moto', 'pytest', 'pydantic', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
