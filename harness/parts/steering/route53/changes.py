"""ChangeResourceRecordSets, judged as AWS judges it, and put into words that moto carries out right.

moto stores names as they are typed, takes CREATE for an addition, refuses to create again what was deleted, and deletes
by set identifier alone. So it is handed the outcome of a batch instead: UPSERTs of what is there afterwards, and for a
group that loses a record set, a DELETE of the whole group before them. Nobody reads in between: the API is asked one
request at a time (see control_plane.py).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Sequence
from typing import cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from harness.engines.dns.names import escaped, normalise
from harness.engines.dns.zone import bare_id, parse_record_set, unwrapped
from harness.parts.steering.route53 import record_fields
from harness.parts.steering.route53.api import NAMESPACE, NS, ApiRequest, Refused, qualified
from harness.parts.steering.route53.balancer_zones import APPLICATION_BALANCERS
from harness.parts.steering.route53.record_rules import judge, without_check
from harness.parts.steering.route53.record_sets import POLICIES, Action, Change, Key, Records, Stored

log = logging.getLogger(__name__)

_ROLES = ("PRIMARY", "SECONDARY")
_ACTIONS = ("CREATE", "DELETE", "UPSERT")
_REGION = "Region"
_MULTIVALUE = "MultiValueAnswer"
_PLACES = ("GeoLocation", "GeoProximityLocation", "CidrRoutingConfig")
_ALL = "100000"
"""More records than a hosted zone may have (quota: 10,000)."""


def mend_changes(moto: ApiRequest, zone_id: str) -> None:
    """Refuse what AWS refuses, and rewrite the rest for moto. A body that is no such request is left to moto."""
    root = moto.xml()
    status, found = moto.get(f"hostedzone/{zone_id}")
    if root is None or status != 200 or found is None:
        return
    zone = normalise(found.findtext(".//r:HostedZone/r:Name", "", NS))
    before = records_of(moto, zone_id)
    changes = [_change(element) for element in root.iterfind(".//r:Change", NS)]
    refusal = record_fields.refusal(changes)
    if refusal is not None:
        raise Refused("400 Bad Request", "InvalidInput", refusal)
    _require_checks(moto, changes)
    problems, after = judge(zone, bare_id(zone_id), before, changes)
    if problems:
        raise Refused("400 Bad Request", "InvalidChangeBatch", f"[{', '.join(problems)}]")
    for name in without_check(changes):
        log.warning("%s: its PRIMARY record has no health check; AWS refuses that unless it is an alias", name)
    comment = root.findtext("r:ChangeBatch/r:Comment", None, NS)
    moto.replace_body(_request(list(_outcome(before, after, changes)), comment))


def records_of(moto: ApiRequest, zone_id: str) -> Records:
    """All record sets of a zone, as moto has them."""
    _, page = moto.get(f"hostedzone/{zone_id}/rrset", maxitems=_ALL)
    elements = [] if page is None else page.findall(".//r:ResourceRecordSet", NS)
    for element in elements:
        for value in element.iterfind("r:ResourceRecords/r:ResourceRecord/r:Value", NS):
            value.text = unwrapped(value.text or "")
    return {stored.key: stored for stored in map(_stored, elements)}


def _require_checks(moto: ApiRequest, changes: Sequence[Change]) -> None:
    written = [change.stored.record for change in changes if change.action != "DELETE"]
    for check_id in dict.fromkeys(record.health_check_id for record in written if record.health_check_id):
        moto.require_health_check(check_id)


def _change(element: Element) -> Change:
    action, record = element.findtext("r:Action", "", NS), element.find("r:ResourceRecordSet", NS)
    if record is None or action not in _ACTIONS:
        raise _not_in(action, _ACTIONS)
    known = {"Failover": _ROLES, "Type": record_fields.TYPES, _REGION: tuple(APPLICATION_BALANCERS)}
    for field, allowed in known.items():
        value = record.findtext(f"r:{field}", None, NS)
        if value is not None and value not in allowed:
            raise _not_in(value, allowed)
    return Change(cast(Action, action), _stored(record), record.findtext("r:Name", "", NS))


def _not_in(value: str, allowed: Sequence[str]) -> Refused:
    text = (
        f"Invalid XML ; cvc-enumeration-valid: Value '{value}' is not facet-valid with respect to enumeration "
        f"'[{', '.join(allowed)}]'. It must be a value from the enumeration."
    )
    return Refused("400 Bad Request", "InvalidInput", text)


def _stored(element: Element) -> Stored:
    """A ResourceRecordSet element, of a request or of moto's answer."""
    fields = ("Name", "Type", "TTL", "SetIdentifier", "Failover", "Weight", _REGION, "HealthCheckId")
    body: dict[str, object] = {field: element.findtext(f"r:{field}", None, NS) for field in fields}
    body["ResourceRecords"] = [
        {"Value": value.text or ""} for value in element.iterfind("r:ResourceRecords/r:ResourceRecord/r:Value", NS)
    ]
    multivalue = element.findtext(f"r:{_MULTIVALUE}", "", NS) == "true"
    body[_MULTIVALUE] = multivalue
    alias = element.find("r:AliasTarget", NS)
    if alias is not None:
        target = {field: alias.findtext(f"r:{field}", "", NS) for field in ("HostedZoneId", "DNSName")}
        evaluate = alias.findtext("r:EvaluateTargetHealth", "", NS) == "true"
        body["AliasTarget"] = {**target, "EvaluateTargetHealth": evaluate}
    if not body["Name"] or not body["Type"]:
        raise Refused("400 Bad Request", "InvalidInput", "A resource record set has a Name and a Type")
    given = {policy for policy in POLICIES if element.find(f"r:{policy}", NS) is not None}
    try:
        record = parse_record_set(body)
    except ValueError as error:
        raise Refused("400 Bad Request", "InvalidInput", f"Invalid XML ; {error}") from error
    policies = frozenset(given if multivalue else given - {_MULTIVALUE})
    return Stored(record, policies, tuple(_place(element)), element)


def _place(element: Element) -> Iterable[tuple[str, str]]:
    """What says where a record set answers, as (field, text), nested fields in one go."""
    for policy in _PLACES:
        found = element.find(f"r:{policy}", NS)
        if found is not None:
            leaves = (leaf for leaf in found.iter() if leaf.text and leaf.text.strip())
            yield from sorted((leaf.tag.rpartition("}")[2], (leaf.text or "").strip()) for leaf in leaves)


def _outcome(before: Records, after: Records, changes: Sequence[Change]) -> Iterable[tuple[str, Element]]:
    """(action, record set) for moto, which come to the same as the changes."""
    touched = dict.fromkeys(change.stored.key for change in changes)
    for group in dict.fromkeys(key[:2] for key in touched):
        gone = [key for key in before if key[:2] == group and key not in after]
        if gone:
            yield "DELETE", _written(before, gone[0], identified=False)
        for key in after:
            if key[:2] == group and (gone or key in touched):
                yield "UPSERT", _written(after, key)


def _written(records: Records, key: Key, *, identified: bool = True) -> Element:
    """The element, with names as AWS stores them: in lower case, with the trailing dot, with escapes."""
    element = copy.deepcopy(records[key].source)
    for name in (element.find("r:Name", NS), element.find("r:AliasTarget/r:DNSName", NS)):
        if name is not None:
            name.text = escaped(name.text or "")
    identifier = element.find("r:SetIdentifier", NS)
    if not identified and identifier is not None:
        element.remove(identifier)
    return cast(Element, element)


def _request(changes: Sequence[tuple[str, Element]], comment: str | None) -> bytes:
    def tag(name: str) -> str:
        return f"{{{NAMESPACE}}}{name}"

    root = Element(tag("ChangeResourceRecordSetsRequest"))
    batch = ElementTree.SubElement(root, tag("ChangeBatch"))
    if comment is not None:
        ElementTree.SubElement(batch, tag("Comment")).text = comment
    listed = ElementTree.SubElement(batch, tag("Changes"))
    for action, record in changes:
        change = ElementTree.SubElement(listed, tag("Change"))
        ElementTree.SubElement(change, tag("Action")).text = action
        change.append(record)
    return qualified(root)
