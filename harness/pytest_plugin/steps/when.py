"""When: what breaks, and when it heals. Durations in these steps are production seconds; the profile scales them."""

from __future__ import annotations

from pytest_bdd import parsers, when

from harness.drill.facade import Drill
from harness.kit.plain_numbers import whole
from harness.pytest_plugin.amounts import lasting, milliseconds, seconds, share

_MODES = {"black-holed": "black-hole", "refused": "refuse", "reset": "reset"}
_MODE = r"(?P<mode>black-holed|refused|reset)"
_FOR = r"(?:,? for (?P<seconds>[\d.]+) seconds)?"
_REGION = r"(?P<region>the [a-z0-9][a-z0-9.-]* region|region [a-z0-9][a-z0-9.-]*)"
"""`the primary region`, `the ROLE region` or `region NAME`; names may have dots in them."""


@when(parsers.re(rf"{_REGION} is lost, {_MODE}{_FOR}"))
def _region_lost(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """REGION is lost, MODE[ for N seconds]

    Breaks every link with an end in the region.
    Example: the primary region is lost, black-holed
    Example: region us-east-1 is lost, refused for 60 seconds
    """
    drill.inject("region-outage", region=region, mode=_MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"{_REGION} is isolated from the rest, {_MODE}{_FOR}"))
def _region_isolated(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """REGION is isolated from the rest, MODE[ for N seconds]

    Breaks only the links that cross the region's border.
    Example: the standby region is isolated from the rest, reset
    """
    drill.inject("region-isolated", region=region, mode=_MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"DynamoDB is lost in {_REGION}, {_MODE}{_FOR}"))
def _database_lost(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """DynamoDB is lost in REGION, MODE[ for N seconds]

    Breaks one service of a region; its applications go on.
    Example: DynamoDB is lost in the primary region, black-holed
    """
    drill.inject("service-outage", region=region, mode=_MODES[mode], for_s=lasting(seconds), service="dynamodb")


@when(parsers.re(rf"(?P<percent>[\d.]+) % of DynamoDB requests fail in {_REGION}{_FOR}"))
def _gray(drill: Drill, percent: str, region: str, seconds: str | None) -> None:
    """N % of DynamoDB requests fail in REGION[ for N seconds]

    Lets some requests of one service fail, drawn per request from the seed.
    Example: 30 % of DynamoDB requests fail in the primary region
    """
    drill.inject("gray-failure", region=region, for_s=lasting(seconds), rate=share(percent), service="dynamodb")


@when(parsers.re(rf"(?P<latency_ms>\d+) ms of latency (?:is|are) added to {_REGION}{_FOR}"))
def _latency(drill: Drill, latency_ms: str, region: str, seconds: str | None) -> None:
    """N ms of latency are added to REGION[ for N seconds]

    Slows every link with an end in the region.
    Example: 400 ms of latency are added to the primary region
    """
    drill.inject("latency", region=region, for_s=lasting(seconds), latency_ms=milliseconds(latency_ms))


@when(parsers.re(rf"traffic from (?P<source>\S+) to (?P<target>\S+) vanishes{_FOR}"))
def _one_way(drill: Drill, source: str, target: str, seconds: str | None) -> None:
    """traffic from PLACE to PLACE vanishes[ for N seconds]

    Breaks one direction only.
    Example: traffic from us-east-1 to us-west-2 vanishes
    """
    drill.inject("one-way-partition", for_s=lasting(seconds), source=source, to=target)


@when(parsers.re(rf"replication between the regions is stalled{_FOR}"))
def _stalled(drill: Drill, seconds: str | None) -> None:
    """replication between the regions is stalled[ for N seconds]

    Stops replication, and waits so long; it goes on being stalled until the fault heals.
    Example: replication between the regions is stalled for 60 seconds
    """
    drill.stall_replication(lasting(seconds))


@when(parsers.re(rf"writes to DynamoDB fail in {_REGION}{_FOR}"))
def _writes_fail(drill: Drill, region: str, seconds: str | None) -> None:
    """writes to DynamoDB fail in REGION[ for N seconds]

    Refuses writes, and answers reads.
    Example: writes to DynamoDB fail in the primary region
    """
    _refuse(drill, region, "writes", seconds)


@when(parsers.re(rf"reads from DynamoDB fail in {_REGION}{_FOR}"))
def _reads_fail(drill: Drill, region: str, seconds: str | None) -> None:
    """reads from DynamoDB fail in REGION[ for N seconds]

    Refuses reads, and takes writes.
    Example: reads from DynamoDB fail in the primary region
    """
    _refuse(drill, region, "reads", seconds)


def _refuse(drill: Drill, region: str, operations: str, seconds: str | None) -> None:
    duration = lasting(seconds)
    drill.inject("operations-refused", region=region, for_s=duration, operations=operations)


@when(parsers.re(rf"(?P<records>\d+) poison records? (?:is|are) written in {_REGION}{_FOR}"))
def _poison(drill: Drill, records: str, region: str, seconds: str | None) -> None:
    """N poison records are written in REGION[ for N seconds]

    Writes records that nobody expects into the table that clients write to; the heal removes them.
    Example: 3 poison records are written in the primary region
    Example: 1 poison record is written in the primary region
    """
    duration = lasting(seconds)
    drill.inject("poison-record", region=region, for_s=duration, records=whole(records))


@when(parsers.re(rf"the database of {_REGION} loses power{_FOR}"))
def _power_lost(drill: Drill, region: str, seconds: str | None) -> None:
    """the database of REGION loses power[ for N seconds]

    Ends a database's server at once; the heal starts it again on what it has stored.
    Example: the database of the primary region loses power
    """
    drill.inject("database-power-cycle", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"the process (?P<instance>\S+) is cut off(?: from (?P<to>\S+))?, {_MODE}{_FOR}"))
def _cut_off(drill: Drill, instance: str, to: str | None, mode: str, seconds: str | None) -> None:
    """the process INSTANCE is cut off[ from PLACE], MODE[ for N seconds]

    Breaks every link that starts at a process of the subject, or those to one place.
    Example: the process monitor.outside is cut off, black-holed
    Example: the process monitor.outside is cut off from us-east-1, refused
    """
    drill.inject("component-isolated", for_s=lasting(seconds), mode=_MODES[mode], instance=instance, to=to)


@when(parsers.re(rf"the process (?P<instance>\S+) is killed{_FOR}"))
def _killed(drill: Drill, instance: str, seconds: str | None) -> None:
    """the process INSTANCE is killed[ for N seconds]

    Kills a process of the subject.
    Example: the process monitor.outside is killed
    """
    drill.inject("process-kill", for_s=lasting(seconds), instance=instance)


@when(parsers.re(rf"the process (?P<instance>\S+) is frozen{_FOR}"))
def _frozen(drill: Drill, instance: str, seconds: str | None) -> None:
    """the process INSTANCE is frozen[ for N seconds]

    Stops a process of the subject, which keeps its connections.
    Example: the process storefront.us-east-1 is frozen
    """
    drill.inject("process-freeze", for_s=lasting(seconds), instance=instance)


@when(parsers.re(rf"all pods of {_REGION} are killed{_FOR}"))
def _pods_killed(drill: Drill, region: str, seconds: str | None) -> None:
    """all pods of REGION are killed[ for N seconds]

    Kills every container there at once; what runs them starts them again.
    Example: all pods of the primary region are killed
    """
    drill.inject("pods-killed", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"one pod of {_REGION} is frozen{_FOR}"))
def _pod_frozen(drill: Drill, region: str, seconds: str | None) -> None:
    """one pod of REGION is frozen[ for N seconds]

    Stops one pod of the application, which keeps its connections.
    Example: one pod of the primary region is frozen
    """
    drill.inject("pod-frozen", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"a version that never gets ready is rolled out in {_REGION}{_FOR}"))
def _bad_deploy(drill: Drill, region: str, seconds: str | None) -> None:
    """a version that never gets ready is rolled out in REGION[ for N seconds]

    Replaces the application's pods, as far as its Deployment allows, by some that never answer; the heal rolls it back.
    Example: a version that never gets ready is rolled out in the primary region
    """
    drill.inject("bad-deploy", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"the monitor is killed{_FOR}"))
def _monitor_killed(drill: Drill, seconds: str | None) -> None:
    """the monitor is killed[ for N seconds]

    Kills the components that the subject's file names as its failover; without any the drill is INVALID.
    Example: the monitor is killed for 10 seconds
    """
    drill.inject("process-kill", for_s=lasting(seconds), instance=drill.monitor)


@when(parsers.re(rf"the monitor is frozen{_FOR}"))
def _monitor_frozen(drill: Drill, seconds: str | None) -> None:
    """the monitor is frozen[ for N seconds]

    Stops them; they keep their connections.
    Example: the monitor is frozen
    """
    drill.inject("process-freeze", for_s=lasting(seconds), instance=drill.monitor)


@when(parsers.re(rf"the monitor is cut off, {_MODE}{_FOR}"))
def _monitor_cut_off(drill: Drill, mode: str, seconds: str | None) -> None:
    """the monitor is cut off, MODE[ for N seconds]

    Breaks every link that starts at them.
    Example: the monitor is cut off, black-holed
    """
    drill.inject("component-isolated", for_s=lasting(seconds), mode=_MODES[mode], instance=drill.monitor)


@when(parsers.re(rf"the monitor is cut off from {_REGION}, {_MODE}{_FOR}"))
def _monitor_cut_off_from(drill: Drill, region: str, mode: str, seconds: str | None) -> None:
    """the monitor is cut off from REGION, MODE[ for N seconds]

    Breaks their links to one region.
    Example: the monitor is cut off from the primary region, black-holed
    """
    to, duration = drill.ends(region), lasting(seconds)
    drill.inject("component-isolated", for_s=duration, mode=_MODES[mode], instance=drill.monitor, to=to)


@when(parsers.re(rf"the provider's API is lost, {_MODE}{_FOR}"))
def _provider_lost(drill: Drill, mode: str, seconds: str | None) -> None:
    """the provider's API is lost, MODE[ for N seconds]

    Breaks every link to the API that clients are steered through; answers go on as they are.
    Example: the provider's API is lost, black-holed for 60 seconds
    """
    drill.inject("provider-outage", mode=_MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"the provider's API is (?P<trouble>throttled|failing){_FOR}"))
def _provider_trouble(drill: Drill, trouble: str, seconds: str | None) -> None:
    """the provider's API is TROUBLE[ for N seconds]

    Every call is refused as one too many (throttled), or fails (failing).
    Example: the provider's API is throttled, for 60 seconds
    Example: the provider's API is failing
    """
    drill.inject("provider-trouble", mode=trouble, for_s=lasting(seconds))


@when(parsers.re(rf"changes through the provider's API are never answered{_FOR}"))
def _provider_silent(drill: Drill, seconds: str | None) -> None:
    """changes through the provider's API are never answered[ for N seconds]

    They are carried out, and whoever asked for them cannot know.
    Example: changes through the provider's API are never answered, for 60 seconds
    """
    drill.inject("provider-trouble", mode="unanswered", for_s=lasting(seconds))


@when(parsers.re(r"the record is deleted and made anew after (?P<seconds>[\d.]+) seconds"))
def _record_replaced(drill: Drill, seconds: str) -> None:
    """the record is deleted and made anew after N seconds

    Replaces the application's record the wrong way: for a moment the name does not exist.
    Example: the record is deleted and made anew after 10 seconds
    """
    drill.inject("record-replaced", for_s=lasting(seconds))


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


@when(parsers.re(rf"{_REGION} heals"))
def _region_heals(drill: Drill, region: str) -> None:
    """REGION heals

    Heals what was lost there, its database included; what holds elsewhere goes on.
    Example: the primary region heals
    """
    drill.heal(region)
