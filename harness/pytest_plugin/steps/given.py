"""Given: what runs, what is promised, and what is switched off on purpose."""

from __future__ import annotations

from pytest_bdd import given, parsers

from harness.drill.facade import Drill
from harness.faults.needs import (
    EVENTUAL_TABLES,
    LIVENESS_AS_READINESS,
    PODS,
    PROVIDER_API,
    ROUTING_CONTROLS,
    STREAMS_TO_FUNCTIONS,
    STRONG_TABLES,
    WRITES_ON_BOTH_SIDES,
)
from harness.kit.plain_numbers import whole
from harness.outcome import Verdict
from harness.pytest_plugin.amounts import milliseconds, seconds, share, stated
from harness.topology.stop import StopErrors, StopLatency

_TO = r"(?: to (?P<region>the [a-z0-9][a-z0-9.-]* region|region [a-z0-9][a-z0-9.-]*))?"
_SECONDS = r"(?P<seconds>[\d.]+) seconds"


@given("the application runs in two regions")
def _runs(drill: Drill) -> None:
    """the application runs in two regions

    Starts the subject and the clients, on fresh data.
    Example: the application runs in two regions
    """
    drill.open()


@given(parsers.re(r"the tables are a global table with (?P<consistency>eventual|strong) consistency"))
def _global_tables(drill: Drill, consistency: str) -> None:
    """the tables are a global table with CONSISTENCY consistency

    What the drill is about; where the tables are replicated otherwise, it is left out.
    Example: the tables are a global table with eventual consistency
    Example: the tables are a global table with strong consistency
    """
    drill.require_world(STRONG_TABLES if consistency == "strong" else EVENTUAL_TABLES)


@given("both regions take writes at any time")
def _both_write(drill: Drill) -> None:
    """both regions take writes at any time

    What the drill is about; where the subject's file does not say so (`consistency: {writes: both}`), it is left out.
    Example: both regions take writes at any time
    """
    drill.require_world(WRITES_ON_BOTH_SIDES)


@given("clients are led by routing controls")
def _by_routing_controls(drill: Drill) -> None:
    """clients are led by routing controls

    What the drill is about; where nobody switches any, it is left out.
    Example: clients are led by routing controls
    """
    drill.need(ROUTING_CONTROLS)


@given("clients are steered through a provider's API")
def _steered(drill: Drill) -> None:
    """clients are steered through a provider's API

    What the drill is about; where clients are steered otherwise, it is left out.
    Example: clients are steered through a provider's API
    """
    drill.need(PROVIDER_API)


@given(parsers.re(r"point-in-time recovery is on in (?P<region>.+)"))
def _protected(drill: Drill, region: str) -> None:
    """point-in-time recovery is on in REGION

    Switches it on, by DynamoDB's own call, for the table that clients write; where nothing can restore it, the drill is
    left out.
    Example: point-in-time recovery is on in the primary region
    """
    drill.protect(region)


@given(parsers.re(r"the subject runs (?P<names>[a-z][a-z0-9-]*(?: and [a-z][a-z0-9-]*)*)"))
def _components(drill: Drill, names: str) -> None:
    """the subject runs COMPONENT[ and COMPONENT]

    Which components the drill is about; where the subject does not run one of them, it is left out.
    Example: the subject runs intermediary and intermediary-b
    """
    drill.need_components(names.split(" and "))


@given(parsers.re(r"steady state in (?P<region>.+)"))
def _steady(drill: Drill, region: str) -> None:
    """steady state in REGION

    Waits for five steady seconds.
    Example: steady state in the primary region
    """
    drill.reach_steady_state(drill.region(region))


@given(parsers.re(r"a recovery time objective of (?P<seconds>[\d.]+) seconds"), converters={"seconds": seconds})
def _rto(drill: Drill, seconds: float) -> None:
    """a recovery time objective of N seconds

    Promises how soon clients are served again; over the environment's default.
    Example: a recovery time objective of 30 seconds
    """
    drill.promise(rto_s=seconds)


@given(parsers.re(r"a recovery point objective of (?P<seconds>[\d.]+) seconds"), converters={"seconds": seconds})
def _rpo_s(drill: Drill, seconds: float) -> None:
    """a recovery point objective of N seconds

    Promises how old the oldest lost write may be.
    Example: a recovery point objective of 2.5 seconds
    """
    drill.promise(rpo_s=seconds)


@given(parsers.re(r"a recovery point objective of (?P<items>\d+) items"), converters={"items": whole})
def _rpo_items(drill: Drill, items: int) -> None:
    """a recovery point objective of N items

    Promises how many acknowledged writes may be lost.
    Example: a recovery point objective of 0 items
    """
    drill.promise(rpo_items=items)


@given(parsers.re(r"an error budget of (?P<budget>[\d.]+) % of requests"), converters={"budget": share})
def _budget(drill: Drill, budget: float) -> None:
    """an error budget of N % of requests

    Promises how many requests may fail.
    Example: an error budget of 0.5 % of requests
    """
    drill.promise(error_budget=budget)


@given(parsers.re(r"a planned interruption objective of (?P<seconds>[\d.]+) seconds"), converters={"seconds": seconds})
def _planned_interruption(drill: Drill, seconds: float) -> None:
    """a planned interruption objective of N seconds

    Promises how long a failback, or another move that was planned, may keep clients waiting.
    Example: a planned interruption objective of 5 seconds
    """
    drill.promise(planned_interruption_s=seconds)


@given(
    parsers.re(rf"the drill stops when more than (?P<percent>[\d.]+) % of requests{_TO} fail within {_SECONDS}"),
    converters={"percent": share, "seconds": seconds},
)
def _stop_errors(drill: Drill, percent: float, region: str | None, seconds: float) -> None:
    """the drill stops when more than N % of requests[ to REGION] fail within N seconds

    Ends the drill as ABORTED, with everything healed, as soon as that many of the requests of the last seconds (of
    production; the profile scales them) failed while something is broken; those of clients that follow DNS, or that
    dial a region.
    Example: the drill stops when more than 60 % of requests fail within 30 seconds
    """
    place = None if region is None else drill.region(region)
    drill.stop_when(errors=stated(StopErrors, share=percent, window_s=seconds, place=place))


@given(
    parsers.re(
        rf"the drill stops when more than (?P<percent>[\d.]+) % of requests{_TO} take longer than "
        rf"(?P<above_ms>\d+) ms within {_SECONDS}"
    ),
    converters={"percent": share, "above_ms": milliseconds, "seconds": seconds},
)
def _stop_latency(drill: Drill, percent: float, region: str | None, above_ms: int, seconds: float) -> None:
    """the drill stops when more than N % of requests[ to REGION] take longer than N ms within N seconds

    The same for requests that take too long, or get no answer in time. Milliseconds are not scaled by the profile.
    Example: the drill stops when more than 50 % of requests take longer than 800 ms within 20 seconds
    """
    place = None if region is None else drill.region(region)
    drill.stop_when(latency=stated(StopLatency, share=percent, above_ms=above_ms, window_s=seconds, place=place))


@given("failover is disabled")
def _failover_off(drill: Drill) -> None:
    """failover is disabled

    Freezes the edge's answer, and stops the subject's failover components.
    Example: failover is disabled
    """
    drill.override(failover_off=True)


@given("as a control, failover is disabled, so the drill must be MISSED")
def _control_failover(drill: Drill) -> None:
    """as a control, failover is disabled, so the drill must be MISSED

    Disables failover; the drill is met when it goes red.
    Example: as a control, failover is disabled, so the drill must be MISSED
    """
    drill.override(failover_off=True)
    drill.be_control(Verdict.MISSED)


@given("as a control, the drill must be MISSED")
def _control_missed(drill: Drill) -> None:
    """as a control, the drill must be MISSED

    What happens in this drill cannot go well; it is met when it goes red.
    Example: as a control, the drill must be MISSED
    """
    drill.be_control(Verdict.MISSED)


@given("the application runs in pods")
def _in_pods(drill: Drill) -> None:
    """the application runs in pods

    Leaves the drill out where the platform runs plain processes: it is about what happens to pods.
    Example: the application runs in pods
    """
    drill.require_world(PODS)


@given("as a control, liveness asks what readiness asks, so the drill must be MISSED")
def _control_liveness(drill: Drill) -> None:
    """as a control, liveness asks what readiness asks, so the drill must be MISSED

    Rolls such pods out everywhere, as the article's manifest has them; the drill is met when it goes red.
    Example: as a control, liveness asks what readiness asks, so the drill must be MISSED
    """
    drill.require_world(PODS)
    drill.deploy(LIVENESS_AS_READINESS)
    drill.be_control(Verdict.MISSED)


@given("streams feed functions")
def _functions(drill: Drill) -> None:
    """streams feed functions

    What the drill is about; where no part of the world runs functions, it is left out.
    Example: streams feed functions
    """
    drill.need(STREAMS_TO_FUNCTIONS)


@given(parsers.re(r"as a control, functions run (?P<file>\S+\.py), so the drill must be MISSED"))
def _control_functions(drill: Drill, file: str) -> None:
    """as a control, functions run FILE, so the drill must be MISSED

    Said before the application runs: all functions run the lambda_handler of that file, named from the subject's
    folder, instead of their own code; the drill is met when it goes red.
    Example: as a control, functions run replication_lambda/article.py, so the drill must be MISSED
    """
    drill.require_world(STREAMS_TO_FUNCTIONS)
    drill.replace_functions(file)
    drill.be_control(Verdict.MISSED)


@given("as a control, the fault is never applied, so the drill must be INVALID")
def _control_fault(drill: Drill) -> None:
    """as a control, the fault is never applied, so the drill must be INVALID

    Applies no fault; the drill is met when it proves nothing.
    Example: as a control, the fault is never applied, so the drill must be INVALID
    """
    drill.override(fault_none=True)
    drill.be_control(Verdict.INVALID, applies_nothing=True)


@given("as a control, a stop condition must hold, so the drill must be ABORTED")
def _control_stop(drill: Drill) -> None:
    """as a control, a stop condition must hold, so the drill must be ABORTED

    The drill is met when a stop condition ends it after its first fault.
    Example: as a control, a stop condition must hold, so the drill must be ABORTED
    """
    drill.be_control(Verdict.ABORTED)
