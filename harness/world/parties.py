"""The seam of third parties: systems of others that the application tells of what happens, and how it finds them."""

from __future__ import annotations

from harness.world.part import Part


class ThirdParty(Part):
    """One of them. system: its name, as steps and variables say it."""

    system: str


def variable(system: str) -> str:
    """The environment variable that tells the application where a third party is called: `PARTY_ERP_URL`."""
    return f"PARTY_{system.upper().replace('-', '_')}_URL"
