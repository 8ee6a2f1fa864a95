"""Then: what clients must have seen, and what must be left afterwards."""

from __future__ import annotations

from pytest_bdd import parsers, then

from harness.drill.facade import Drill
from harness.pytest_plugin.amounts import lasting, seconds
from harness.pytest_plugin.steps.patterns import REGION, WITHIN


@then(parsers.re(r"clients are served by (?P<region>.+) within the recovery time objective"))
def _recovered(drill: Drill, region: str) -> None:
    """clients are served by REGION within the recovery time objective

    Waits until the region has served everybody for the window W; judges the recovery time, from the fault, or from the
    heal of one region while another is lost.
    Example: clients are served by the standby region within the recovery time objective
    """
    drill.require_recovery(drill.region(region))


@then(parsers.re(r"the database of (?P<region>.+) takes the writes"))
def _database(drill: Drill, region: str) -> None:
    """the database of REGION takes the writes

    Waits, for as long as a failback may take, until what clients write is stored there, wherever they are served.
    Example: the database of the standby region takes the writes
    """
    drill.require_database(drill.region(region))


@then("clients have nowhere to go")
def _nowhere(drill: Drill) -> None:
    """clients have nowhere to go

    Every region is lost: for the window W nobody is served.
    Example: clients have nowhere to go
    """
    drill.require_nowhere()


@then("no pod was ended by its probes")
def _no_restarts(drill: Drill) -> None:
    """no pod was ended by its probes

    Judges, over the whole drill, whether liveness or startup probes restarted any pod since the first fault.
    Example: no pod was ended by its probes
    """
    drill.require("no-restarts")


@then("no more is lost than the recovery point objective allows")
def _recovery_point(drill: Drill) -> None:
    """no more is lost than the recovery point objective allows

    Judges what was acknowledged and is missing after the failover.
    Example: no more is lost than the recovery point objective allows
    """
    drill.require("rpo")


@then("the recovery point is at least as large as the stall")
def _recovery_point_shows_stall(drill: Drill) -> None:
    """the recovery point is at least as large as the stall

    The loss is as old as replication had been stalled.
    Example: the recovery point is at least as large as the stall
    """
    drill.require("rpo-shows-stall")


@then(parsers.re(r"service fails back to (?P<region>.+)"))
def _failed_back(drill: Drill, region: str) -> None:
    """service fails back to REGION

    Waits until the region serves every judged client again, and to the end.
    Example: service fails back to the primary region
    """
    drill.require_failback(drill.region(region))


@then("nothing that was acknowledged stays lost")
def _nothing_lost(drill: Drill) -> None:
    """nothing that was acknowledged stays lost

    Stops the clients, lets replication settle, and looks for every acknowledged write.
    Example: nothing that was acknowledged stays lost
    """
    drill.require("durability", at_rest=True)


@then(parsers.re(rf"the table is as it was before the corruption{WITHIN}"))
def _table_restored(drill: Drill, seconds: str | None) -> None:
    """the table is as it was before the corruption[, within N seconds]

    Stops the clients, and looks for values that are still corrupt; judges what the restore could not bring back by the
    recovery point objective, and how long corrupt values were to be had by the time that is stated.
    Example: the table is as it was before the corruption
    Example: the table is as it was before the corruption, within 900 seconds
    """
    drill.require_mended("table-restored", "table-corrupted", lasting(seconds))


@then(parsers.re(rf"{REGION} holds again what (?:the [a-z0-9][a-z0-9.-]* region|region \S+) holds{WITHIN}"))
def _rebuilt(drill: Drill, region: str, seconds: str | None) -> None:
    """REGION holds again what REGION holds[, within N seconds]

    Stops the clients, lets replication settle, and compares the region whose tables had been deleted with the other
    one, and with what clients were told, item by item; judges how long that took by the time that is stated.
    Example: the primary region holds again what the standby region holds
    Example: the primary region holds again what the standby region holds, within 1800 seconds
    """
    drill.region(region)
    drill.require_mended("region-rebuilt", "tables-deleted", lasting(seconds))


@then("both regions hold the same data")
def _same_data(drill: Drill) -> None:
    """both regions hold the same data

    Stops the clients, lets replication settle, and compares the tables.
    Example: both regions hold the same data
    """
    drill.require("same-data", at_rest=True)


@then("both regions took writes of the same items while they were apart")
def _both_wrote(drill: Drill) -> None:
    """both regions took writes of the same items while they were apart

    Without that the drill has shown nothing of what becomes of conflicts.
    Example: both regions took writes of the same items while they were apart
    """
    drill.require("both-sides-wrote")


@then("at no time did both regions accept writes")
def _no_split_brain(drill: Drill) -> None:
    """at no time did both regions accept writes

    Judges split brain over the whole drill. Every drill judges it by what the subject promises; this is for plans
    that must have one side: it misses where both accept writes, and where the subject's file promises that both may
    (`consistency: {writes: both}`), the drill is left out.
    Example: at no time did both regions accept writes
    """
    drill.require("split-brain")


@then("steady state holds again")
def _steady_again(drill: Drill) -> None:
    """steady state holds again

    Waits for five steady seconds in the region that serves now.
    Example: steady state holds again
    """
    drill.reach_steady_state(drill.active_region)


@then(parsers.re(r"clients stay with (?P<region>.+)"))
def _stayed(drill: Drill, region: str) -> None:
    """clients stay with REGION

    For the window W: no other answer, and no writes elsewhere; after a failover, since it was over.
    Example: clients stay with the primary region
    """
    drill.require_no_failover(drill.region(region))


@then(
    parsers.re(r"over (?P<seconds>[\d.]+) seconds no more requests fail than the error budget allows"),
    converters={"seconds": seconds},
)
def _budget(drill: Drill, seconds: float) -> None:
    """over N seconds no more requests fail than the error budget allows

    Watches so long, and judges the error budget.
    Example: over 30 seconds no more requests fail than the error budget allows
    """
    drill.require_error_budget(drill.scaled_s(seconds))


@then("the control holds")
def _control(drill: Drill) -> None:
    """the control holds

    The drill has gone the way that a control must.
    Example: the control holds
    """
    drill.require_control()
