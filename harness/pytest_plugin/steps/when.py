"""When: what breaks, and when it heals. Durations in these steps are production seconds; the profile scales them."""

from __future__ import annotations

from pytest_bdd import parsers, when

from harness.drill.facade import Drill
from harness.kit.plain_numbers import whole
from harness.pytest_plugin.amounts import lasting, milliseconds, seconds, share
from harness.pytest_plugin.steps.patterns import FOR, MODE, MODES, REGION


@when(parsers.re(rf"{REGION} is lost, {MODE}{FOR}"))
def _region_lost(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """REGION is lost, MODE[ for N seconds]

    Breaks every link with an end in the region.
    Example: the primary region is lost, black-holed
    Example: region us-east-1 is lost, refused for 60 seconds
    """
    drill.inject("region-outage", region=region, mode=MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"{REGION} is isolated from the rest, {MODE}{FOR}"))
def _region_isolated(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """REGION is isolated from the rest, MODE[ for N seconds]

    Breaks only the links that cross the region's border.
    Example: the standby region is isolated from the rest, reset
    """
    drill.inject("region-isolated", region=region, mode=MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"DynamoDB is lost in {REGION}, {MODE}{FOR}"))
def _database_lost(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """DynamoDB is lost in REGION, MODE[ for N seconds]

    Breaks one service of a region; its applications go on.
    Example: DynamoDB is lost in the primary region, black-holed
    """
    drill.inject("service-outage", region=region, mode=MODES[mode], for_s=lasting(seconds), service="dynamodb")


@when(parsers.re(rf"(?P<percent>[\d.]+) % of DynamoDB requests fail in {REGION}{FOR}"))
def _gray(drill: Drill, percent: str, region: str, seconds: str | None) -> None:
    """N % of DynamoDB requests fail in REGION[ for N seconds]

    Lets some requests of one service fail, drawn per request from the seed.
    Example: 30 % of DynamoDB requests fail in the primary region
    """
    drill.inject("gray-failure", region=region, for_s=lasting(seconds), rate=share(percent), service="dynamodb")


@when(parsers.re(rf"(?P<latency_ms>\d+) ms of latency (?:is|are) added to {REGION}{FOR}"))
def _latency(drill: Drill, latency_ms: str, region: str, seconds: str | None) -> None:
    """N ms of latency are added to REGION[ for N seconds]

    Slows every link with an end in the region.
    Example: 400 ms of latency are added to the primary region
    """
    drill.inject("latency", region=region, for_s=lasting(seconds), latency_ms=milliseconds(latency_ms))


@when(parsers.re(rf"traffic from (?P<source>\S+) to (?P<target>\S+) vanishes{FOR}"))
def _one_way(drill: Drill, source: str, target: str, seconds: str | None) -> None:
    """traffic from PLACE to PLACE vanishes[ for N seconds]

    Breaks one direction only.
    Example: traffic from us-east-1 to us-west-2 vanishes
    """
    drill.inject("one-way-partition", for_s=lasting(seconds), source=source, to=target)


@when(parsers.re(rf"replication between the regions is stalled{FOR}"))
def _stalled(drill: Drill, seconds: str | None) -> None:
    """replication between the regions is stalled[ for N seconds]

    Stops replication, and waits so long; it goes on being stalled until the fault heals.
    Example: replication between the regions is stalled for 60 seconds
    """
    drill.stall_replication(lasting(seconds))


@when(parsers.re(rf"writes to DynamoDB fail in {REGION}{FOR}"))
def _writes_fail(drill: Drill, region: str, seconds: str | None) -> None:
    """writes to DynamoDB fail in REGION[ for N seconds]

    Refuses writes, and answers reads.
    Example: writes to DynamoDB fail in the primary region
    """
    _refuse(drill, region, "writes", seconds)


@when(parsers.re(rf"reads from DynamoDB fail in {REGION}{FOR}"))
def _reads_fail(drill: Drill, region: str, seconds: str | None) -> None:
    """reads from DynamoDB fail in REGION[ for N seconds]

    Refuses reads, and takes writes.
    Example: reads from DynamoDB fail in the primary region
    """
    _refuse(drill, region, "reads", seconds)


def _refuse(drill: Drill, region: str, operations: str, seconds: str | None) -> None:
    duration = lasting(seconds)
    drill.inject("operations-refused", region=region, for_s=duration, operations=operations)


@when(parsers.re(rf"(?P<records>\d+) poison records? (?:is|are) written in {REGION}{FOR}"))
def _poison(drill: Drill, records: str, region: str, seconds: str | None) -> None:
    """N poison records are written in REGION[ for N seconds]

    Writes records that nobody expects into the table that clients write to; the heal removes them.
    Example: 3 poison records are written in the primary region
    Example: 1 poison record is written in the primary region
    """
    duration = lasting(seconds)
    drill.inject("poison-record", region=region, for_s=duration, records=whole(records))


@when(parsers.re(rf"the database of {REGION} loses power{FOR}"))
def _power_lost(drill: Drill, region: str, seconds: str | None) -> None:
    """the database of REGION loses power[ for N seconds]

    Ends a database's server at once; the heal starts it again on what it has stored.
    Example: the database of the primary region loses power
    """
    drill.inject("database-power-cycle", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"the process (?P<instance>\S+) is cut off(?: from (?P<to>\S+))?, {MODE}{FOR}"))
def _cut_off(drill: Drill, instance: str, to: str | None, mode: str, seconds: str | None) -> None:
    """the process INSTANCE is cut off[ from PLACE], MODE[ for N seconds]

    Breaks every link that starts at a process of the subject, or those to one place.
    Example: the process monitor.outside is cut off, black-holed
    Example: the process monitor.outside is cut off from us-east-1, refused
    """
    drill.inject("component-isolated", for_s=lasting(seconds), mode=MODES[mode], instance=instance, to=to)


@when(parsers.re(rf"the process (?P<instance>\S+) is killed{FOR}"))
def _killed(drill: Drill, instance: str, seconds: str | None) -> None:
    """the process INSTANCE is killed[ for N seconds]

    Kills a process of the subject.
    Example: the process monitor.outside is killed
    """
    drill.inject("process-kill", for_s=lasting(seconds), instance=instance)


@when(parsers.re(rf"the process (?P<instance>\S+) is frozen{FOR}"))
def _frozen(drill: Drill, instance: str, seconds: str | None) -> None:
    """the process INSTANCE is frozen[ for N seconds]

    Stops a process of the subject, which keeps its connections.
    Example: the process storefront.us-east-1 is frozen
    """
    drill.inject("process-freeze", for_s=lasting(seconds), instance=instance)


@when(parsers.re(rf"the monitor is killed{FOR}"))
def _monitor_killed(drill: Drill, seconds: str | None) -> None:
    """the monitor is killed[ for N seconds]

    Kills the components that the subject's file names as its failover; without any the drill is INVALID.
    Example: the monitor is killed for 10 seconds
    """
    drill.inject("process-kill", for_s=lasting(seconds), instance=drill.monitor)


@when(parsers.re(rf"the monitor is frozen{FOR}"))
def _monitor_frozen(drill: Drill, seconds: str | None) -> None:
    """the monitor is frozen[ for N seconds]

    Stops them; they keep their connections.
    Example: the monitor is frozen
    """
    drill.inject("process-freeze", for_s=lasting(seconds), instance=drill.monitor)


@when(parsers.re(rf"the monitor is cut off, {MODE}{FOR}"))
def _monitor_cut_off(drill: Drill, mode: str, seconds: str | None) -> None:
    """the monitor is cut off, MODE[ for N seconds]

    Breaks every link that starts at them.
    Example: the monitor is cut off, black-holed
    """
    drill.inject("component-isolated", for_s=lasting(seconds), mode=MODES[mode], instance=drill.monitor)


@when(parsers.re(rf"the monitor is cut off from {REGION}, {MODE}{FOR}"))
def _monitor_cut_off_from(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """the monitor is cut off from REGION, MODE[ for N seconds]

    Breaks their links to one region.
    Example: the monitor is cut off from the primary region, black-holed
    """
    to, duration = drill.ends(region), lasting(seconds)
    drill.inject("component-isolated", for_s=duration, mode=MODES[mode], instance=drill.monitor, to=to)


@when(parsers.re(r"(?P<seconds>[\d.]+) seconds pass"), converters={"seconds": seconds})
def _wait(drill: Drill, seconds: float) -> None:
    """N seconds pass

    Lets time pass, with the clients at work.
    Example: 20 seconds pass
    """
    drill.watch(drill.scaled_s(seconds))


@when(parsers.re(r"the faults? heals?"))
def _heal(drill: Drill) -> None:
    """the fault heals

    Heals everything that holds.
    Example: the fault heals
    Example: the faults heal
    """
    drill.heal()


@when(parsers.re(rf"{REGION} heals"))
def _region_heals(drill: Drill, region: str) -> None:
    """REGION heals

    Heals what was lost there, its database included; what holds elsewhere goes on.
    Example: the primary region heals
    """
    drill.heal(region)
