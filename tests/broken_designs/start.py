"""Starts one component of the reference with one decision replaced: `python start.py DESIGN COMPONENT [arguments]`."""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parents[1] / "reference"
PACKAGES = {"keeper": "replication_lambda"}
"""Of components that are called otherwise than their package in the reference."""


def module_at(path: Path) -> ModuleType:
    """A module from a file, wherever it lies."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def replace_decision(design: str, component: str) -> None:
    """Make the reference's package importable, and replace what the design replaces in a component of it.

    Names are looked up where they are used: a design replaces a name before the modules that import it are loaded.
    """
    module_at(REFERENCE / "run.py").load_package()
    replace = getattr(module_at(HERE / "designs" / f"{design}.py"), component, None)
    if replace is not None:
        replace()


def main() -> None:
    """Run the component named by the second argument in the design named by the first."""
    if len(sys.argv) < 3:
        components = "monitor|storefront|replicator|replica_watch|keeper|intermediary|shopify_app"
        raise SystemExit(f"usage: start.py DESIGN {components} [arguments]")
    design, component = sys.argv[1:3]
    del sys.argv[1:3]
    replace_decision(design, component)
    runpy.run_module(f"reference.{PACKAGES.get(component, component)}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
