"""What clients would be answered with while one thing is lost: the policy itself, run on a zone that was brought. Pure.

A thing that can be lost is a target: an address, a name that an alias or a CNAME leads to outside of the zone. When it
is lost, the health checks that watch it turn unhealthy, and so does an alias to it that evaluates its health. Nothing
else happens: what nobody watches stays in the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.engines.dns.lookup import LOAD_BALANCER_TTL_S
from harness.engines.dns.names import normalise
from harness.engines.dns.selection import DEEPEST_ALIAS, DUALSTACK, Health, LoadBalancer, eligible, is_healthy
from harness.engines.dns.zone import Configuration, Group, HealthCheck, RecordSet, Zone
from harness.engines.health_checks.checker import Checker
from harness.engines.health_checks.health import statuses
from harness.parts.steering.route53.brought.model import UNKNOWN, Brought

TOLD = frozenset((UNKNOWN, "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"))
"""Health checks that ask no endpoint themselves."""
_REGION = re.compile(r"(?<![a-z0-9])((?:us|eu|ap|sa|ca|me|af|il|mx)-(?:gov-)?[a-z]+-\d)(?![a-z0-9])")
ADDRESSED = ("A", "AAAA", "CNAME")
"""Types whose answers lead a client somewhere."""
_KEPT = 200
"""What holds at so many losses is remembered: names next to each other often lead to the same targets."""
Answered = frozenset[str]
"""Every target that some client may be answered with."""


@dataclass(frozen=True)
class Loss:
    """One target lost, for one name. before, during: who is answered with; path: the record sets that lead to it, from
    the name on; watching: the health checks that turn unhealthy."""

    name: str
    type: str
    target: str
    before: Answered
    during: Answered
    path: tuple[RecordSet, ...]
    watching: tuple[HealthCheck, ...]

    @property
    def stays(self) -> bool:
        """Whether clients are still led to what is lost."""
        return self.target in self.during


class Places:
    """A zone that was brought, and what may be answered in it.

    Where its health checks are not known, each is taken to ask what the records that name it lead to; a check of a
    metric, and a routing control, are taken to say what is so, unless the metric is lost with what it is about.
    """

    def __init__(self, brought: Brought) -> None:
        self.zone = Zone.of(brought.zone_id or "-", brought.name, (one.stored.record for one in brought.records))
        self._spread = {
            (one.stored.record.name, one.stored.record.type)
            for one in brought.records
            if one.stored.policy in ("Region", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig")
        }
        named: dict[str, set[str]] = {}
        for one in brought.records:
            record = one.stored.record
            if record.health_check_id is not None:
                named.setdefault(record.health_check_id, set()).update(t for t, _ in self._targets((record,), ()))
        self._named = named
        if brought.checks is None:
            self.checks: Mapping[str, HealthCheck] = {key: HealthCheck(key, UNKNOWN) for key in named}
        else:
            self.checks = {key: one.check for key, one in brought.checks.items()}
        self._alarms = {key: one.alarm_region for key, one in (brought.checks or {}).items() if one.alarm_region}
        self._asked = {key: replace(check, type="HTTP") for key, check in self.checks.items() if check.type in TOLD}
        self._config = Configuration(checks={**self.checks, **self._asked})
        self._watching: dict[str, tuple[HealthCheck, ...]] = {}
        self._healths: dict[frozenset[str], Health] = {}
        self._outside = {
            record.alias.name
            for group in self.zone.groups.values()
            for record in group
            if record.alias is not None and not self.zone.group(record.alias.name, record.type)
        }

    def names(self) -> Iterator[tuple[str, str]]:
        """Names that clients ask for here and that lead somewhere: not those that only records of the zone lead to, and
        none that is delegated."""
        inner = {
            (record.alias.name, record.type)
            for group in self.zone.groups.values()
            for record in group
            if record.alias is not None
        }
        for key in self.zone.groups:
            hidden = (key in inner and key[0].startswith("_")) or self.zone.cut_above(key[0]) is not None
            if key[1] in ADDRESSED and not hidden:
                yield key

    def holders(self, name: str, asking: RecordSet) -> tuple[str, ...]:
        """Whose records answer for a name: itself, or a wildcard above it (RFC 4592); an alias wants itself."""
        if asking.alias is not None or name in self.zone.names:
            return (name,)
        above = name.partition(".")[2]
        while above not in self.zone.names and above:
            above = above.partition(".")[2]
        return (f"*.{above}",)

    def is_delegated(self, name: str) -> bool:
        """Whether a name is below one that has name servers of its own."""
        while name != self.zone.name:
            if self.zone.group(name, "NS"):
                return True
            name = name.partition(".")[2]
        return False

    def losses(self, name: str, record_type: str) -> Iterator[Loss]:
        """One for each target of a name, in the order of its records."""
        well = self.health(None)
        group = self.zone.group(name, record_type)
        before = self.answered(group, well)
        for target, path in dict(self._targets(group, ())).items():
            ill = self.health(target)
            during = self.answered(group, ill)
            yield Loss(name, record_type, target, before, during, path, self.watching(target))

    def alone(self, name: str, record_type: str, target: str) -> Answered:
        """Who is answered with when every other target is lost."""
        group = self.zone.group(name, record_type)
        others = [one for one, _ in self._targets(group, ()) if one != target]
        return self.answered(group, self.health(*others))

    def ttl_s(self, loss: Loss) -> int:
        """How long what changes may be kept. A CNAME that always leads to one name says the same before and after:
        whoever keeps it asks that name again when its own answer has run out."""
        *before, last = loss.path
        change = [one for one in before if one.type != "CNAME" or len(self.zone.group(one.name, one.type)) > 1]
        return max((one.ttl_s for one in (*change, last) if one.ttl_s is not None), default=LOAD_BALANCER_TTL_S)

    def health(self, *lost: str | None) -> Health:
        """What holds while targets are lost."""
        gone = frozenset(one for one in lost if one)
        if gone not in self._healths:
            if len(self._healths) >= _KEPT:
                self._healths.clear()
            ill = (Checker(1, 1, healthy=False),)
            found = statuses(self._config, {check.id: ill for one in gone for check in self.watching(one)})
            balancers = {name.removeprefix(DUALSTACK): LoadBalancer(name, name not in gone) for name in self._outside}
            self._healths[gone] = Health(found, balancers)
        return self._healths[gone]

    def watching(self, target: str) -> tuple[HealthCheck, ...]:
        """The health checks that turn unhealthy with a target."""
        if target not in self._watching:
            self._watching[target] = tuple(c for c in self.checks.values() if self.watches(c, target))
        return self._watching[target]

    def watches(self, check: HealthCheck, target: str) -> bool:
        """Whether a health check turns unhealthy with this target: it asks its address or its name, or is told."""
        if check.type in TOLD:
            blind = self._alarms.get(check.id) == region_of(target) and check.without_data != "Unhealthy"
            return target in self._named.get(check.id, ()) and not (check.id in self._alarms and blind)
        if not check.probes_endpoint:
            return False
        if check.ip_address is not None:
            return check.ip_address == target
        name = normalise(check.domain_name or "")
        led = [one for kind in ADDRESSED for one, _ in self._targets(self.zone.group(name, kind), ())]
        return target in (name, *led[:1]) if len(set(led)) < 2 else name == target

    def answered(self, group: Group, health: Health, depth: int = 0) -> Answered:
        """Every target that some client may be answered with."""
        if not group or depth > DEEPEST_ALIAS:
            return frozenset()
        if (group[0].name, group[0].type) in self._spread:  # each of them is some client's
            chosen = tuple(one for one in group if is_healthy(one, self.zone, health)) or group
        else:
            chosen = eligible(group, self.zone, health)
        found: Answered = frozenset()
        for record in chosen:
            found |= self._of(record, health, depth)
        return found

    def _of(self, record: RecordSet, health: Health, depth: int) -> Answered:
        led = self._led(record)
        if led is None:
            return frozenset(_values(record)) if record.alias is None else frozenset((record.alias.name,))
        return self.answered(led, health, depth + 1)

    def _targets(self, group: Group, path: tuple[RecordSet, ...]) -> Iterator[tuple[str, tuple[RecordSet, ...]]]:
        if len(path) > DEEPEST_ALIAS:
            return
        for record in group:
            here = (*path, record)
            led = self._led(record)
            if led is not None:
                yield from self._targets(led, here)
            elif record.alias is not None:
                yield record.alias.name, here
            else:
                yield from ((value, here) for value in _values(record))

    def _led(self, record: RecordSet) -> Group | None:
        """The group in this zone that a record leads to; None: it leads out of the zone, or holds addresses."""
        if record.alias is not None:
            return self.zone.group(record.alias.name, record.type) or None
        if record.type == "CNAME" and record.values:
            inside = normalise(record.values[0])
            return self.zone.group(inside, "CNAME") or self.zone.group(inside, "A") or None
        return None


def _values(record: RecordSet) -> tuple[str, ...]:
    return tuple(map(normalise, record.values)) if record.type == "CNAME" else record.values


def region_of(target: str) -> str:
    """The AWS region that a target's name tells, "" where it tells none."""
    found = _REGION.search(target)
    return found[1] if found else ""
