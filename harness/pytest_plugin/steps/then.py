"""Then: what clients must have seen, and what must be left afterwards."""

from __future__ import annotations

from pytest_bdd import parsers, then

from harness.drill.facade import Drill


@then(parsers.re(r"clients are served by (?P<region>.+) within the recovery time objective"))
def _recovered(drill: Drill, region: str) -> None:
    drill.require_recovery(drill.region(region))


@then("clients have nowhere to go")
def _nowhere(drill: Drill) -> None:
    drill.require_nowhere()


@then("no more is lost than the recovery point objective allows")
def _recovery_point(drill: Drill) -> None:
    drill.require("rpo")


@then("the recovery point is at least as large as the stall")
def _recovery_point_shows_stall(drill: Drill) -> None:
    drill.require("rpo-shows-stall")


@then(parsers.re(r"service fails back to (?P<region>.+)"))
def _failed_back(drill: Drill, region: str) -> None:
    drill.require_failback(drill.region(region))


@then("nothing that was acknowledged stays lost")
def _nothing_lost(drill: Drill) -> None:
    drill.require("durability", at_rest=True)


@then("both regions hold the same data")
def _same_data(drill: Drill) -> None:
    drill.require("same-data", at_rest=True)


@then("at no time did both regions accept writes")
def _no_split_brain(drill: Drill) -> None:
    drill.require("split-brain")


@then("steady state holds again")
def _steady_again(drill: Drill) -> None:
    drill.reach_steady_state(drill.active_region)


@then(parsers.re(r"clients stay with (?P<region>.+)"))
def _stayed(drill: Drill, region: str) -> None:
    drill.require_no_failover(drill.region(region))


@then(parsers.re(r"over (?P<seconds>[\d.]+) seconds no more requests fail than the error budget allows"))
def _budget(drill: Drill, seconds: str) -> None:
    drill.require_error_budget(drill.scaled_s(float(seconds)))


@then("the control holds")
def _control(drill: Drill) -> None:
    drill.require_control()
