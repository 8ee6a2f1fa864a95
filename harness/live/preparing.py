"""What a drill wants otherwise than the world's files say, before its subject starts."""

from __future__ import annotations

from harness.drill.settings import Settings
from harness.world.functions import Functions, replaced
from harness.world.part import Net
from harness.world.platform import Platform


def prepare(net: Net, settings: Settings) -> None:
    """Tell every part what is its. Raises WorldError where one cannot do it."""
    replaced(net.of(Functions), settings.functions)
    for platform in net.of(Platform):
        platform.vary(settings.variables)
