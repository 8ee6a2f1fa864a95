"""The configuration of the process that answers for a region's functions: checked once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.kit.address import ANY_ADDRESS, BoundAddress, LoopbackAddress
from harness.kit.config import Strict, Text, parsed


class EventSourcesConfig(Strict):
    """region: whose functions these are. listen: of Lambda's API. folder: for their code; logs: for what they print.
    events: JSON-lines file. scale: of the time profile; durations below are production seconds."""

    region: Text
    listen: LoopbackAddress = ANY_ADDRESS
    folder: Path
    logs: Path
    events: Path
    scale: Annotated[float, Field(gt=0, le=10)] = 1.0
    seed: int = 0
    retry_first_s: float = 0.5
    retry_most_s: float = 10.0
    repeated: float = 0.0
    concurrency: int = 10
    retention_s: float = 86_400.0

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> EventSourcesConfig:
        """The configuration in `config`. Raises InputError."""
        return parsed(cls, config, "event sources")


class Code(Strict):
    """The body of `POST /drill/code`: the file whose `lambda_handler` all functions run from now on."""

    file: Path


class Links(Strict):
    """The body of `POST /drill/links`: where the region is dialled, and where the functions' own calls go."""

    region: BoundAddress
    functions: BoundAddress
