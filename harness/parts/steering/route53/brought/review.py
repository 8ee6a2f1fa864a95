"""What is wrong with a zone that was brought, before anything is broken. Pure.

Every finding says what would happen, why, and where it is written; serious ones mean that clients would be led to what
is lost, or to nothing, or later than they may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.engines.dns.names import normalise
from harness.engines.dns.zone import HealthCheck, RecordSet
from harness.engines.health_checks.route53 import HTTP_CONNECT_TIMEOUT_S, STATUS_TIMEOUT_S
from harness.parts.steering.route53 import record_groups, record_values
from harness.parts.steering.route53.brought.losses import ADDRESSED, TOLD, Loss, Places, region_of
from harness.parts.steering.route53.brought.model import UNKNOWN, Brought, Where
from harness.parts.steering.route53.law import Route53Law
from harness.parts.steering.route53.record_sets import Key
from harness.units import NS_PER_S, to_ns, to_s

ANY = (*ADDRESSED, "TXT", "MX", "SRV", "CAA", "NS", "HTTPS", "SVCB")
_NAMING = ("MX", "SRV")
"""Types whose last word is the name of a host."""
CHECKERS = 16
"""As in a drill (Developer Guide: about one request every two seconds at 30 s)."""


@dataclass(frozen=True)
class Finding:
    """serious: clients would be led wrong, or too late. where: None where the file has no place for it."""

    serious: bool
    text: str
    where: Where | None = None


@dataclass(frozen=True)
class Outlook:
    """One loss. detect_s: shortest to longest until the answer changes, by the documented constants; None where nobody
    watches with constants that are known. ttl_s: how long the old answer may be kept after that."""

    loss: Loss
    detect_s: tuple[float, float] | None
    ttl_s: int


@dataclass(frozen=True)
class Review:
    """outlooks: of names with more than one target. single: names that lead to one thing, and know no failover."""

    outlooks: tuple[Outlook, ...]
    findings: tuple[Finding, ...]
    single: tuple[str, ...]

    @property
    def serious(self) -> tuple[Finding, ...]:
        """Those that must be mended."""
        return tuple(one for one in self.findings if one.serious)


def review(brought: Brought, objective_s: float) -> Review:
    """Look at a zone. objective_s: the recovery time that is promised, from the loss to the last client's answer."""
    places = Places(brought)
    where = {one.stored.key: one.where for one in brought.records}
    outlooks: list[Outlook] = []
    findings = [
        *_contradictions(brought), *_nowhere(brought, places), *_delegated(brought, places), *_checks(brought),
    ]  # fmt: skip
    single = []
    for name, kind in places.names():
        losses = list(places.losses(name, kind))
        if len(losses) < 2:
            single += [f"{name} {kind}"] if losses else []
            continue
        for loss in losses:
            outlook = Outlook(loss, _detect_s(loss, places), places.ttl_s(loss))
            outlooks.append(outlook)
            findings += _too_late(outlook, where, objective_s)
            findings += () if _leads_on(loss) else _of_loss(loss, places, where)
        findings += () if _leads_on(losses[0]) else _never_used(losses, places, where)
    return Review(tuple(outlooks), tuple(dict.fromkeys(findings)), tuple(single))


def _contradictions(brought: Brought) -> Iterator[Finding]:
    """What Route 53 itself would refuse: of the records of one name, and of values."""
    by_name: dict[str, list[int]] = {}
    for number, one in enumerate(brought.records):
        by_name.setdefault(one.stored.record.name, []).append(number)
    for numbers in by_name.values():
        named = [brought.records[number].stored for number in numbers]
        seen = set()
        for number in numbers:
            one = brought.records[number]
            if one.stored.key in seen:
                yield Finding(True, f"{one.stored.bracketed} is there twice", one.where)
            seen.add(one.stored.key)
            told = (
                *record_groups.problems_of(one.stored, named, brought.name),
                *record_values.of_values(one.stored.record),
            )
            yield from (Finding(True, f"Route 53 refuses it: {text}", one.where) for text in told)


def _nowhere(brought: Brought, places: Places) -> Iterator[Finding]:
    for one in brought.records:
        record = one.stored.record
        for target, kinds in _leads_to(record):
            if not _within(target, brought.name) or places.is_delegated(target):
                continue
            if not any(places.zone.group(held, kind) for held in places.holders(target, record) for kind in kinds):
                what = "record" if kinds is ANY else " and no ".join(kinds)
                text = f"{one.stored.named} leads to {target}, of which there is no {what}"
                yield Finding(True, text, one.where)


def _leads_to(record: RecordSet) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names that a record leads to, and the types of record that somebody wants of each."""
    if record.alias is not None:
        yield record.alias.name, (record.type,)
    elif record.type == "CNAME":
        yield from ((normalise(value), ANY) for value in record.values)
    elif record.type in _NAMING:
        yield from ((normalise(words[-1]), ADDRESSED) for value in record.values if (words := value.split()))


def _delegated(brought: Brought, places: Places) -> Iterator[Finding]:
    """What nobody asks this zone for: all at and below a delegated name, but for the addresses of its name servers."""
    servers = {normalise(v) for (_, kind), group in places.zone.groups.items() if kind == "NS" for v in group[0].values}
    for one in brought.records:
        record = one.stored.record
        cut = places.zone.cut_above(record.name)
        if cut is None or (cut == record.name and record.type in ("NS", "DS")) or record.name in servers:
            continue
        steered = record.health_check_id is not None or record.set_identifier is not None
        yield Finding(steered, f"{record.name} {record.type}: never answered: {cut} is delegated to others", one.where)


def _checks(brought: Brought) -> Iterator[Finding]:
    named = {r.stored.record.health_check_id: r for r in brought.records if r.stored.record.health_check_id}
    if brought.checks is None:
        if named:
            told = "what its health checks ask is not known (--health-checks)"
            yield Finding(False, f"{told}: each is taken to ask what its record leads to")
        return
    for check_id, record in named.items():
        if check_id not in brought.checks:
            text = f"{record.stored.named}: health check {check_id} does not exist, and counts as healthy for ever"
            yield Finding(True, text, record.where)


def unnamed(zones: Sequence[Brought]) -> tuple[Finding, ...]:
    """Health checks that no record of any of these zones names: they may all have been made for one."""
    named = {one.stored.record.health_check_id for zone in zones for one in zone.records}
    found = {key: one for zone in zones for key, one in (zone.checks or {}).items()}
    children = {child for one in found.values() for child in one.check.children}
    which = "this zone" if len(zones) == 1 else "these zones"
    return tuple(
        Finding(False, f"health check {key} is not named by any record of {which}", one.where)
        for key, one in found.items()
        if key not in named and key not in children
    )


def _leads_on(loss: Loss) -> bool:
    """Whether a name only leads to another one of the zone, where the same is found."""
    return loss.path[0].type == "CNAME" and len(loss.path) > 1


def _of_loss(loss: Loss, places: Places, where: Mapping[Key, Where]) -> Iterator[Finding]:
    at = where.get(_key(loss.path[-1]))
    if loss.stays:
        yield Finding(True, f"{_told(loss)}: clients stay with it: {_why(loss, places)}", at)
    elif not loss.during:
        yield Finding(True, f"{_told(loss)}: nothing is answered", at)


def _too_late(outlook: Outlook, where: Mapping[Key, Where], objective_s: float) -> Iterator[Finding]:
    loss, detect_s = outlook.loss, outlook.detect_s
    if loss.target not in loss.before or loss.stays:
        return
    at = where.get(
        _key(next((record for record in reversed(loss.path) if record.ttl_s == outlook.ttl_s), loss.path[-1]))
    )
    promised = f"and {objective_s:g} s are promised"
    if outlook.ttl_s > objective_s:
        yield Finding(True, f"{_told(loss)}: its answer is kept for {outlook.ttl_s} s, {promised}", at)
    elif detect_s is not None and detect_s[1] + outlook.ttl_s > objective_s:
        least_s, most_s = (one + outlook.ttl_s for one in detect_s)
        how = f"{detect_s[1]:.0f} s until it is noticed at the longest, and a TTL of {outlook.ttl_s} s"
        text = f"{_told(loss)}: the last client takes {least_s:.0f} - {most_s:.0f} s, {promised}: {how}"
        yield Finding(True, text, at)


def _never_used(losses: Sequence[Loss], places: Places, where: Mapping[Key, Where]) -> Iterator[Finding]:
    """Whoever stands by, and is not answered with when all the others are lost."""
    unseen = {one.target for one in losses if one.stays and not all(_notices(r, one, places) for r in one.path)}
    for loss in losses:
        alone = places.alone(loss.name, loss.type, loss.target)
        others = {one.target for one in losses} - {loss.target}
        if loss.target not in (*loss.before, *alone) and alone & others - unseen:
            checks = [places.checks.get(r.health_check_id or "") for r in loss.path]
            named = ", ".join(_says(check) for check in checks if check is not None) or "no health check of its own"
            text = (
                f"{loss.name} {loss.type}: {loss.target} is never answered with, even when all the others are lost "
                f"({named}): clients are led to {', '.join(sorted(alone)) or 'nothing'}"
            )
            yield Finding(True, text, where.get(_key(loss.path[-1])))


def _why(loss: Loss, places: Places) -> str:
    """Why an answer keeps what is lost: the first thing on the way to it that does not see it."""
    unseen = [record for record in loss.path if not _notices(record, loss, places)]
    if not unseen and len(loss.during) > 1:
        return "nothing else is healthy, so all are answered"
    if not unseen:
        return "nothing else is healthy, and Route 53 answers with it rather than with nothing"
    leaf = loss.path[-1]
    check = places.checks.get(leaf.health_check_id or "")
    if leaf.health_check_id is None and leaf.alias is None:
        return f"{_set(leaf)} has no health check"
    if leaf.health_check_id is None:
        return f"the alias of {_set(leaf)} does not evaluate its target's health, and there is no health check"
    if check is None:
        return f"health check {leaf.health_check_id} does not exist"
    if check.disabled:
        return f"health check {check.id} is disabled, and so it is healthy whatever happens"
    if check.type in TOLD:
        region = region_of(loss.target)
        return (
            f"the alarm of health check {check.id} is in {region} itself: with the region there is no data of it, and "
            f"without data it is {check.without_data}"
        )
    if check not in loss.watching and not check.children:
        return _says(check)
    upper = next((record for record in unseen if record is not leaf), leaf)
    return f"{_set(upper)} does not evaluate its target's health"


def _notices(record: RecordSet, loss: Loss, places: Places) -> bool:
    check = places.checks.get(record.health_check_id or "")
    if check is not None and (check in loss.watching or check.children):
        return True
    if record.type == "CNAME" and record is not loss.path[-1]:
        return True  # whoever follows it gets what the name that it leads to is answered with
    return record.alias is not None and record.alias.evaluate_target_health


def _detect_s(loss: Loss, places: Places) -> tuple[float, float] | None:
    """From the quickest to the slowest way to lose something that the checks of its path notice."""
    asked = {record.health_check_id for record in loss.path}
    found = [check for check in loss.watching if check.id in asked and check.probes_endpoint]
    found += [c for c in loss.watching for p in places.checks.values() if p.id in asked and c.id in p.children]
    if not found:
        return None
    laws = [_law(check, places.ttl_s(loss)) for check in found]
    least = min(law.earliest_detect_ns("refused") for law in laws)
    most = max(law.detect_ns("black-hole", typical=False) for law in laws)
    return to_s(least), to_s(most)


def _law(check: HealthCheck, ttl_s: int) -> Route53Law:
    return Route53Law(
        interval_ns=check.interval_s * NS_PER_S,
        threshold=check.failure_threshold,
        connect_timeout_ns=to_ns(HTTP_CONNECT_TIMEOUT_S),
        status_timeout_ns=to_ns(STATUS_TIMEOUT_S),
        checkers=CHECKERS,
        ttl_ns=ttl_s * NS_PER_S,
    )


def _says(check: HealthCheck) -> str:
    if check.type == UNKNOWN:
        return f"health check {check.id}"
    asks = check.ip_address or check.domain_name or check.type
    state = " (disabled)" if check.disabled else " (inverted)" if check.inverted else ""
    return f"health check {check.id}{state} asks {asks}"


def _told(loss: Loss) -> str:
    return f"{loss.name} {loss.type}: when {loss.target} is lost"


def _set(record: RecordSet) -> str:
    named = f"{record.name} {record.type}"
    return named if record.set_identifier is None else f"{named} ({record.set_identifier})"


def _key(record: RecordSet) -> Key:
    return record.name, record.type, record.set_identifier


def _within(name: str, apex: str) -> bool:
    return name == apex or name.endswith(f".{apex}")
