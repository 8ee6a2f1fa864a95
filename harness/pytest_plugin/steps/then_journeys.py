"""Then, of what somebody wants of the application. See `then.py`."""

from __future__ import annotations

import re

from pytest_bdd import parsers, then

from harness.drill.facade import Drill


@then(parsers.re(r"shoppers can still (?P<journeys>[A-Za-z0-9][A-Za-z0-9 ,._-]*)"))
def _still(drill: Drill, journeys: str) -> None:
    """shoppers can still JOURNEY[, JOURNEY and JOURNEY]

    Of the visits that were made while what was broken last holds, nearly all must have worked, hardly slower than
    before it. Journeys are those of the subject file; a drill of a subject that names none of that name is left out.
    Example: shoppers can still pay
    Example: shoppers can still browse, add to cart, pay and track
    """
    names = [name for name in re.split(r", | and ", journeys) if name]
    drill.need_journeys(names)
    drill.require_journeys(names)
