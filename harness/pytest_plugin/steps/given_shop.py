"""Given, of a shop: how it sells; and of components that run otherwise than they should. See `given.py`."""

from __future__ import annotations

from pytest_bdd import given, parsers

from harness.drill.facade import Drill
from harness.kit.plain_numbers import number
from harness.outcome import Verdict


@given(parsers.re(r"the shop sells (?P<orders>[\d.]+) orders a second"), converters={"orders": number})
def _sells(drill: Drill, orders: float) -> None:
    """the shop sells N orders a second

    From now on, at random moments; they are changed, cancelled, refunded and fulfilled too, and the application is told
    of all of it. Seconds of wall time, in each profile. Where the world has no shop, the drill is left out.
    Example: the shop sells 5 orders a second
    """
    drill.sell(orders)


@given("the shop's theme and the application's table have been backed up")
def _backed_up(drill: Drill) -> None:
    """the shop's theme and the application's table have been backed up

    By `drill backup run`, with the clients at work: the theme that shoppers see, and the table that clients write, into
    a Git repository. Where the world has no shop, the drill is left out.
    Example: the shop's theme and the application's table have been backed up
    """
    drill.back_up()


@given(
    parsers.re(
        r"as a control, (?P<component>[a-z][a-z0-9-]*) runs with (?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>\S*), "
        r"so the drill must be MISSED"
    )
)
def _control_variable(drill: Drill, component: str, name: str, value: str) -> None:
    """as a control, COMPONENT runs with VARIABLE=VALUE, so the drill must be MISSED

    Said before the application runs: it has that environment variable, whatever its file says of it; the drill is met
    when what it asks for is missed.
    Example: as a control, storefront runs with INBOX=region, so the drill must be MISSED
    """
    drill.vary(component, name, value)
    drill.be_control(Verdict.MISSED)
