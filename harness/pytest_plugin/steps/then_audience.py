"""Then, of users behind caches as they are. See `then.py`."""

from __future__ import annotations

from pytest_bdd import parsers, then

from harness.drill.facade import Drill
from harness.pytest_plugin.amounts import seconds, share


@then(
    parsers.re(r"at least (?P<share>[\d.]+) % of the audience is back within (?P<within>[\d.]+) seconds"),
    converters={"share": share, "within": seconds},
)
def _back(drill: Drill, share: float, within: float) -> None:
    """at least N % of the audience is back within N seconds

    Watches until it is clear; judges, by the environment's `audience:`, how long it took from the fault until so large
    a share of its users was served again. An environment without one leaves the drill out.
    Example: at least 95 % of the audience is back within 150 seconds
    """
    drill.need_audience()
    drill.require_audience(share, within)
