"""Shopify's Toxiproxy, built from its source by Go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.world.recipe import Recipe, Step, Tool, on_path

VERSION = "2.12.0"
_MODULE = f"github.com/Shopify/toxiproxy/v2/cmd/server@v{VERSION}"


def _steps(folder: Path, tools: Mapping[str, Path]) -> Sequence[Step]:
    into = {"GOBIN": str(folder), "GOFLAGS": "-modcacherw"}
    return (Step(f"go install {_MODULE}", (str(tools["go"]), "install", _MODULE), into),)


RECIPE = Recipe(
    name="toxiproxy",
    version=VERSION,
    about="Shopify's Toxiproxy, in place of the embedded server",
    licence="MIT",
    downloads="its source and eight Go modules from Go's module proxy, about 15 MB",
    size_mb=16,
    program="server",
    steps=_steps,
    tools=(Tool("go", "Go 1.22 or later", on_path("go"), "https://go.dev/dl"),),
)
