"""What somebody wants of an application, by name: browse, add to cart, pay, track. What a subject file says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from harness.asking import Asked, AskedSpec, GivenId, Pattern
from harness.kit.forms import Form
from harness.wire.statuses import Statuses

JourneyName = Annotated[
    str, Form(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$", "needs 1 to 40 characters of a-z A-Z 0-9 space . _ -")
]
PERIOD_S = 0.5
"""An outage of the shortest recovery that is promised here is seen by a dozen visits."""
KEY_PREFIX = "visit-"
"""How ids begin that journeys make: no client of the workload makes such."""
FIELDS = ("id", "op")
"""What can be filled in."""


class Expected(AskedSpec):
    """The answer with which a journey has worked. Its status alone may be said.

    status: its status. pattern: a regular expression that its body must have somewhere.
    """

    status: Statuses = ("2xx",)
    pattern: Pattern | None = None

    @model_validator(mode="before")
    @classmethod
    def _status_alone(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping | Expected) else {"status": value}


class Journey(AskedSpec):
    """One thing that somebody wants of the application, tried again and again beside the workload.

    name: as it is shown. request: `{id}` is a new one of each visit, `{op}` of each request. expect: the answer with
    which it has worked (default: 2xx). after: another journey; `{id}` is the one with which that last worked, and until
    it has, this one is not tried. id: where the answer has the id that the server made, for those that come after.
    period_s: wall seconds, in every profile, from one visit to the next.
    """

    name: JourneyName
    request: Asked
    expect: Expected = Expected()
    after: JourneyName | None = None
    id: GivenId | None = None
    period_s: Annotated[float, Field(ge=0.05, le=60)] = PERIOD_S


def rate_per_s(journeys: Sequence[Journey]) -> float:
    """How many requests they make in a second."""
    return sum(1 / journey.period_s for journey in journeys)


def texts_of(journeys: Sequence[Journey]) -> Iterator[str]:
    """Every text of theirs that is filled in."""
    for journey in journeys:
        yield from journey.request.templates()
