"""Then, of systems of others that the application tells of what happens. See `then.py`."""

from __future__ import annotations

from pytest_bdd import parsers, then

from harness.drill.facade import Drill
from harness.kit.plain_numbers import number
from harness.pytest_plugin.amounts import lasting
from harness.pytest_plugin.steps.patterns import SYSTEM, WITHIN


@then(parsers.re(rf"{SYSTEM} holds every order, once{WITHIN}"))
def _orders(drill: Drill, system: str, seconds: str | None) -> None:
    """the SYSTEM system holds every order, once[, within N seconds]

    Waits so long at most until a third party holds a record, and one only, of everything that happened in the shop by
    now and that it must be told of (effects `SYSTEM:KEY`). Repeats under one idempotency key do no harm.
    Example: the ERP system holds every order, once
    Example: the ERP system holds every order, once, within 300 seconds
    """
    _held(drill, system, "party-holds", seconds)


@then(parsers.re(rf"{SYSTEM} holds everything that clients wrote, once{WITHIN}"))
def _writes(drill: Drill, system: str, seconds: str | None) -> None:
    """the SYSTEM system holds everything that clients wrote, once[, within N seconds]

    The same of each write of a client that was acknowledged by now, with its value.
    Example: the ERP system holds everything that clients wrote, once
    Example: the ERP system holds everything that clients wrote, once, within 300 seconds
    """
    _held(drill, system, "party-holds-writes", seconds)


def _held(drill: Drill, system: str, requirement: str, seconds: str | None) -> None:
    within = lasting(seconds)
    within_s = None if within is None else drill.scaled_s(within)
    drill.require_held(drill.system(system), requirement, within_s)


@then(parsers.re(rf"{SYSTEM} was told in order"))
def _order(drill: Drill, system: str) -> None:
    """the SYSTEM system was told in order

    No older version of anything was stored there after a newer one.
    Example: the ERP system was told in order
    """
    drill.require_order(drill.system(system))


@then(parsers.re(rf"{SYSTEM} was called at most (?P<most>[\d.]+) times for each record while it was in trouble"))
def _spared(drill: Drill, system: str, most: str) -> None:
    """the SYSTEM system was called at most N times for each record while it was in trouble

    More is a storm of retries: a system that is in trouble does not get well from it. Calls that are lost on the way
    are counted by nobody.
    Example: the ERP system was called at most 3 times for each record while it was in trouble
    """
    drill.require_spared(drill.system(system), number(most))
