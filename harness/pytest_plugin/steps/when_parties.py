"""When, of systems of others that the application tells of what happens. See `when.py`."""

from __future__ import annotations

from pytest_bdd import given, parsers, when

from harness.drill.facade import Drill
from harness.faults.needs import THIRD_PARTIES
from harness.kit.plain_numbers import number, whole
from harness.pytest_plugin.amounts import lasting, milliseconds, share
from harness.pytest_plugin.steps.patterns import FOR, MODE, MODES, SYSTEM

_TROUBLE = "third-party-trouble"


@given("the application tells systems of others what happens")
def _told(drill: Drill) -> None:
    """the application tells systems of others what happens

    What the drill is about; where the environment has none (`third_parties:`), it is left out.
    Example: the application tells systems of others what happens
    """
    drill.need(THIRD_PARTIES)


@when(parsers.re(rf"{SYSTEM} is lost, {MODE}{FOR}"))
def _lost(drill: Drill, system: str, mode: str, seconds: str | None) -> None:
    """the SYSTEM system is lost, MODE[ for N seconds]

    Breaks every link to a third party.
    Example: the ERP system is lost, black-holed
    Example: the fulfilment system is lost, refused for 60 seconds
    """
    drill.inject("third-party-outage", system=drill.system(system), mode=MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"answers of {SYSTEM} take (?P<latency_ms>\d+) ms longer{FOR}"))
def _slow(drill: Drill, system: str, latency_ms: str, seconds: str | None) -> None:
    """answers of the SYSTEM system take N ms longer[ for N seconds]

    What it is told takes effect at once; who gives up before the answer cannot know that.
    Example: answers of the ERP system take 2000 ms longer
    """
    ms, duration = milliseconds(latency_ms), lasting(seconds)
    drill.inject("third-party-slow", system=drill.system(system), latency_ms=ms, for_s=duration)


@when(parsers.re(rf"(?P<percent>[\d.]+) % of the calls of {SYSTEM} fail{FOR}"))
def _failing(drill: Drill, percent: str, system: str, seconds: str | None) -> None:
    """N % of the calls of the SYSTEM system fail[ for N seconds]

    It answers 503 to them.
    Example: 50 % of the calls of the ERP system fail
    """
    rate, duration = share(percent), lasting(seconds)
    drill.inject(_TROUBLE, system=drill.system(system), mode="failing", rate=rate, for_s=duration)


@when(parsers.re(rf"{SYSTEM} answers nonsense{FOR}"))
def _wrong(drill: Drill, system: str, seconds: str | None) -> None:
    """the SYSTEM system answers nonsense[ for N seconds]

    It answers 200 with a page that is no JSON, and stores nothing.
    Example: the CRM system answers nonsense
    """
    drill.inject(_TROUBLE, system=drill.system(system), mode="wrong", for_s=lasting(seconds))


@when(parsers.re(rf"{SYSTEM} never answers{FOR}"))
def _unanswered(drill: Drill, system: str, seconds: str | None) -> None:
    """the SYSTEM system never answers[ for N seconds]

    It stores what it is told, and whoever told it cannot know.
    Example: the ERP system never answers, for 60 seconds
    """
    drill.inject(_TROUBLE, system=drill.system(system), mode="unanswered", for_s=lasting(seconds))


@when(parsers.re(rf"{SYSTEM} lets (?P<per_s>[\d.]+) calls a second in{FOR}"))
def _limited(drill: Drill, system: str, per_s: str, seconds: str | None) -> None:
    """the SYSTEM system lets N calls a second in[ for N seconds]

    It answers 429 with Retry-After to the others; the second is one of the clock, in either profile.
    Example: the ERP system lets 2 calls a second in
    """
    rate, duration = number(per_s), lasting(seconds)
    drill.inject("third-party-limited", system=drill.system(system), per_s=rate, for_s=duration)


@when(parsers.re(rf"{SYSTEM} is in maintenance for (?P<days>\d+) days?"))
def _maintenance(drill: Drill, system: str, days: str) -> None:
    """the SYSTEM system is in maintenance for N days

    It answers 503 with Retry-After to every call. `third_parties.day_s` says how long a day of it lasts in a drill.
    Example: the ERP system is in maintenance for 2 days
    """
    count = whole(days)
    drill.inject(
        "third-party-maintenance", system=drill.system(system), days=count, for_s=lasting(f"{drill.days_s(count):g}")
    )


@when(parsers.re(rf"{SYSTEM} lies{FOR}"))
def _lies(drill: Drill, system: str, seconds: str | None) -> None:
    """the SYSTEM system lies[ for N seconds]

    It answers 201 to whatever it is told, and stores nothing; whoever reads it back is told 404.
    Example: the ERP system lies, for 60 seconds
    """
    drill.inject("third-party-lies", system=drill.system(system), for_s=lasting(seconds))
