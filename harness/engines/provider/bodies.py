"""What is said to the admin port of a provider's process."""

from __future__ import annotations

from harness.engines.health_checks.policy import Blindness
from harness.engines.provider.values import ApiLoss
from harness.kit.config import Strict, Text


class NameBody(Strict):
    """The body of `POST /freeze`."""

    name: Text


class OutageBody(Strict):
    """The body of `POST /outage`; mode null: it is over."""

    mode: ApiLoss | None


class BlindBody(Strict):
    """The body of `POST /blind`; mode null: the checks see again."""

    mode: Blindness | None
