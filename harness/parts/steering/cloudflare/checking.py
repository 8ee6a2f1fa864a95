"""How Cloudflare checks: which data centres ask, what they ask, and what they take for an answer.

One limit holds for a whole request, `timeout`; after a time-out it is sent again at once, `retries` times.
Checks follow each other in a fixed pace, counted from their beginnings. Nothing is healthy before it was seen to be.
Sources: Cloudflare API, monitors (interval, timeout, retries, consecutive_up, consecutive_down, expected_codes,
expected_body); Load Balancing, "Common error codes" (the first 10 KB of a body). How the pace is counted is not said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness import scaling
from harness.engines.health_checks.checker import Checker, Finished, Limits
from harness.engines.health_checks.policy import AddressBook, Place, Request, Resolve
from harness.engines.provider.values import Json
from harness.kit.address import Address, is_loopback
from harness.parts.steering.cloudflare.health import REASONS, data_centres, endpoints_of, is_address
from harness.parts.steering.cloudflare.values import Account
from harness.units import to_ns

SEARCHED_BYTES = 10_240
"""Only the first 10 KB of a body are read ("Response body mismatch error")."""
_PORTS = {"http": 80, "https": 443}
_PROBED = frozenset({"http", "https", "tcp"})
"""Other protocols may be configured; nothing here speaks them, and what they look at stays unknown."""
_AGENT = "Mozilla/5.0 (compatible; Cloudflare-Traffic-Manager/1.0; +https://www.cloudflare.com/traffic-manager/)"


@dataclass(frozen=True)
class EndpointCheck:
    """What the data centres ask one origin. monitor: as the API tells it, without what does not matter to checks."""

    id: str
    address: str
    port: int
    host: str
    kind: str
    payload: bytes
    codes: str
    body: str
    verified: bool
    interval_s: int
    timeout_s: int
    retries: int
    down: int
    up: int
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Expecting:
    """See policy.Judge. codes: as in `expected_codes`; body: found whatever the case of its letters."""

    codes: str
    text: str

    @property
    def searched_bytes(self) -> int:
        """See Judge."""
        return SEARCHED_BYTES if self.text else 0

    def status(self, status: int, reason: str) -> Finished:
        """See Judge."""
        ok = expects(self.codes, status)
        return Finished(ok, "No failures" if ok else REASONS["status"], "" if ok else "status", status)

    def body(self, body: bytes) -> Finished:
        """See Judge."""
        ok = self.text.lower().encode() in body[:SEARCHED_BYTES].lower()
        return Finished(ok, "No failures" if ok else REASONS["body"], "" if ok else "body")

    def unanswered(self, finished: Finished) -> Finished:
        """See Judge."""
        return replace(finished, text="No failures" if finished.ok else REASONS.get(finished.cause, finished.text))


def expects(codes: str, status: int) -> bool:
    """Whether a status is among codes such as `200`, `2xx`, `200-299` or several with commas."""
    for one in codes.replace(" ", "").split(","):
        low, _, high = one.partition("-")
        if low.endswith("xx"):
            if status // 100 == int(low[0]):
                return True
        elif int(low) <= status <= int(high or low):
            return True
    return False


@dataclass(frozen=True)
class CloudflareCheckers:
    """See policy.Policy. scale: multiplies intervals and time-outs."""

    scale: float = 1.0

    def asks(self, check: EndpointCheck) -> bool:
        """See Policy."""
        return check.kind in _PROBED

    def same(self, known: EndpointCheck, now: EndpointCheck) -> bool:
        """See Policy."""
        return known == now

    def places(self, check: EndpointCheck) -> tuple[Place, ...]:
        """See Policy."""
        return tuple(
            Place(f"{region}/{name}", f"198.51.100.{i % 254 + 1}") for i, (region, name) in enumerate(check.places)
        )

    def fresh(self, check: EndpointCheck) -> Checker:
        """See Policy. A number of 0 asks for no more than the one result that any change takes."""
        return Checker(
            scaling.interval_ns(to_ns(check.interval_s), self.scale),
            max(1, check.down),
            healthy=False,
            up_threshold=max(1, check.up),
            retries=check.retries,
            paced=True,
        )

    def limits(self, check: EndpointCheck) -> Limits:
        """See Policy."""
        return Limits.together(scaling.timeout_ns(to_ns(check.timeout_s), self.scale))

    def target(self, check: EndpointCheck, address_book: AddressBook, resolve: Resolve) -> Address | Finished:
        """See Policy."""
        address = check.address if is_address(check.address) else resolve(check.address)
        if address is None:
            return Finished(False, REASONS["address"], "address")
        if address in address_book:
            return address_book[address]
        if not is_loopback(address):
            return Finished(False, "No route to host error", "address")
        return address, check.port

    def request(self, check: EndpointCheck, address: Address, limits: Limits) -> Request:
        """See Policy."""
        secure = check.kind == "https"
        return Request(
            address[0], address[1], check.payload, limits, Expecting(check.codes, check.body),
            tls=secure, verified=check.verified, server_name=check.host if secure else None,
        )  # fmt: skip


def checks_of(account: Account) -> Mapping[str, EndpointCheck]:
    """Every origin that is looked at: of enabled pools with a monitor, those that are enabled."""
    return {check.id: check for pool in account.pools.values() for check in _of_pool(pool, account.monitors)}


def _of_pool(pool: Json, monitors: Mapping[str, Json]) -> Iterator[EndpointCheck]:
    monitor = monitors.get(pool.get("monitor") or "")
    if monitor is None or not pool["enabled"]:
        return
    places = tuple(data_centres(pool))
    hosts = {origin["name"]: _host(origin.get("header") or {}) for origin in pool["origins"]}
    for endpoint in endpoints_of(pool):
        if not endpoint.traffic:
            continue
        kind = monitor["type"]
        host = hosts[endpoint.name] or _host(monitor.get("header") or {}) or endpoint.address
        yield EndpointCheck(
            id=endpoint.id,
            address=endpoint.address,
            port=monitor["port"] or endpoint.port or _PORTS.get(kind, 80),
            host=host,
            kind=kind,
            payload=_payload(monitor, host) if kind in ("http", "https") else b"",
            codes=monitor.get("expected_codes", "200"),
            body=monitor.get("expected_body", ""),
            verified=not monitor.get("allow_insecure", False),
            interval_s=monitor["interval"],
            timeout_s=monitor["timeout"],
            retries=monitor["retries"],
            down=monitor["consecutive_down"],
            up=monitor["consecutive_up"],
            places=places,
        )


def _host(headers: Mapping[str, list[str]]) -> str | None:
    return next((values[0] for name, values in headers.items() if name.lower() == "host"), None)


def _payload(monitor: Json, host: str) -> bytes:
    """A user agent of one's own is not sent ("The User-Agent header cannot be overridden")."""
    given = {name: values for name, values in monitor["header"].items() if name.lower() not in ("host", "user-agent")}
    lines = [f"{monitor['method']} {monitor['path']} HTTP/1.1", f"Host: {host}", f"User-Agent: {_AGENT}"]
    lines += [f"{name}: {value}" for name, values in given.items() for value in values]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", errors="replace")
