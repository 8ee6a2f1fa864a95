"""How Route 53 checks: its limits, what it takes for healthy, and where its checkers are.

A health check that probes an endpoint has `per_check` checkers, spread over the regions that it names. A checker that
has no result yet votes healthy. Sources: Route 53 Developer Guide, "How Amazon Route 53 determines whether a health
check is healthy"; API Reference, HealthCheckConfig (RequestInterval, FailureThreshold).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import scaling
from harness.engines.dns.zone import HealthCheck
from harness.engines.health_checks.checker import Checker, Finished, Limits
from harness.engines.health_checks.policy import AddressBook, Place, Request, Resolve
from harness.kit.address import Address, is_loopback
from harness.units import to_ns

HTTP_CONNECT_TIMEOUT_S = 4
"""A TCP connection must be established within four seconds (Developer Guide, determining health)."""
TCP_CONNECT_TIMEOUT_S = 10
"""Ten seconds for a TCP health check (Developer Guide, determining health)."""
STATUS_TIMEOUT_S = 2
"""The HTTP status must arrive within two seconds after connecting (Developer Guide, determining health)."""
BODY_TIMEOUT_S = 2
"""For a string match, the body must arrive within two seconds after the status (same page)."""
SEARCHED_BYTES = 5_120
"""The search string must be wholly in the first 5,120 bytes of the body (Developer Guide, determining health)."""
REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
"""Where Route 53's health checkers are (API Reference, HealthCheckConfig Regions)."""
CHECKER_NETWORK = "198.51.100.0/24"
"""Where checkers ask from: TEST-NET-2 (RFC 5737), so that nobody takes an address of theirs for a real one."""
_DEFAULT_PORTS = {"HTTP": 80, "HTTPS": 443, "HTTP_STR_MATCH": 80, "HTTPS_STR_MATCH": 443}


def limits_of(check_type: str, scale: float = 1.0) -> Limits:
    """The documented limits of a health check type, times `scale`, never below one second each."""
    connect_s = TCP_CONNECT_TIMEOUT_S if check_type == "TCP" else HTTP_CONNECT_TIMEOUT_S
    scaled = (scaling.timeout_ns(to_ns(s), scale) for s in (connect_s, STATUS_TIMEOUT_S, BODY_TIMEOUT_S))
    return Limits(*scaled)


def judge_status(status: int, reason: str) -> Finished:
    """The result of an HTTP answer: 2xx and 3xx are healthy (Developer Guide, determining health)."""
    ok = 200 <= status < 400
    text = f"{'Success' if ok else 'Failure'}: HTTP Status Code {status}, {reason or '-'}"
    return Finished(ok, text, "" if ok else "status", status)


def judge_body(body: bytes, search_string: str) -> Finished:
    """The result of a string match: case-sensitive, wholly within the first 5,120 bytes of the body."""
    if search_string.encode() in body[:SEARCHED_BYTES]:
        return Finished(True, "Success: The search string was found")
    text = "Failure: The search string was not found in the first 5,120 bytes of the response body"
    return Finished(False, text, "body")


@dataclass(frozen=True)
class Matching:
    """See policy.Judge. search: the string to find in the body, None for a check of the status only."""

    search: str | None = None

    @property
    def searched_bytes(self) -> int:
        """See Judge."""
        return 0 if self.search is None else SEARCHED_BYTES

    def status(self, status: int, reason: str) -> Finished:
        """See Judge."""
        return judge_status(status, reason)

    def body(self, body: bytes) -> Finished:
        """See Judge."""
        return judge_body(body, self.search or "")

    def unanswered(self, finished: Finished) -> Finished:
        """See Judge."""
        return replace(finished, text=f"{'Success' if finished.ok else 'Failure'}: {finished.text}")


@dataclass(frozen=True)
class Route53Checkers:
    """See policy.Policy. per_check: checkers of one health check. scale: multiplies intervals and time-outs."""

    per_check: int
    scale: float = 1.0

    def asks(self, check: HealthCheck) -> bool:
        """See Policy."""
        return check.probes_endpoint

    def same(self, known: HealthCheck, now: HealthCheck) -> bool:
        """See Policy. Inverted says only how a status is read."""
        return replace(now, inverted=known.inverted) == known

    def places(self, check: HealthCheck) -> tuple[Place, ...]:
        """See Policy."""
        return places(self.per_check, check.regions)

    def fresh(self, check: HealthCheck) -> Checker:
        """See Policy. The interval is counted from the response; the threshold holds both ways."""
        return Checker(scaling.interval_ns(to_ns(check.interval_s), self.scale), check.failure_threshold)

    def limits(self, check: HealthCheck) -> Limits:
        """See Policy."""
        return limits_of(check.type, self.scale)

    def target(self, check: HealthCheck, address_book: AddressBook, resolve: Resolve) -> Address | Finished:
        """See Policy."""
        return target(check, address_book, resolve)

    def request(self, check: HealthCheck, address: Address, limits: Limits) -> Request:
        """See Policy."""
        return request_for(check, address, limits)


def target(check: HealthCheck, address_book: AddressBook, resolve: Resolve) -> Address | Finished:
    """Where a request goes, or its result when it cannot go anywhere.

    resolve: the IPv4 address of a name, asked at every request of a check that has no address.
    """
    address = check.ip_address or resolve(check.domain_name or "")
    if address is None:
        return Finished(False, "Failure: DNS resolution failed", "address")
    if address in address_book:
        return address_book[address]
    if not is_loopback(address):
        text = f"Failure: {address} is not reachable here: it is not in the address book"
        return Finished(False, text, "address")
    return address, check.port or 80


def places(count: int, regions: Sequence[str] = ()) -> tuple[Place, ...]:
    """`count` checkers spread evenly over `regions`, by default all that Route 53 checks from."""
    names = regions or REGIONS
    return tuple(Place(names[i % len(names)], f"198.51.100.{i % 254 + 1}") for i in range(count))


def request_for(check: HealthCheck, address: Address, limits: Limits) -> Request:
    """The request that checkers of `check` send to `address`; no payload for TCP, which is only connected.

    Checkers do not validate certificates (Developer Guide, determining health).
    """
    secure = check.type.startswith("HTTPS")
    return Request(
        host=address[0],
        port=address[1],
        payload=b"" if check.type == "TCP" else _payload(check),
        limits=limits,
        judge=Matching(check.search_string if check.type.endswith("STR_MATCH") else None),
        tls=secure,
        server_name=check.domain_name if secure and check.enable_sni else None,
        timed=check.measure_latency,
    )


def _payload(check: HealthCheck) -> bytes:
    host = check.domain_name or check.ip_address or ""
    port = "" if check.port in (None, _DEFAULT_PORTS[check.type]) else f":{check.port}"
    agent = f"Amazon-Route53-Health-Check-Service (ref {check.id})"
    head = f"GET {check.path} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n"
    return head.encode("latin-1", errors="replace")
