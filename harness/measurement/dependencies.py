"""What an application depends on, and how that can fail, from what was recorded of a fault or watched by the witness.

Many faults are one failure of one dependency: whether a region's links refuse because it is lost or because it is cut
off, those who call it see the same. What no table below knows is called as its fault is called.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from harness.names import DYNAMODB, HTTP, link_end
from harness.names import PROVIDER as WHOEVER_STEERS

PLACE, DATABASE, PROVIDER, PARTY, API = "place", "database", "DNS provider", "third party", "API"
WEBHOOKS, REPLICATION, COMPONENT = "webhooks", "replication", "component"
KINDS = (PLACE, DATABASE, PROVIDER, PARTY, API, WEBHOOKS, REPLICATION, COMPONENT)
"""Kinds of dependencies, in the order in which they are shown."""
REFUSED, BLACK_HOLED, SLOW, ERRORS, LIES = "lost, refused", "lost, black-holed", "slow", "errors", "lies"
FAILURES = (REFUSED, BLACK_HOLED, SLOW, ERRORS)
"""In which ways everything that is called over a network can fail: two ways of being lost, and two of being there."""
_SHOP = "shop"
_PROVIDERS = ("route53", "digitalocean")
_OWN = ("process", "record", "dynamodb-reads", "dynamodb-writes")
"""Services of canaries that dial nothing which an application depends on, or the same as another canary."""

_BY_KIND = {
    "gray-failure": ERRORS, "operations-refused": ERRORS, "process-kill": "killed", "pods-killed": "killed",
    "database-power-cycle": "killed", "table-corrupted": "corrupted", "tables-deleted": "deleted",
    "poison-record": "poisoned", "bad-deploy": "bad version", "replication-paused": "paused",
    "record-replaced": "record replaced", "health-checks-blind": "health checks blind",
}  # fmt: skip
_BY_MODE = {
    "refuse": REFUSED, "black-hole": BLACK_HOLED, "reset": "lost, reset", "slow": SLOW, "unanswered": BLACK_HOLED,
    "silent": BLACK_HOLED,
    "error": ERRORS, "throttle": ERRORS, "throttled": ERRORS, "deny": ERRORS, "failing": ERRORS, "limited": ERRORS,
    "maintenance": ERRORS, "lying": LIES, "wrong": LIES, "freeze": "frozen",
}  # fmt: skip
_OF_WEBHOOKS = ("disturbed", "forged", "subscriptions-removed", "secret-rotated")
"""Modes of a shop's trouble that strike what it tells; the others strike what it is asked."""


@dataclass(frozen=True)
class Dependency:
    """Something that the application needs. kind: one of KINDS, or another word; name: which one of them."""

    kind: str
    name: str

    @property
    def words(self) -> str:
        """`database us-east-1`."""
        return f"{self.kind} {self.name}".strip()

    @property
    def order(self) -> tuple[int, str, str]:
        """Sorts dependencies as they are shown."""
        known = KINDS.index(self.kind) if self.kind in KINDS else len(KINDS)
        return known, self.kind, self.name


def failures_of(kind: str) -> tuple[str, ...]:
    """In which ways a kind of dependency can fail, as far as that is known without anybody having tried."""
    return (*FAILURES, LIES) if kind == PARTY else FAILURES


def failure_of(kind: str, mode: str) -> str:
    """How a fault lets fail what it hits."""
    return _BY_KIND.get(kind) or _BY_MODE.get(mode) or (mode or kind).replace("-", " ")


def dependency_of(
    kind: str, target: str, mode: str, links: Collection[str], places: Collection[str], steering: str = ""
) -> Dependency:
    """What a fault hits. links: the names of those that it touches. places: where the application runs. steering: the
    kind of what answers for its name."""
    if kind == "shop-trouble":
        return Dependency(WEBHOOKS if mode in _OF_WEBHOOKS else API, _SHOP)
    if kind.startswith("replication"):
        return Dependency(REPLICATION, target)
    if kind in ("process-kill", "process-freeze", "component-isolated", "pod-frozen"):
        return Dependency(COMPONENT, target)
    if kind.startswith("third-party"):
        return Dependency(PARTY, target)
    if kind in ("operations-refused", "table-corrupted", "tables-deleted", "database-power-cycle", "poison-record"):
        return Dependency(DATABASE, target)
    if kind.startswith(("provider", "record")):
        return _api(target, steering)
    if target == WHOEVER_STEERS:
        return Dependency(PROVIDER, steering or target)
    ends = {_of_end(target, service, steering) for _, service in map(link_end, links)}
    if kind in ("service-outage", "gray-failure") or target not in places:
        return ends.pop() if len(ends) == 1 else Dependency(PLACE if target in places else DATABASE, target)
    return Dependency(PLACE, target)


def watched(links: Iterable[str], steering: str = "") -> Iterator[Dependency]:
    """What the witness's canaries dial, by the names of their links: this world's dependencies, each once."""
    seen: set[Dependency] = set()
    for end, service in map(link_end, links):
        found = _of_end(end, service, steering)
        if service not in _OWN and found not in seen:
            seen.add(found)
            yield found


def _of_end(end: str, service: str, steering: str) -> Dependency:
    if end == WHOEVER_STEERS:
        return Dependency(PROVIDER, steering or end)
    if service == HTTP:
        return Dependency(PLACE, end)
    if service.startswith(DYNAMODB):
        return Dependency(DATABASE, end)
    if service == "third-party":
        return Dependency(PARTY, end)
    return _api(_SHOP if service.startswith(_SHOP) else service, steering)


def _api(name: str, steering: str) -> Dependency:
    return Dependency(PROVIDER if name in (*_PROVIDERS, steering) else API, name)
