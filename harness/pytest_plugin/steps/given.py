"""Given: what runs, what is promised, and what is switched off on purpose."""

from __future__ import annotations

from pytest_bdd import given, parsers

from harness.drill.facade import Drill
from harness.outcome import Verdict


@given("the application runs in two regions")
def _runs(drill: Drill) -> None:
    drill.open()


@given(parsers.re(r"steady state in (?P<region>.+)"))
def _steady(drill: Drill, region: str) -> None:
    drill.reach_steady_state(drill.region(region))


@given(parsers.re(r"a recovery time objective of (?P<seconds>[\d.]+) seconds"), converters={"seconds": float})
def _rto(drill: Drill, seconds: float) -> None:
    drill.promise(rto_s=seconds)


@given(parsers.re(r"a recovery point objective of (?P<seconds>[\d.]+) seconds"), converters={"seconds": float})
def _rpo_s(drill: Drill, seconds: float) -> None:
    drill.promise(rpo_s=seconds)


@given(parsers.re(r"a recovery point objective of (?P<items>\d+) items"), converters={"items": int})
def _rpo_items(drill: Drill, items: int) -> None:
    drill.promise(rpo_items=items)


@given(parsers.re(r"an error budget of (?P<percent>[\d.]+) % of requests"), converters={"percent": float})
def _budget(drill: Drill, percent: float) -> None:
    drill.promise(error_budget=percent / 100)


@given(parsers.re(r"a planned interruption objective of (?P<seconds>[\d.]+) seconds"), converters={"seconds": float})
def _planned_interruption(drill: Drill, seconds: float) -> None:
    drill.promise(planned_interruption_s=seconds)


@given("failover is disabled")
def _failover_off(drill: Drill) -> None:
    drill.override(failover_off=True)


@given("as a control, failover is disabled, so the drill must be MISSED")
def _control_failover(drill: Drill) -> None:
    drill.override(failover_off=True)
    drill.be_control(Verdict.MISSED)


@given("as a control, the fault is never applied, so the drill must be INVALID")
def _control_fault(drill: Drill) -> None:
    drill.override(fault_none=True)
    drill.be_control(Verdict.INVALID)
