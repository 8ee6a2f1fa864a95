"""Then, of a business that goes on elsewhere, such as a shop's. See `then.py`."""

from __future__ import annotations

from pytest_bdd import parsers, then

from harness.drill.facade import Drill
from harness.pytest_plugin.amounts import lasting, seconds
from harness.pytest_plugin.steps.patterns import WITHIN


@then("the application knows of everything that happened in the shop")
def _kept(drill: Drill) -> None:
    """the application knows of everything that happened in the shop

    Stops the clients, lets what is under way settle, and looks for the newest version of every order and the like.
    Example: the application knows of everything that happened in the shop
    """
    drill.require("business-kept", at_rest=True)


@then("nothing was done twice because of one event")
def _once(drill: Drill) -> None:
    """nothing was done twice because of one event

    Messages come more than once; what they bring about must not.
    Example: nothing was done twice because of one event
    """
    drill.require("business-once", at_rest=True)


@then("no older state took the place of a newer one")
def _order(drill: Drill) -> None:
    """no older state took the place of a newer one

    Messages come in any order; what the application knows must only ever become newer.
    Example: no older state took the place of a newer one
    """
    drill.require("business-order", at_rest=True)


@then("every forged message was refused")
def _forged(drill: Drill) -> None:
    """every forged message was refused

    Unsigned, wrongly signed or changed on the way, in whichever region it arrived.
    Example: every forged message was refused
    """
    drill.require("business-forged", at_rest=True)


@then("no genuine message was taken for a forged one")
def _trusted(drill: Drill) -> None:
    """no genuine message was taken for a forged one

    A secret is rotated, a body is odd: what the shop has signed must be believed, in whichever region it arrives.
    Example: no genuine message was taken for a forged one
    """
    drill.require("business-trusted", at_rest=True)


@then(
    parsers.re(r"the application knew of each change in the shop within (?P<within>[\d.]+) seconds"),
    converters={"within": seconds},
)
def _soon(drill: Drill, within: float) -> None:
    """the application knew of each change in the shop within N seconds

    From the change to the moment in which any region has stored it, or something newer; what is never known is late.
    Example: the application knew of each change in the shop within 300 seconds
    """
    drill.require_known_within(within)


@then(parsers.re(rf"the theme is as it was when it was backed up{WITHIN}"))
def _theme(drill: Drill, seconds: str | None) -> None:
    """the theme is as it was when it was backed up[, within N seconds]

    Stops the clients, and compares what every file of the theme that shoppers see says with what it said; judges for
    how long they had another one by the time that is stated.
    Example: the theme is as it was when it was backed up
    Example: the theme is as it was when it was backed up, within 900 seconds
    """
    drill.require_theme(lasting(seconds))


@then(
    parsers.re(r"over (?P<seconds>[\d.]+) seconds the shop tells the application of everything that happens"),
    converters={"seconds": seconds},
)
def _told(drill: Drill, seconds: float) -> None:
    """over N seconds the shop tells the application of everything that happens

    Watches so long. Whoever is told of nothing any more, and asks now and then, knows everything too, and later.
    Example: over 50 seconds the shop tells the application of everything that happens
    """
    drill.require_told(drill.scaled_s(seconds))
