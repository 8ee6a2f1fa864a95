"""When, of what is stored: what is corrupted or deleted, and what the operator does about it. See `when.py`."""

from __future__ import annotations

from pytest_bdd import parsers, when

from harness.drill.facade import Drill
from harness.kit.plain_numbers import whole
from harness.pytest_plugin.amounts import lasting
from harness.pytest_plugin.steps.patterns import FOR, REGION


@when(parsers.re(rf"a bad deployment corrupts (?P<items>\d+) items in {REGION}{FOR}"))
def _corrupted(drill: Drill, items: str, region: str, seconds: str | None) -> None:
    """a bad deployment corrupts N items in REGION[ for N seconds]

    Rewrites so many values, at most, of the table that clients write; the heal takes it back, and mends none.
    Example: a bad deployment corrupts 200 items in the primary region
    """
    drill.inject("table-corrupted", region=region, for_s=lasting(seconds), items=whole(items))


@when(parsers.re(rf"the table of {REGION} is restored to the second before the corruption"))
def _restored(drill: Drill, region: str) -> None:
    """the table of REGION is restored to the second before the corruption

    What an operator does, by DynamoDB's own calls, with the clients at work: waits until that second can be restored,
    restores it into a new table, and puts back from there what is still corrupt.
    Example: the table of the primary region is restored to the second before the corruption
    """
    drill.restore_table(region)


@when(parsers.re(rf"the tables of {REGION} are deleted for good"))
def _deleted(drill: Drill, region: str) -> None:
    """the tables of REGION are deleted for good

    Deletes every table of the region's database; no heal brings one back.
    Example: the tables of the primary region are deleted for good
    """
    drill.inject("tables-deleted", region=region)


@when(parsers.re(rf"{REGION} is rebuilt from (?P<survivor>the [a-z0-9][a-z0-9.-]* region|region [a-z0-9][a-z0-9.-]*)"))
def _rebuilt(drill: Drill, region: str, survivor: str) -> None:
    """REGION is rebuilt from REGION

    What an operator does, by DynamoDB's own calls, with the clients at work: exports the tables of the second region,
    imports them in the first, and sets up again what no import brings: streams, time to live, point-in-time recovery.
    Example: the primary region is rebuilt from the standby region
    """
    drill.rebuild_region(region, survivor)
