"""When, of what the application runs on and is reached by: pods, and a provider's API. See `when.py`."""

from __future__ import annotations

from pytest_bdd import parsers, when

from harness.drill.facade import Drill
from harness.pytest_plugin.amounts import lasting
from harness.pytest_plugin.steps.patterns import FOR, MODE, MODES, REGION

_BLIND = {"reach nothing": "unreachable", "stand still": "frozen"}


@when(parsers.re(rf"all pods of {REGION} are killed{FOR}"))
def _pods_killed(drill: Drill, region: str, seconds: str | None) -> None:
    """all pods of REGION are killed[ for N seconds]

    Kills every container there at once; what runs them starts them again.
    Example: all pods of the primary region are killed
    """
    drill.inject("pods-killed", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"one pod of {REGION} is frozen{FOR}"))
def _pod_frozen(drill: Drill, region: str, seconds: str | None) -> None:
    """one pod of REGION is frozen[ for N seconds]

    Stops one pod of the application, which keeps its connections.
    Example: one pod of the primary region is frozen
    """
    drill.inject("pod-frozen", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"a version that never gets ready is rolled out in {REGION}{FOR}"))
def _bad_deploy(drill: Drill, region: str, seconds: str | None) -> None:
    """a version that never gets ready is rolled out in REGION[ for N seconds]

    Replaces the application's pods, as far as its Deployment allows, by some that never answer; the heal rolls it back.
    Example: a version that never gets ready is rolled out in the primary region
    """
    drill.inject("bad-deploy", region=region, for_s=lasting(seconds))


@when(parsers.re(rf"the provider's API is lost, {MODE}{FOR}"))
def _provider_lost(drill: Drill, mode: str, seconds: str | None) -> None:
    """the provider's API is lost, MODE[ for N seconds]

    Breaks every link to the API that clients are steered through; answers go on as they are.
    Example: the provider's API is lost, black-holed for 60 seconds
    """
    drill.inject("provider-outage", mode=MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"the provider's API is (?P<trouble>throttled|failing){FOR}"))
def _provider_trouble(drill: Drill, trouble: str, seconds: str | None) -> None:
    """the provider's API is TROUBLE[ for N seconds]

    Every call is refused as one too many (throttled), or fails (failing).
    Example: the provider's API is throttled, for 60 seconds
    Example: the provider's API is failing
    """
    drill.inject("provider-trouble", mode=trouble, for_s=lasting(seconds))


@when(parsers.re(rf"changes through the provider's API are never answered{FOR}"))
def _provider_silent(drill: Drill, seconds: str | None) -> None:
    """changes through the provider's API are never answered[ for N seconds]

    They are carried out, and whoever asked for them cannot know.
    Example: changes through the provider's API are never answered, for 60 seconds
    """
    drill.inject("provider-trouble", mode="unanswered", for_s=lasting(seconds))


@when(parsers.re(rf"the provider's control plane is lost, (?P<loss>silent|failing){FOR}"))
def _control_plane_lost(drill: Drill, loss: str, seconds: str | None) -> None:
    """the provider's control plane is lost, LOSS[ for N seconds]

    The provider's API is gone for everybody, wherever they call from; answers and health checks go on.
    Example: the provider's control plane is lost, silent
    Example: the provider's control plane is lost, failing for 60 seconds
    """
    drill.inject("control-plane-outage", mode=loss, for_s=lasting(seconds))


@when(parsers.re(rf"the provider's health checks (?P<how>reach nothing|stand still){FOR}"))
def _health_checks_blind(drill: Drill, how: str, seconds: str | None) -> None:
    """the provider's health checks BLIND[ for N seconds]

    The provider's own checkers no longer see the world; nothing else is wrong.
    Example: the provider's health checks reach nothing, for 60 seconds
    Example: the provider's health checks stand still
    """
    drill.inject("health-checks-blind", mode=_BLIND[how], for_s=lasting(seconds))


@when(parsers.re(r"the record is deleted and made anew after (?P<seconds>[\d.]+) seconds"))
def _record_replaced(drill: Drill, seconds: str) -> None:
    """the record is deleted and made anew after N seconds

    Replaces the application's record the wrong way: for a moment the name does not exist.
    Example: the record is deleted and made anew after 10 seconds
    """
    drill.inject("record-replaced", for_s=lasting(seconds))
