"""Lets pytest collect a .feature file that is named on the command line, without a module that binds it."""

from __future__ import annotations

import types
from pathlib import Path

import pytest
from pytest_bdd.feature import get_feature

from harness.drill.catalogue import ENCODING, SUFFIX, drills_in
from harness.errors import InputError

_BINDING = "from pytest_bdd import scenarios as _bind\n_bind(_path)\n"


class FeatureFile(pytest.Module):
    """A feature file as a test module: every scenario in it is a test."""

    def _getobj(self) -> types.ModuleType:
        module = types.ModuleType(f"feature_{self.path.stem}")
        module.__file__ = str(self.path)
        module.__dict__["_path"] = str(self.path)
        try:
            drills_in(self.path)
        except InputError as error:
            raise self.CollectError(str(error)) from error
        # pytest-bdd binds what it has read already; read by itself, a byte order mark would be an unexpected token.
        get_feature(str(self.path.parent), self.path.name, encoding=ENCODING)
        # pytest-bdd puts the tests into the namespace of the frame that calls it, so the call must run in there.
        exec(compile(_BINDING, str(self.path), "exec"), module.__dict__)  # noqa: S102
        return module


def collect(file_path: Path, parent: pytest.Collector) -> FeatureFile | None:
    """The collector of a feature file that was named on the command line; None for all else."""
    if file_path.suffix == SUFFIX and parent.session.isinitpath(file_path):
        collector: FeatureFile = FeatureFile.from_parent(parent, path=file_path)
        return collector
    return None


def holds(item: pytest.Item) -> bool:
    """Whether a test is a scenario of such a file, and not of a module that binds it."""
    return item.getparent(FeatureFile) is not None
