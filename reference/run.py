"""Starts one component from wherever this folder lies: `python run.py COMPONENT [args]`, one of COMPONENTS below.

The folder is loaded as the package `reference`, whatever it is called on disk and whether or not it is installed.
"""

from __future__ import annotations

import gc
import importlib.util
import runpy
import sys
from pathlib import Path

COMPONENTS = (
    "monitor", "storefront", "replicator", "replica_watch", "replication_lambda", "intermediary", "shopify_app",
    "shopify_reestablish",
)  # fmt: skip


def load_package() -> None:
    """Make `reference` importable from this very folder, ahead of any other copy on the path."""
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != folder]
    spec = importlib.util.spec_from_file_location(
        "reference", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"{folder} holds no package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = package
    spec.loader.exec_module(package)


def main() -> None:
    """Run the component named by the first argument."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMPONENTS:
        raise SystemExit(f"usage: run.py {'|'.join(COMPONENTS)} [arguments]")
    component = sys.argv.pop(1)
    gc.set_threshold(50_000)  # the default of 700 looks for garbage again and again while modules are loaded
    load_package()
    runpy.run_module(f"reference.{component}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
