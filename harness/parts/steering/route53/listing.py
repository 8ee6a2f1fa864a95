"""ListResourceRecordSets: in order and page by page, also within the record sets of one name and type.

Source: API Reference, ListResourceRecordSets: at most 300 a page, sorted by the name with its labels reversed and its
trailing dot, then by type; NextRecordIdentifier goes on inside a group (moto knows no identifier, and would begin the
same group again).
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from harness.engines.dns.names import escaped
from harness.parts.steering.route53.api import NAMESPACE, ApiRequest, Refused, qualified
from harness.parts.steering.route53.changes import records_of
from harness.parts.steering.route53.record_sets import Stored

_PAGE_MAX = 300
Position = tuple[str, str, str]


def page(moto: ApiRequest, zone_id: str) -> bytes:
    """The answer to one request. Raises Refused."""
    moto.require_zone(zone_id)
    start, size = _start(moto), _size(moto)
    records = sorted(records_of(moto, zone_id).values(), key=_position)
    rest = [stored for stored in records if _position(stored) >= start]
    return _answer(rest[:size], rest[size] if len(rest) > size else None, size)


def _start(moto: ApiRequest) -> Position:
    name, kind, identifier = (moto.optional(key) for key in ("name", "type", "identifier"))
    if (kind is not None and name is None) or (identifier is not None and kind is None):
        raise Refused("400 Bad Request", "InvalidInput", "The input is not valid")
    return "" if name is None else _reversed(escaped(name)), kind or "", identifier or ""


def _size(moto: ApiRequest) -> int:
    text = moto.optional("maxitems") or str(_PAGE_MAX)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Refused("400 Bad Request", "InvalidInput", f"maxitems is a number above 0, not '{text}'")
    return min(int(text), _PAGE_MAX)


def _position(stored: Stored) -> Position:
    name, kind, identifier = stored.key
    return _reversed(escaped(name)), kind, identifier or ""


def _reversed(name: str) -> str:
    """`www.example.com.` as `com.example.www.`, which is how names are sorted."""
    return ".".join(reversed(name.removesuffix(".").split("."))) + "."


def _answer(records: Sequence[Stored], following: Stored | None, size: int) -> bytes:
    root = _element("ListResourceRecordSetsResponse")
    listed = ElementTree.SubElement(root, _tag("ResourceRecordSets"))
    listed.extend(stored.source for stored in records)
    _say(root, "IsTruncated", "false" if following is None else "true")
    if following is not None:
        name, kind, identifier = following.key
        _say(root, "NextRecordName", escaped(name))
        _say(root, "NextRecordType", kind)
        if identifier is not None:
            _say(root, "NextRecordIdentifier", identifier)
    _say(root, "MaxItems", str(size))
    return qualified(root)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _element(name: str) -> Element:
    return Element(_tag(name))


def _say(parent: Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, _tag(name)).text = text
