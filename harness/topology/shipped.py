"""Finds environments and features: beside the user, in a checkout, or inside the package."""

from __future__ import annotations

from pathlib import Path

from harness.errors import InputError

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parent


def roots() -> tuple[Path, ...]:
    """Folders that may hold `environments/`, `features/`, `reference/`: the current one, a checkout, the package."""
    candidates = (Path.cwd(), _CHECKOUT, _PACKAGE / "shipped")
    return tuple(dict.fromkeys(path for path in candidates if path.is_dir()))


def find_environment(name: str) -> Path:
    """The file of an environment given by name or by path. Raises InputError that lists what exists."""
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise InputError(f"environment {name}: no such file")
    for root in roots():
        path = root / "environments" / f"{name}.yaml"
        if path.is_file():
            return path
    known = sorted({path.stem for root in roots() for path in (root / "environments").glob("*.yaml")})
    raise InputError(f"unknown environment {name}; one of: {', '.join(known) or 'none'} (or the path of a .yaml file)")


def feature_folders() -> tuple[Path, ...]:
    """Every `features/` folder, nearest first."""
    return tuple(path for root in roots() if (path := root / "features").is_dir())
