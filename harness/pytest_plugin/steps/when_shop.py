"""When, of a shop: what it sells at once, and the trouble that its platform makes. See `when.py`."""

from __future__ import annotations

from pytest_bdd import parsers, when

from harness.drill.facade import Drill
from harness.kit.plain_numbers import number, whole
from harness.pytest_plugin.amounts import lasting, seconds, share
from harness.pytest_plugin.steps.patterns import FOR, REGION


@when(
    parsers.re(r"the shop takes (?P<orders>\d+) orders within (?P<seconds>[\d.]+) seconds"),
    converters={"orders": whole, "seconds": seconds},
)
def _burst(drill: Drill, orders: int, seconds: float) -> None:
    """the shop takes N orders within N seconds

    A burst; the scenario goes on at once.
    Example: the shop takes 300 orders within 100 seconds
    """
    drill.sell_at_once(orders, seconds)


@when(
    parsers.re(
        rf"(?P<percent>[\d.]+) % of the shop's messages come twice, each up to (?P<late>[\d.]+) seconds late{FOR}"
    ),
    converters={"percent": share, "late": number},
)
def _disturbed(drill: Drill, percent: float, late: float, seconds: str | None) -> None:
    """N % of the shop's messages come twice, each up to N seconds late[ for N seconds]

    Messages of one order overtake one another.
    Example: 30 % of the shop's messages come twice, each up to 20 seconds late
    """
    drill.inject("shop-trouble", mode="disturbed", portion=percent, over_s=late, for_s=lasting(seconds))


@when(parsers.re(rf"(?P<count>\d+) forged messages are sent to each region{FOR}"))
def _forged(drill: Drill, count: str, seconds: str | None) -> None:
    """N forged messages are sent to each region[ for N seconds]

    Unsigned, signed with another secret, or changed after they were signed: they look like the shop's.
    Example: 20 forged messages are sent to each region
    """
    drill.inject("shop-trouble", mode="forged", count=whole(count), for_s=lasting(seconds))


@when(parsers.re(rf"the shop removes the application's webhook subscriptions{FOR}"))
def _unsubscribed(drill: Drill, seconds: str | None) -> None:
    """the shop removes the application's webhook subscriptions[ for N seconds]

    As it does where messages are not taken for long; nobody is told of anything until the application subscribes again.
    Example: the shop removes the application's webhook subscriptions
    """
    drill.inject("shop-trouble", mode="subscriptions-removed", for_s=lasting(seconds))


@when(
    parsers.re(
        r"only (?P<points>\d+) points are left for calls to the shop, and none come back for (?P<late>[\d.]+) seconds"
    ),
    converters={"points": whole, "late": seconds},
)
def _throttled(drill: Drill, points: int, late: float) -> None:
    """only N points are left for calls to the shop, and none come back for N seconds

    Calls that cost more than is there are refused as too many.
    Example: only 20 points are left for calls to the shop, and none come back for 100 seconds
    """
    drill.inject("shop-trouble", mode="throttled", count=points, over_s=late)


@when(parsers.re(rf"the shop's access tokens of {REGION} expire{FOR}"))
def _expired(drill: Drill, region: str, seconds: str | None) -> None:
    """the shop's access tokens of REGION expire[ for N seconds]

    Those that the application got there are refused from now on; new ones can be had.
    Example: the shop's access tokens of the standby region expire
    """
    drill.inject("shop-trouble", mode="token-expired", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"the client secret is rotated{FOR}"))
def _rotated(drill: Drill, seconds: str | None) -> None:
    """the client secret is rotated[ for N seconds]

    The application is given a new secret beside the old one, everywhere; then the shop changes over, within an hour.
    Example: the client secret is rotated
    """
    drill.inject("shop-trouble", mode="secret-rotated", for_s=lasting(seconds))


@when("the shop has given up what it could not tell")
def _given_up(drill: Drill) -> None:
    """the shop has given up what it could not tell

    Lets the time pass in which messages that are not taken are sent again: four hours, or what the profile has instead.
    Example: the shop has given up what it could not tell
    """
    drill.outlast_retries()


@when(parsers.re(rf"a bad deployment breaks the shop's theme{FOR}"))
def _theme_broken(drill: Drill, seconds: str | None) -> None:
    """a bad deployment breaks the shop's theme[ for N seconds]

    Files of the theme that shoppers see are changed, gone, and too many; to take the deployment back mends nothing.
    Example: a bad deployment breaks the shop's theme
    """
    drill.inject("shop-trouble", mode="theme-broken", for_s=lasting(seconds))


@when("the theme is restored from the backup")
def _theme_restored(drill: Drill) -> None:
    """the theme is restored from the backup

    By `drill restore`, from the newest backup; meanwhile the shop is asked how its theme is.
    Example: the theme is restored from the backup
    """
    drill.restore_theme()


@when(parsers.re(rf"the table of {REGION} is restored from the backup"))
def _table_restored(drill: Drill, region: str) -> None:
    """the table of REGION is restored from the backup

    By `drill restore`, from the newest backup, into a table beside it; from there what is still corrupt is put back.
    Example: the table of the primary region is restored from the backup
    """
    drill.restore_archived_table(region)
