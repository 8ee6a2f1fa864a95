"""The seam of link servers: what carries every arrow of a world, and lets it be broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.kit.address import Address
from harness.topology.environment import Environment
from harness.topology.kinds import load, section_named
from harness.world.part import Part
from harness.world.wires import Arrow


class LinkServer(Part):
    """Carries the links. url: of its API, for people; known after `start`."""

    @property
    def url(self) -> str:
        """Where its API is."""
        raise NotImplementedError

    def handle(self) -> Mapping[str, str]:
        """How another process gets at these links, for the functions of its `healing` module:

        heal(handle) undoes whatever holds on them, a sentence for each; broken(handle) tells it, and changes nothing.
        """
        raise NotImplementedError

    def populate(self, arrows: Sequence[Arrow]) -> Mapping[str, Address]:
        """Make a proxy for each arrow; link's name -> where it listens. Raises LinkError."""
        raise NotImplementedError


def heal(environment: Environment, handle: Mapping[str, str]) -> list[str]:
    """Undo by force whatever holds on a world's links; a sentence for each thing. Raises HealError, LinkError."""
    done: list[str] = load(section_named("links"), environment.links.kind, "healing").heal(handle)
    return done


def broken(environment: Environment, handle: Mapping[str, str]) -> tuple[str, ...]:
    """What stands broken on a world's links, in words; nothing when their server does not say."""
    found: tuple[str, ...] = load(section_named("links"), environment.links.kind, "healing").broken(handle)
    return found
