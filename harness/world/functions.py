"""The seam of functions: what runs a region's functions, as Lambda does."""

from __future__ import annotations

from pathlib import Path

from harness.world.part import Part


class Functions(Part):
    """Runs the functions of one region. They call AWS over the links of `functions.REGION` (harness.world.callers)."""

    region: str

    def replace_functions(self, file: Path) -> None:
        """Have all of them run the `lambda_handler` of a file, until the next reset. Raises WorldError."""
        raise NotImplementedError
