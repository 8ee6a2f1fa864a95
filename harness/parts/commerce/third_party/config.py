"""The configuration of a third party's process: checked once, with every problem reported at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.kit.address import ANY_ADDRESS, LoopbackAddress
from harness.kit.config import Strict, Text, parsed


class ThirdPartyConfig(Strict):
    """Addresses are [host, port], port 0 = any free one.

    system: its name. places: where callers run; each has an address of its own, so that it is known from where a call
    came. admin: of its own interface. events: JSON-lines file of what it was told. seed: of its random draws.
    """

    system: Text
    places: Annotated[dict[str, LoopbackAddress], Field(min_length=1)]
    admin: LoopbackAddress = ANY_ADDRESS
    events: Path | None = None
    seed: int = 0

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> ThirdPartyConfig:
        """The configuration in `config`. Raises InputError with every unknown, missing or wrong key."""
        return parsed(cls, config, "third_party")
