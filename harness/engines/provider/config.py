"""What the configurations of all providers' processes say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from harness.kit.address import ANY_ADDRESS, LoopbackAddress
from harness.kit.config import Strict, parsed


class ProviderConfig(Strict):
    """Addresses are [host, port], port 0 = any free one.

    called: how messages call the process. watch: names whose answer is logged when it changes. scale: multiplies
    documented durations. seed: of whatever chance decides. events: JSON-lines file.
    """

    called: ClassVar[str]

    dns: LoopbackAddress = ANY_ADDRESS
    admin: LoopbackAddress = ANY_ADDRESS
    watch: tuple[str, ...] = ()
    scale: Annotated[float, Field(gt=0, le=10)] = 1.0
    seed: int = 0
    events: Path | None = None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        """The configuration in `config`. Raises InputError with every unknown, missing or wrong key."""
        return parsed(cls, config, cls.called)
