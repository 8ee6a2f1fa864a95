"""Binds every feature of this project, so that `pytest drills/` runs all drills. The steps come with the plugin."""

from pathlib import Path

from pytest_bdd import scenarios

scenarios(str(Path(__file__).parent.parent / "features"))
