"""What an application serves beside the storefront, in the same process: a seam, and nothing behind it by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aiohttp import web


class Beside(Protocol):
    """All of it is called on the storefront's event loop."""

    def add_to(self, app: web.Application) -> None:
        """Add routes."""

    def edge_verdict(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the edge may send traffic here as far as this is concerned, and why."""

    def lease_gained(self) -> None:
        """From now on this region accepts writes, and did not before."""

    async def work_for_ever(self) -> None:
        """What is done without being asked. Raises whatever broke it."""

    def close(self) -> None:
        """Give up threads and connections."""


class Nothing:
    """The storefront alone."""

    def add_to(self, app: web.Application) -> None:
        """No routes."""

    def edge_verdict(self) -> tuple[bool, Mapping[str, object]]:
        """Nothing speaks against it."""
        return True, {}

    def lease_gained(self) -> None:
        """Nothing to do."""

    async def work_for_ever(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to give up."""
