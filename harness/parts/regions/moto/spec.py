"""What the environment file says of moto's region servers. Durations are production's."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.topology.environment import Spec

_LONGEST_S = 7 * 86_400


class Moto(Spec):
    """expired_late_s: for how long an item stays whose time to live is over (Developer Guide, "Using time to live
    (TTL)": deleted within a few days)."""

    expired_late_s: Annotated[float, Field(ge=0, le=_LONGEST_S)] = 172_800.0


SPEC = Moto
PRELOAD: tuple[tuple[str, str], ...] = (("aws", "harness.engines.moto.server"),)
