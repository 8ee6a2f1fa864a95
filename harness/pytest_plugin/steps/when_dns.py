"""When, of the way on which clients learn the application's address: resolvers and name servers. See `when.py`."""

from __future__ import annotations

from pytest_bdd import given, parsers, when

from harness.drill.facade import Drill
from harness.faults.needs import DNS_PATHS
from harness.faults.of_dns import NAME_SERVERS, RESOLVERS
from harness.pytest_plugin.amounts import lasting, milliseconds, share
from harness.pytest_plugin.steps.patterns import FOR, MODE, MODES

_TROUBLE = "dns-trouble"
_SERVERS = r"(?P<servers>the name servers|the resolvers|(?:ns|resolver)-\d)"
_ALL = {"the name servers": NAME_SERVERS, "the resolvers": RESOLVERS}
_WAYS = {"truncated": "truncated", "denied": "nxdomain", "failed": "servfail", "astray": "wrong-address"}


@given("names are asked for over links of their own")
def _over_links(drill: Drill) -> None:
    """names are asked for over links of their own

    What the drill is about; where the environment has none (`dns:`), it is left out.
    Example: names are asked for over links of their own
    """
    drill.need(DNS_PATHS)


@when(parsers.re(rf"the resolver (?P<resolver>resolver-\d) is lost, {MODE}{FOR}"))
def _resolver_lost(drill: Drill, resolver: str, mode: str, seconds: str | None) -> None:
    """the resolver RESOLVER is lost, MODE[ for N seconds]

    Breaks every link to a resolver; clients ask the first one first. `reset` is no mode of DNS.
    Example: the resolver resolver-1 is lost, black-holed
    """
    drill.inject("resolver-outage", resolver=resolver, mode=MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"the name server (?P<server>ns-\d) is lost, {MODE}{FOR}"))
def _name_server_lost(drill: Drill, server: str, mode: str, seconds: str | None) -> None:
    """the name server SERVER is lost, MODE[ for N seconds]

    Breaks every link to one name server; the others answer. `reset` is no mode of DNS.
    Example: the name server ns-1 is lost, refused
    """
    drill.inject("name-server-outage", name_server=server, mode=MODES[mode], for_s=lasting(seconds))


@when(parsers.re(rf"(?P<percent>[\d.]+) % of the DNS answers of {_SERVERS} are lost{FOR}"))
def _lossy(drill: Drill, percent: str, servers: str, seconds: str | None) -> None:
    """N % of the DNS answers of SERVERS are lost[ for N seconds]

    Drawn for each question from the seed.
    Example: 30 % of the DNS answers of the name servers are lost
    """
    drill.inject(_TROUBLE, servers=_all(servers), mode="lost", rate=share(percent), for_s=lasting(seconds))


@when(parsers.re(rf"the DNS answers of {_SERVERS} take (?P<latency_ms>\d+) ms longer{FOR}"))
def _slow(drill: Drill, servers: str, latency_ms: str, seconds: str | None) -> None:
    """the DNS answers of SERVERS take N ms longer[ for N seconds]

    Whoever waits for less asks somebody else.
    Example: the DNS answers of ns-1 take 200 ms longer
    """
    delay_ms, duration = milliseconds(latency_ms), lasting(seconds)
    drill.inject(_TROUBLE, servers=_all(servers), mode="slow", delay_ms=delay_ms, for_s=duration)


@when(parsers.re(rf"the DNS answers of {_SERVERS} are (?P<way>truncated|denied|failed|astray){FOR}"))
def _false(drill: Drill, servers: str, way: str, seconds: str | None) -> None:
    """the DNS answers of SERVERS are WAY[ for N seconds]

    Another answer comes than the true one; one that is denied says for how long that may be remembered, by the zone's
    own SOA.
    Example: the DNS answers of the name servers are denied, for 20 seconds
    Example: the DNS answers of resolver-1 are truncated
    """
    drill.inject(_TROUBLE, servers=_all(servers), mode=_WAYS[way], for_s=lasting(seconds))


def _all(servers: str) -> str:
    return _ALL.get(servers, servers)
