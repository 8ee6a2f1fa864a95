"""The seam of name service: whom clients ask for the application's address, and how they ask.

A world without one has clients that ask the steering's name server themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.kit.address import Address
from harness.world.part import Part


@dataclass(frozen=True)
class Stub:
    """How a client asks: how long it waits for a server, and how often it asks all of them."""

    timeout_s: float
    attempts: int


class NameService(Part):
    """Stands between clients and the steering's name server."""

    def asked(self) -> Sequence[Address]:
        """Where clients ask, in the order in which they do."""
        raise NotImplementedError

    @property
    def stub(self) -> Stub:
        """How they ask."""
        raise NotImplementedError


def name_servers(count: int) -> tuple[str, ...]:
    """Their names, as faults and steps say them: `ns-1`, `ns-2`."""
    return tuple(f"ns-{number + 1}" for number in range(count))


def resolvers(count: int) -> tuple[str, ...]:
    """Theirs: `resolver-1`, `resolver-2`."""
    return tuple(f"resolver-{number + 1}" for number in range(count))
