"""Liveness testing agents as health checkers: what they send, how long they wait, and what they make of an answer.

Seven agents test each server by each test of a property, each in its own time. A test that takes longer than its
time-out has failed, whatever it was waiting for; where that was a connection it counts as an error, as Akamai's guide
says, so that a server that is switched off is not preferred to one that answers with errors. 3xx, 4xx and 5xx are
errors where the test says so, and anything else that is HTTP is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness import scaling
from harness.engines.health_checks.checker import NOT_CONNECTED, Checker, Finished, Limits, Observation
from harness.engines.health_checks.policy import AddressBook, Place, Request, Resolve
from harness.kit.address import Address, is_loopback
from harness.parts.steering.akamai.liveness import AGENTS, Tested
from harness.parts.steering.akamai.properties import LivenessTest, Property
from harness.parts.steering.akamai.scoring import Result
from harness.units import to_ns, to_s

SEARCHED_BYTES = 8192
"""A response string may occur in the first 8 KB of the answer."""
_AGENT = "Akamai-GTM-liveness-test"
_STANDARD_PORTS = {"HTTP": 80, "HTTPS": 443}


@dataclass(frozen=True)
class ServerCheck:
    """One server of a property, by one of its tests. host: the property's whole name."""

    host: str
    server: str
    test: LivenessTest

    @property
    def id(self) -> str:
        """See Check."""
        return f"{self.host}/{self.server}/{self.test.name}"


def checks_of(properties: Mapping[str, Property]) -> dict[str, ServerCheck]:
    """All that agents test, by id."""
    checks = (
        ServerCheck(prop.name, server, test)
        for prop in properties.values()
        for server in prop.servers
        for test in prop.tests
    )
    return {check.id: check for check in checks}


@dataclass(frozen=True)
class AnyOf:
    """See policy.Judge. error_codes: hundreds of HTTP statuses that are errors. wanted: what a body must hold."""

    error_codes: frozenset[int]
    wanted: str = ""

    @property
    def searched_bytes(self) -> int:
        """See Judge."""
        return SEARCHED_BYTES if self.wanted else 0

    def status(self, status: int, reason: str) -> Finished:
        """See Judge."""
        if status // 100 in self.error_codes:
            return Finished(False, f"HTTP error {status}", "status", status)
        return Finished(True, f"HTTP {status}", "", status)

    def body(self, body: bytes) -> Finished:
        """See Judge."""
        if self.wanted.encode() in body[:SEARCHED_BYTES]:
            return Finished(True, "the response string was found")
        return Finished(False, "the response string was not found", "body")

    def unanswered(self, finished: Finished) -> Finished:
        """See Judge: a connection that timed out is an error."""
        return replace(finished, cause="connection") if finished.text == NOT_CONNECTED else finished


@dataclass(frozen=True)
class LivenessAgents:
    """See policy.Policy. agents: of each server. scale: of intervals and time-outs."""

    agents: int = AGENTS
    scale: float = 1.0

    def asks(self, check: ServerCheck) -> bool:
        """See Policy."""
        return True

    def same(self, known: ServerCheck, now: ServerCheck) -> bool:
        """See Policy."""
        return known == now

    def places(self, check: ServerCheck) -> tuple[Place, ...]:
        """See Policy."""
        return tuple(Place(f"agent {number + 1}", f"198.51.100.{number + 1}") for number in range(self.agents))

    def fresh(self, check: ServerCheck) -> Checker:
        """See Policy. The interval is that between two tests; votes are of no use here (see scoring.py)."""
        return Checker(scaling.interval_ns(to_ns(check.test.interval_s), self.scale), 1, paced=True)

    def limits(self, check: ServerCheck) -> Limits:
        """See Policy: one limit for the whole test."""
        return Limits.together(scaling.timeout_ns(to_ns(check.test.timeout_s), self.scale))

    def target(self, check: ServerCheck, address_book: AddressBook, resolve: Resolve) -> Address | Finished:
        """See Policy."""
        if check.server in address_book:
            return address_book[check.server]
        if not is_loopback(check.server):
            return Finished(False, f"{check.server} is not reachable here: it is not in the address book", "address")
        return check.server, check.test.port

    def request(self, check: ServerCheck, address: Address, limits: Limits) -> Request:
        """See Policy. Certificates are not verified, unless a test asks for it."""
        test = check.test
        return Request(
            host=address[0],
            port=address[1],
            payload=_payload(check) if test.protocol.startswith("HTTP") else b"",
            limits=limits,
            judge=AnyOf(test.error_codes, test.response_string),
            tls=test.protocol in ("HTTPS", "TCPS"),
        )


def reported(check: ServerCheck, agent: int, seen: Observation) -> Tested:
    """What an agent found out, for the machine."""
    failed = Result("timeout" if seen.cause == "timeout" else "error")
    result = Result("", to_s(seen.took_ns)) if seen.ok else failed
    return Tested(check.host, check.server, check.test.name, agent, result)


def _payload(check: ServerCheck) -> bytes:
    test = check.test
    given = {name.lower() for name, _ in test.headers}
    port = "" if _STANDARD_PORTS.get(test.protocol) == test.port else f":{test.port}"
    lines = [
        f"{test.method} {test.path} HTTP/1.1",
        *([] if "host" in given else [f"Host: {check.server}{port}"]),
        *([] if "user-agent" in given else [f"User-Agent: {_AGENT}"]),
        *(f"{name}: {value}" for name, value in test.headers),
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")
