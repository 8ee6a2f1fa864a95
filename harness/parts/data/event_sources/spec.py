"""What the environment file says of functions that are fed by streams: what AWS leaves open, in production seconds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.topology.environment import Seconds, Share, Spec


class EventSources(Spec):
    """retry_first_s, retry_most_s: the pause before a first retry, doubled for each further one up to the most; Lambda
    documents none. repeated: share of successful batches that are delivered once more, as "at least once" allows.
    concurrency: calls of one function that may be under way at once; beyond them nothing is called. retention_s: how
    long a stream keeps its records."""

    retry_first_s: Seconds = 0.5
    retry_most_s: Seconds = 10
    repeated: Share = 0.02
    concurrency: Annotated[int, Field(ge=1, le=100)] = 10
    retention_s: Seconds = 86_400


SPEC = EventSources
SECTION = "functions"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.data.event_sources.server"),)
