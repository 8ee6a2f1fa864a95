"""What one change of a record set may say: ranges, and combinations of its fields. AWS answers InvalidInput.

Sources: API Reference, ResourceRecordSet, AliasTarget and ChangeResourceRecordSets; the sentences are AWS's where users
have reported them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.parts.steering.route53 import constraints
from harness.parts.steering.route53.record_sets import POLICIES, Change

TYPES = (
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB",
    "HTTPS",
)  # fmt: skip
_SIMPLE_ONLY = ("NS", "SOA", "DS")
"""Types that have no routing policy (API Reference, ResourceRecordSet, Type)."""
_TTL_MAX = 2**31 - 1
_WEIGHT_MAX = 255
_IDENTIFIER_MAX = 128
_ANSWERS = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
_POLICIES = f"[{', '.join(POLICIES[:-1])}, or {POLICIES[-1]}]"


def refusal(changes: Sequence[Change]) -> str | None:
    """The message about changes that contradict themselves; None when none does."""
    if not changes:
        return constraints.together(list(constraints.length("changeBatch.changes", [], 1, 1000)))
    broken = [text for number, change in enumerate(changes, 1) for text in _ranges(number, change)]
    if broken:
        return constraints.together(broken)
    wrong = [f"{text} {change.where}" for change in changes for text in _combinations(change)]
    return f"Invalid request: {', '.join(wrong)}" if wrong else None


def _ranges(number: int, change: Change) -> Iterable[str]:
    record, path = change.stored.record, f"changeBatch.changes.{number}.member.resourceRecordSet"
    if record.set_identifier is not None:
        yield from constraints.length(f"{path}.setIdentifier", record.set_identifier, 1, _IDENTIFIER_MAX)
    if record.weight is not None:
        yield from constraints.number(f"{path}.weight", record.weight, 0, _WEIGHT_MAX)
    if record.ttl_s is not None:
        yield from constraints.number(f"{path}.tTL", record.ttl_s, 0, _TTL_MAX)


def _combinations(change: Change) -> Iterable[str]:
    stored, record = change.stored, change.stored.record
    routed = len(stored.policies) if record.type not in _SIMPLE_ONLY else 0
    if record.set_identifier is None and stored.policies:
        yield "Missing field 'SetIdentifier'"
    elif record.set_identifier is not None and routed != 1:
        yield f"Expected exactly one of {_POLICIES}, but found {'more than one' if routed else 'none'}"
    plain = (record.ttl_s is not None, bool(record.values))
    if record.alias is not None and any(plain):
        yield f"Expected exactly one of {_ANSWERS}, but found more than one"
    elif record.alias is None and not all(plain):
        yield f"Expected exactly one of {_ANSWERS}, but found none"
    if record.alias is not None and record.multivalue:
        yield "MultiValueAnswer cannot be used with AliasTarget"
    if record.multivalue and record.type == "CNAME":
        yield "MultiValueAnswer cannot be used for a CNAME"
