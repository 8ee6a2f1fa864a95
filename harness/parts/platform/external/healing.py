"""Mends and tidies up after a harness that was killed: what its watchdog, the next run and `drill heal` call."""

from __future__ import annotations

from collections.abc import Mapping

from harness.parts.platform.external import ways
from harness.parts.platform.external.tidying import Items, tidy


def take_away(handle: Mapping[str, str]) -> list[str]:
    """Heal a fault, or delete what the clients have written; a sentence for each thing. Raises WorldError."""
    if handle["is"] != "items":
        return [ways.mend(handle)]
    items = Items.of(handle)
    done = tidy(items)
    items.file.unlink(missing_ok=True)
    return done
