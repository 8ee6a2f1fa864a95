"""What names and values of records may say. AWS answers InvalidChangeBatch.

Sources: Developer Guide, "Supported DNS record types" and "DNS domain name format". Types that are rare in a failover
plan (NAPTR, DS, TLSA, SSHFP, SVCB, HTTPS) are taken as they are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

from harness.engines.dns.names import LABEL_MAX, NAME_MAX, normalise, to_labels
from harness.engines.dns.zone import RecordSet

_STRING_MAX = 255
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WHOLE = re.compile(r"[0-9]{1,5}")
_UINT16_MAX = 65_535
_CAA = re.compile(r'[0-9]{1,3} [a-z0-9]+ "[^"]*"')


def of_name(typed: str, kind: str) -> Iterable[str]:
    """What is wrong with a record's name as it is typed."""
    bad = next((c for c in typed if ord(c) <= 32 or ord(c) > 126), None)
    if bad is not None:
        yield _fatal("UnsupportedCharacter", "Value contains unsupported characters", bad)
        return
    yield from _name(typed)
    if kind == "NS" and normalise(typed).startswith("*."):
        yield f"RRSet of type NS with DNS name {typed} is not permitted: the * wildcard cannot be used for NS records"


def _name(text: str) -> Iterable[str]:
    labels = to_labels(normalise(text))
    if not all(labels):
        yield _fatal("DomainLabelEmpty", "Domain label is empty", text)
    for label in labels:
        if len(label) > LABEL_MAX:
            yield _fatal("DomainLabelTooLong", "Domain label is too long", label.decode("latin-1"))
    if sum(len(label) + 1 for label in labels) + 1 > NAME_MAX:
        yield _fatal("DomainNameTooLong", "Domain name is too long", text)


def _fatal(code: str, meaning: str, value: str) -> str:
    return f"FATAL problem: {code} ({meaning}) encountered with '{value}'"


def of_values(record: RecordSet) -> Iterable[str]:
    """What is wrong with a record set's values."""
    for value in dict.fromkeys(v for v in record.values if record.values.count(v) > 1):
        yield f"Duplicate Resource Record: '{value}'"
    if record.type in ("CNAME", "SOA") and len(record.values) > 1:
        yield f"Invalid Resource Record: a {record.type} has one value, {record.name}. has {len(record.values)}"
    check = _CHECKS.get(record.type)
    if check is not None:
        for value in record.values:
            yield from (f"Invalid Resource Record: '{text}'" for text in check(value))


def _address(kind: str, version: int, read: Callable[[str], object]) -> Callable[[str], Iterable[str]]:
    def check(value: str) -> Iterable[str]:
        try:
            read(value)
        except ValueError:
            code = f"{kind}RRDATAIllegalIPv{version}Address"
            yield _fatal(code, f"Value is not a valid IPv{version} address", value)

    return check


def _host(value: str) -> Iterable[str]:
    if any(ord(c) <= 32 or ord(c) > 126 for c in value):
        yield _fatal("UnsupportedCharacter", "Value contains unsupported characters", value)
        return
    yield from () if value == "." else _name(value)


def _fields(kind: str, count: str, numbers: int) -> Callable[[str], Iterable[str]]:
    """A record of some numbers and a host name behind them."""

    def check(value: str) -> Iterable[str]:
        *given, host = value.split() or [""]
        if len(given) != numbers:
            yield _fatal(f"{kind}RRDATANot{count}Fields", f"{kind} record doesn't have {numbers + 1} fields", value)
        elif not all(_WHOLE.fullmatch(text) and int(text) <= _UINT16_MAX for text in given):
            yield _fatal(f"{kind}RRDATAIllegalNumber", "Value is not a number between 0 and 65535", value)
        else:
            yield from _host(host)

    return check


def _strings(value: str) -> Iterable[str]:
    if _QUOTED.sub("", value).strip() or not _QUOTED.search(value):
        yield _fatal("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
    elif any(len(text) > _STRING_MAX for text in _QUOTED.findall(value)):
        yield _fatal("CharacterStringTooLong", "Value is too long", value)


def _caa(value: str) -> Iterable[str]:
    if not _CAA.fullmatch(value) or int(value.split()[0]) > 255:
        yield _fatal("CAARRDATAIllegal", "Value should be a flag, a tag and a quoted value", value)


_CHECKS: Mapping[str, Callable[[str], Iterable[str]]] = {
    "A": _address("A", 4, ipaddress.IPv4Address),
    "AAAA": _address("AAAA", 6, ipaddress.IPv6Address),
    "CNAME": _host,
    "NS": _host,
    "PTR": _host,
    "MX": _fields("MX", "Two", 1),
    "SRV": _fields("SRV", "Four", 3),
    "TXT": _strings,
    "SPF": _strings,
    "CAA": _caa,
}
