"""ministack, in an environment of its own: it pins versions that ours cannot take."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.world.recipe import Recipe, Step, Tool, environment_steps

VERSION = "1.5.33"
_ENVIRONMENT = "environment"


def _ours() -> Path | None:
    return Path(sys.executable) if sys.executable else None


def _steps(folder: Path, tools: Mapping[str, Path]) -> Sequence[Step]:
    text = f"pip install ministack {VERSION}"
    return environment_steps(tools["python"], folder / _ENVIRONMENT, text, (f"ministack=={VERSION}",))


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
