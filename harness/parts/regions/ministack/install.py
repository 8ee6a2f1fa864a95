"""ministack, in an environment of its own: it pins versions that ours cannot take."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.world.recipe import Recipe, Step, Tool

VERSION = "1.5.33"
_ENVIRONMENT = "environment"


def _ours() -> Path | None:
    return Path(sys.executable) if sys.executable else None


def _steps(folder: Path, tools: Mapping[str, Path]) -> Sequence[Step]:
    python = folder / _ENVIRONMENT / "bin" / "python"
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"ministack=={VERSION}")
    return (
        Step("make an environment of its own", (str(tools["python"]), "-m", "venv", str(folder / _ENVIRONMENT))),
        Step(f"pip install ministack {VERSION}", pip, {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0"}),
    )


RECIPE = Recipe(
    name="ministack",
    version=VERSION,
    about="LocalStack's API without Docker, as a region's server",
    licence="MIT",
    downloads="it and some twenty packages from PyPI, about 30 MB",
    size_mb=90,
    program=f"{_ENVIRONMENT}/bin/ministack",
    steps=_steps,
    tools=(Tool("python", "Python 3.10 or later, with venv", _ours, "the package python3-venv"),),
)
