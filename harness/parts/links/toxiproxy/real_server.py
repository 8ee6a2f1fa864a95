"""Shopify's own program as a world's link server: where it is, and how it is started."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.errors import InputError, LinkError
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.parts.links.toxiproxy.install import RECIPE
from harness.world.installed import installed, needed
from harness.world.part import LOOPBACK, Ground
from harness.world.process import Process

ON_PATH = "toxiproxy-server"
"""As distributions and Shopify's own packages name it."""


def program() -> Path | None:
    """The program that would be started; None when there is none."""
    found = shutil.which(ON_PATH)
    return installed(RECIPE) if found is None else Path(found)


def start(ground: Ground, name: str, port: int) -> tuple[Process, str]:
    """Start it; it and the address of its API. Raises InputError that says how to get it."""
    found = program() or needed(RECIPE, "links.server: real")
    url = f"http://{LOOPBACK}:{port}"
    client = ToxiproxyClient(url)

    def answers() -> bool:
        try:
            return bool(client.version())
        except (InputError, LinkError):
            return False

    argv = (str(found), "-host", LOOPBACK, "-port", str(port))
    return ground.run(name, argv, {"LOG_LEVEL": "warn"}, ground.folder, answers), url
