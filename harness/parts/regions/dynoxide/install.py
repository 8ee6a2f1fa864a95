"""dynoxide, built from its source by Cargo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.world.recipe import Recipe, Step, Tool, on_path

VERSION = "3.2.0"
_CRATE = "dynoxide-rs"


def _steps(folder: Path, tools: Mapping[str, Path]) -> Sequence[Step]:
    argv = (str(tools["cargo"]), "install", "--locked", "--root", str(folder), _CRATE, "--version", VERSION)
    # what it builds belongs into the folder that goes away when it fails, and not into one that the user's Cargo names
    build = {"CARGO_TARGET_DIR": str(folder / "build")}
    return (
        Step(f"cargo install {_CRATE} {VERSION} (some minutes)", argv, build),
        Step("remove what was only needed to build it", ("rm", "-rf", str(folder / "build"))),
    )


RECIPE = Recipe(
    name="dynoxide",
    version=VERSION,
    about="a DynamoDB-compatible server that is not Amazon's (SQLite), as a region that keeps its data",
    licence="MIT or Apache-2.0",
    downloads="its source and about 400 crates from crates.io, about 80 MB",
    size_mb=26,
    program="bin/dynoxide",
    steps=_steps,
    tools=(
        Tool("cargo", "Cargo (Rust 1.85 or later)", on_path("cargo"), "https://rustup.rs"),
        Tool("cc", "a C compiler, for SQLite and OpenSSL", on_path("cc"), "the package build-essential"),
        Tool("perl", "Perl, for OpenSSL's build", on_path("perl"), "the package perl"),
        Tool("make", "make, for OpenSSL's build", on_path("make"), "the package build-essential"),
    ),
)
