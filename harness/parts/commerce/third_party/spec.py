"""What the environment file says of systems of others: which there are, and how long a day of maintenance lasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.kit.forms import Form
from harness.names import RESERVED
from harness.topology.environment import Environment, Seconds, Spec
from harness.topology.mistakes import Mistake

SystemName = Annotated[str, Form(r"^[a-z][a-z0-9-]{0,30}$", "needs 1 to 31 characters of a-z 0-9 -, a letter first")]
DAY_S = 300.0


class ThirdParties(Spec):
    """systems: their names; an application finds each by `PARTY_NAME_URL`. day_s: how long a day of maintenance lasts
    in a drill, in production seconds: what it must outlast are the retries and time-outs of whoever calls."""

    systems: Annotated[tuple[SystemName, ...], Field(min_length=1, max_length=12)] = ("erp", "crm", "fulfilment")
    day_s: Seconds = DAY_S

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.systems)) < len(self.systems):
            raise ValueError("two systems have the same name")
        return self


SPEC = ThirdParties
SECTION = "third_parties"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.commerce.third_party.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Systems that are called like something else."""
    taken = RESERVED | set(environment.locations)
    for index, name in enumerate(ThirdParties.model_validate(environment.third_parties.settings).systems):
        if name in taken:
            text = f"third_parties.systems.{index}: `{name}` has a meaning of its own"
            yield Mistake(("third_parties", "systems", index), text)
