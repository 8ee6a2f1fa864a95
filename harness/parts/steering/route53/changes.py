"""ChangeResourceRecordSets, judged as AWS judges it, and put into words that moto carries out right; names of zones.

moto stores names as they are typed, takes CREATE for an addition, refuses to create again what was deleted, and deletes
by set identifier alone. So it is handed the outcome of a batch instead: UPSERTs of what is there afterwards, and for a
group that loses a record set, a DELETE of the whole group before them. Nobody reads in between: the API is asked one
request at a time (see control_plane.py).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from harness.engines.dns.zone import bare_id, normalise, parse_record_set, unescaped
from harness.parts.steering.route53.api import NAMESPACE, NS, ApiRequest, Refused
from harness.parts.steering.route53.record_rules import Action, Change, Key, Records, Stored, judge

_ROLES = ("PRIMARY", "SECONDARY")
_ACTIONS = ("CREATE", "UPSERT", "DELETE")
_POLICIES = ("Weight", "Failover", "Region", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig")
_MULTIVALUE = "MultiValueAnswer"
_ALL = "100000"
"""More records than a hosted zone may have (quota: 10,000)."""


def mend_changes(moto: ApiRequest, zone_id: str) -> None:
    """Refuse what AWS refuses, and rewrite the rest for moto. A body that is no such request is left to moto."""
    root = moto.xml()
    status, found = moto.get(f"hostedzone/{zone_id}")
    if root is None or status != 200 or found is None:
        return
    zone = normalise(unescaped(found.findtext(".//r:HostedZone/r:Name", "", NS)))
    before = _records(moto, zone_id)
    changes = [_change(moto, element) for element in root.iterfind(".//r:Change", NS)]
    problems, after = judge(zone, bare_id(zone_id), before, changes)
    if problems:
        raise Refused("400 Bad Request", "InvalidChangeBatch", f"[{', '.join(problems)}]")
    if changes:
        moto.replace_body(_request(list(_outcome(before, after, changes))))


def _records(moto: ApiRequest, zone_id: str) -> Records:
    _, page = moto.get(f"hostedzone/{zone_id}/rrset", maxitems=_ALL)
    elements = () if page is None else page.iterfind(".//r:ResourceRecordSet", NS)
    return {stored.key: stored for stored in map(_stored, elements)}


def _change(moto: ApiRequest, element: Element) -> Change:
    action, record = element.findtext("r:Action", "", NS), element.find("r:ResourceRecordSet", NS)
    if record is None or action not in _ACTIONS:
        raise _not_in("Action", action, _ACTIONS)
    failover = record.findtext("r:Failover", None, NS)
    if failover is not None and failover not in _ROLES:
        raise _not_in("Failover", failover, _ROLES)
    check_id = record.findtext("r:HealthCheckId", None, NS)
    if check_id and action != "DELETE":
        moto.require_health_check(check_id)
    return Change(cast(Action, action), _stored(record))


def _not_in(field: str, value: str, allowed: Sequence[str]) -> Refused:
    text = (
        f"Invalid XML ; cvc-enumeration-valid: {field}: Value '{value}' is not facet-valid with respect to enumeration "
    )
    return Refused(
        "400 Bad Request", "InvalidInput", f"{text}'[{', '.join(allowed)}]'. It must be a value from the enumeration."
    )


def _stored(element: Element) -> Stored:
    """A ResourceRecordSet element, of a request or of moto's answer."""
    fields = ("Name", "Type", "TTL", "SetIdentifier", "Failover", "Weight", "Region", "HealthCheckId")
    body: dict[str, object] = {field: element.findtext(f"r:{field}", None, NS) for field in fields}
    body["ResourceRecords"] = [
        {"Value": value.text or ""} for value in element.iterfind("r:ResourceRecords/r:ResourceRecord/r:Value", NS)
    ]
    body[_MULTIVALUE] = element.findtext(f"r:{_MULTIVALUE}", "", NS) == "true"
    alias = element.find("r:AliasTarget", NS)
    if alias is not None:
        target = {field: alias.findtext(f"r:{field}", "", NS) for field in ("HostedZoneId", "DNSName")}
        evaluate = alias.findtext("r:EvaluateTargetHealth", "", NS) == "true"
        body["AliasTarget"] = {**target, "EvaluateTargetHealth": evaluate}
    if not body["Name"] or not body["Type"]:
        raise Refused("400 Bad Request", "InvalidInput", "A resource record set has a Name and a Type")
    policies = {policy for policy in _POLICIES if element.find(f"r:{policy}", NS) is not None}
    try:
        record = parse_record_set(body)
    except ValueError as error:
        raise Refused("400 Bad Request", "InvalidInput", f"Invalid XML ; {error}") from error
    return Stored(record, frozenset(policies | ({_MULTIVALUE} if record.multivalue else set())), element)


def _outcome(before: Records, after: Records, changes: Sequence[Change]) -> Iterable[tuple[str, Element]]:
    """(action, record set) for moto, which come to the same as the changes."""
    touched = dict.fromkeys(change.stored.key for change in changes)
    for group in dict.fromkeys(key[:2] for key in touched):
        gone = [key for key in before if key[:2] == group and key not in after]
        if gone:
            yield "DELETE", _written(before, gone[0], identified=False)
        for key in after:
            if key[:2] == group and (gone or key in touched):
                yield "UPSERT", _written(after, key, like=before)


def _written(records: Records, key: Key, *, identified: bool = True, like: Records | None = None) -> Element:
    """The element, under the spelling of the name that moto has already, else in lower case."""
    element = copy.deepcopy(records[key].source)
    name = element.find("r:Name", NS)
    stored = next((s.source for k, s in (like or {}).items() if k[:2] == key[:2]), element)
    name.text = stored.findtext("r:Name", "", NS).lower()
    identifier = element.find("r:SetIdentifier", NS)
    if not identified and identifier is not None:
        element.remove(identifier)
    return cast(Element, element)


def _request(changes: Sequence[tuple[str, Element]]) -> bytes:
    def tag(name: str) -> str:
        return f"{{{NAMESPACE}}}{name}"

    root = Element(tag("ChangeResourceRecordSetsRequest"))
    listed = ElementTree.SubElement(ElementTree.SubElement(root, tag("ChangeBatch")), tag("Changes"))
    for action, record in changes:
        change = ElementTree.SubElement(listed, tag("Change"))
        ElementTree.SubElement(change, tag("Action")).text = action
        change.append(record)
    return _bytes(root)


def _bytes(root: Element) -> bytes:
    return cast(bytes, ElementTree.tostring(root, encoding="utf-8", default_namespace=NAMESPACE))


def mend_zone(moto: ApiRequest) -> None:
    """A hosted zone's name is stored in lower case, however it is typed."""
    root = moto.xml()
    name = None if root is None else root.find("r:Name", NS)
    if root is not None and name is not None and name.text and name.text != name.text.lower():
        name.text = name.text.lower()
        moto.replace_body(_bytes(root))
