"""Plain words for what the evidence calls by short names: kinds of clients, checks, faults, phases.

A name that is not in here is shown as it is, with its dashes and underlines as spaces: evidence may come from a part
or a fault of somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.audience import BY_NAME
from harness.names import AUTHORITATIVE, CohortName
from harness.reporting.check_words import CHECKS
from harness.reporting.wording import one_line

_COHORTS = {
    CohortName.DNS: "follow DNS",
    CohortName.KEEPALIVE: "keep connections",
    CohortName.TTL_VIOLATING: "ignore the TTL",
    CohortName.PINNED_A: "are tied to {place}",
    CohortName.PINNED_B: "are tied to {place}",
    CohortName.DIRECT_A: "dial {place} directly",
    CohortName.DIRECT_B: "dial {place} directly",
}
_OBSERVERS = {
    CohortName.DNS: "follows DNS",
    CohortName.KEEPALIVE: "keeps connections",
    CohortName.TTL_VIOLATING: "ignores TTL",
}
_FAULTS = {
    "region-outage": "region lost",
    "region-isolated": "region cut off",
    "service-outage": "service lost",
    "latency": "slow link",
    "gray-failure": "requests fail one by one",
    "one-way-partition": "one direction cut",
    "replication-stall": "replication stalled",
    "replication-paused": "replication service paused",
    "replication-slowed": "replication service slow",
    "component-isolated": "process cut off",
    "operations-refused": "operations refused",
    "poison-record": "records that nobody wrote",
    "table-corrupted": "values of the table rewritten",
    "tables-deleted": "tables deleted for good",
    "database-power-cycle": "database without power",
    "process-kill": "process killed",
    "process-freeze": "process frozen",
    "provider-outage": "API of a provider lost",
    "provider-trouble": "API of a provider in trouble",
    "record-replaced": "record replaced",
    "control-plane-outage": "API of the provider gone for everybody",
    "health-checks-blind": "health checks blind",
    "shop-trouble": "shop in trouble",
    "pods-killed": "pods killed",
    "pod-frozen": "pod frozen",
    "bad-deploy": "bad deploy",
    "third-party-outage": "third party lost",
    "third-party-slow": "third party slow",
    "third-party-trouble": "third party in trouble",
    "third-party-limited": "third party lets few calls in",
    "third-party-maintenance": "third party in maintenance",
    "third-party-lies": "third party stores nothing",
    "resolver-outage": "resolver lost",
    "name-server-outage": "name server lost",
    "dns-trouble": "DNS in trouble",
}
_MODES = {
    "black-hole": "packets vanish", "refuse": "connections refused", "reset": "connections reset",
    "error": "an error of the service", "throttle": "throttled", "deny": "access denied", "odd-types": "of odd types",
    "off": "its server ends at once", "throttled": "too many requests", "failing": "every call fails",
    "silent": "calls are never answered", "unreachable": "they reach nothing", "frozen": "they stay as they are",
    "unanswered": "changes are never answered", "deleted": "deleted, and made anew",
    "theme-broken": "a deployment that broke its theme", "never-ready": "its pods never get ready",
    "disturbed": "messages twice, late and out of order",
    "forged": "messages that it did not send", "subscriptions-removed": "nobody is told of anything any more",
    "token-expired": "access tokens are no longer valid", "secret-rotated": "messages are signed with another secret",
    "wrong": "answers that nobody can read", "slow": "answers take longer",
    "limited": "one too many, again and again", "maintenance": "closed, and says so",
    "lying": "says that it has stored what it has not",
    "lost": "answers are lost", "truncated": "answers cut short", "nxdomain": "names do not exist",
    "servfail": "questions fail", "wrong-address": "an address that is nobody's",
}  # fmt: skip
PHASES = {
    "detect": "the edge's checks notice",
    "redirect": "a new DNS answer is published",
    "decide": "the intermediary decides to move clients",
    "api": "the API changes the record",
    "activate": "the other side takes writes",
    "dns_ttl": "cached DNS answers run out",
    "settle": "the clients succeed again",
}
"""By the names that phases have in the evidence."""
_NOTICES = {
    "target": "the load balancer notices",
    "intermediary": "the intermediary notices",
    "akamai": "GTM's agents notice",
    "cloudflare": "Cloudflare's monitors notice",
    "other": "somebody notices, and no health check",
}
_CHECKERS = {
    "route53": "edge checks",
    "cloudflare": "edge checks",
    "target": "balancer",
    "intermediary": "intermediary",
    "akamai": "GTM agents",
}
_THINGS = {
    "record": "The record says",
    "led": "The proxy leads to",
    "call": "Calls to the provider's API, by",
    "target": "Targets of load balancers are",
    "pod": "Pods are",
    "rollout": "Rollouts are",
    "resolver": "Of name servers, resolvers say",
}
"""Titles of kinds of things, in the order in which they are drawn."""
_WITNESS = {"p50": "half of them within", "p99": "99 % within", "p999": "99.9 % within", "max": "the latest"}
_CAPABILITIES = {
    "rto": "recovery time",
    "rpo_items": "lost writes, one by one",
    "rpo_commit_log": "lost writes at the moment of takeover",
    "connect_timeouts": "connections that time out",
    "per_request_failures": "single requests that fail",
    "refused_at_the_api": "a region's services that refuse connections",
    "dns_path_faults": "faults on the way to DNS",
    "honours_time_scale": "the subject's own times follow the profile",
}
_NOT_HERE = "not measurable here: "
_FAILBACK = {
    "answer_back_s": "DNS answered with it, after the heal",
    "traffic_back_s": "all clients were served by it, after the heal",
    "served": "requests served meanwhile",
    "standby_accepts": "writes that the other side took afterwards",
}
PROFILES = {
    "fast": "fast: intervals and times to live are a tenth of production's",
    "production": "production: intervals and times to live as documented",
}
"""A profile in words."""
WORDS: Mapping[str, str] = {
    "clients that follow DNS": "honour the time to live of DNS answers and open a connection for each request. The "
    "recovery time is judged by the one of them that waited longest.",
    "clients that keep connections": "resolve the name again only when their connection breaks.",
    "clients that ignore the TTL": "keep a DNS answer longer than it allows, as some resolvers do.",
    "clients that are tied to a place": "keep their connections to one place, whatever DNS says.",
    "clients that dial a place directly": "open a connection to one place for each request, past DNS.",
    "clients that are of a profile": "are users as they are: behind caches, pools and libraries of their kind.",
    "name servers": "what a client sees that asks them each time and keeps no answer.",
    "recovery time (RTO)": "how long a client was without service: from the fault to its first success after which "
    "nothing failed beyond the usual.",
    "recovery point (RPO)": "acknowledged writes that the side that took over lacked when it took over.",
    "range": "7.94 - 8.36 s: the true value lies between the two.",
    "MET": "the whole range is within what was promised.",
    "MISSED": "the whole range is outside, or a promise was broken.",
    "UNKNOWN": "the range covers both.",
    "INVALID": "the drill proves nothing, for instance because its fault never bit.",
    "ABORTED": "one of the drill's stop conditions held: the drill was ended, and what it had broken was healed.",
    "held": "of a control: the drill inside it went wrong, as it must.",
}
"""What the words of a report mean, for its last page."""


def cohort(name: str, places: Mapping[str, str]) -> str:
    """What clients of a cohort do, after "clients that": `follow DNS`. places: by address, in order."""
    known = next((kind for kind in CohortName if kind == name), None)
    if known is None:
        return one_line(f"are {name}" if name.partition("(")[0] in BY_NAME else name, 40)
    names = list(places.values()) if len(places) > 1 else ["the first place", "the second place"]
    place = names[1 if known.value.endswith("-b") else 0]
    return one_line(_COHORTS[known].format(place=place), 60)


def observer(client: str) -> str:
    """Who sees a DNS answer: `name servers`, `follows DNS, 2`."""
    if client == AUTHORITATIVE:
        return "name servers"
    kind, _, number = client.rpartition("-")
    verb = next((words for known, words in _OBSERVERS.items() if known == kind), None)
    return one_line(f"{verb}, {int(number) + 1}" if verb and number.isdecimal() else client, 40)


def check(name: str) -> str:
    """What a check is about."""
    return CHECKS.get(name, name.replace("-", " ").replace("_", " "))


def capability(name: str) -> str:
    """What can be measured or done, or cannot."""
    return _CAPABILITIES.get(name, name.replace("-", " ").replace("_", " "))


def measurable(can: bool | str) -> str:
    """Whether it can, or why not. Sentences of parts may begin with what is said here, or not."""
    if can is True:
        return "yes"
    return _NOT_HERE + can.removeprefix(_NOT_HERE) if can else _NOT_HERE.removesuffix(": ")


def fault(kind: str, target: str, mode: str) -> str:
    """A fault in words: `region lost: us-east-1 (packets vanish)`."""
    words = f"{_FAULTS.get(kind, kind.replace('-', ' '))}: {target}"
    return one_line(f"{words} ({_MODES.get(mode, mode)})" if mode else words, 120)


def phase(name: str, noticed_by: str = "") -> str:
    """A phase of the recovery. noticed_by: the kind of checks that did, where it was not the edge's own."""
    if name == "detect" and noticed_by:
        return _NOTICES.get(noticed_by, f"{one_line(noticed_by, 40)} notices")
    return PHASES.get(name, name)


def checker(kind: str) -> str:
    """Who says that something is healthy."""
    return _CHECKERS.get(kind, kind)


def things(kind: str) -> str:
    """The title of a kind of things; another part's kind is its own."""
    return _THINGS.get(kind, one_line(kind[:1].upper() + kind[1:], 40))


def place_of(kind: str) -> int:
    """Where a kind of things comes in order."""
    return list(_THINGS).index(kind) if kind in _THINGS else len(_THINGS)


def lateness(name: str) -> str:
    """A figure of the witness's lateness."""
    return _WITNESS.get(name, name)


def failback(name: str) -> str:
    """A figure of the way back."""
    return _FAILBACK.get(name, name.replace("_", " "))


_BOTH_SIDES = {
    "conflicts": "items that several sides wrote",
    "losers": "writes that made room for another side's",
    "undecided": "of these items written again since",
    "lost": "acknowledged writes lost for good",
    "resurrected": "deletes undone",
    "duplicated": "writes found twice",
}


def both_sides(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """What came of writes on several sides, in words. found: one of the evidence's `measured.both_sides`."""
    writes = {f"acknowledged by {place}": count for place, count in found.get("writes", {}).items()}
    return writes | {words: found.get(name) for name, words in _BOTH_SIDES.items()}


def profile(name: str) -> str:
    """A profile in words."""
    return PROFILES.get(name, name)
