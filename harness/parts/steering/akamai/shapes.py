"""The objects of the API, field by field, and what must hold between fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from harness.engines.dns.names import is_host_name
from harness.engines.provider.values import Json
from harness.parts.steering.akamai.fields import (
    Field,
    Shape,
    anything,
    flag,
    host,
    name,
    number,
    object_of,
    objects,
    one_of,
    repeated,
    text,
    texts,
    whole,
)
from harness.parts.steering.akamai.properties import APEX, RANKED, STATIC, TYPES, WEIGHTED, is_address
from harness.parts.steering.akamai.values import invalid

PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TCPS")
"""Of liveness tests, those that agents here can send."""
_OTHERS = ("DNS", "DOH", "DOT", "FTP", "POP", "POPS", "SMTP", "SMTPS", "HTTP2", "HTTP2S")
_MODES = ("normal", "persistent", "one-ip", "one-ip-hashed", "all-live-ips")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_DOMAIN = re.compile(r"[a-z0-9.-]+\.akadns\.net")
_LONGEST_DOMAIN = 100
ID_MAX = 2**31 - 1
"""Of a data centre's number."""
_MOST = 1_000_000
"""Of numbers of which no greatest one is published: whatever is greater cannot be meant."""
_ONE_LINE = re.compile(r"[\x21-\x7e]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")

TEST = Shape(
    "test",
    {
        "name": Field(name, required=True), "answersRequired": Field(flag, False), "disabled": Field(flag, False),
        "disableNonstandardPortWarning": Field(flag, False), "errorPenalty": Field(number(0, _MOST), 75.0),
        "hostHeader": Field(text), "httpError3xx": Field(flag, False), "httpError4xx": Field(flag, False),
        "httpError5xx": Field(flag, False), "httpHeaders": Field(objects, []), "httpMethod": Field(one_of(_METHODS)),
        "httpRequestBody": Field(text), "peerCertificateVerification": Field(flag, False),
        "recursionRequested": Field(flag, False), "requestString": Field(text), "resourceType": Field(text),
        "responseString": Field(text), "sslClientCertificate": Field(text), "sslClientPrivateKey": Field(text),
        "testInterval": Field(whole(10, _MOST), 60, required=True), "testObject": Field(text),
        "testObjectPassword": Field(text), "testObjectPort": Field(whole(1, 65_535), 80),
        "testObjectProtocol": Field(text, "HTTP", required=True), "testObjectUsername": Field(text),
        "testTimeout": Field(number(0.001, 60), 25.0, required=True), "timeoutPenalty": Field(number(0, _MOST), 25.0),
    },
)  # fmt: skip
TARGET = Shape(
    "target",
    {
        "datacenterId": Field(whole(1, ID_MAX), 0, required=True), "enabled": Field(flag, True),
        "weight": Field(number(0, _MOST), 0.0), "handoutCName": Field(host), "name": Field(text),
        "servers": Field(texts, []), "precedence": Field(whole(0, 255)),
    },
)  # fmt: skip
PROPERTY = Shape(
    "property",
    {
        "name": Field(name, required=True), "type": Field(text, required=True), "backupCName": Field(host),
        "backupIp": Field(text), "balanceByDownloadScore": Field(flag, False), "cname": Field(host),
        "comments": Field(text), "dynamicTTL": Field(whole(30, 3600), 60), "failbackDelay": Field(whole(0, _MOST), 0),
        "failoverDelay": Field(whole(0, _MOST), 0), "handoutLimit": Field(whole(1)),
        "handoutMode": Field(one_of(_MODES), "normal", required=True), "healthMax": Field(number(0, _MOST)),
        "healthMultiplier": Field(number(0, _MOST)), "healthThreshold": Field(number(0, _MOST)),
        "ipv6": Field(flag, False),
        "livenessTests": Field(objects, []), "loadImbalancePercentage": Field(number(0, 1_000_000)),
        "mapName": Field(text), "maxUnreachablePenalty": Field(whole(0)), "minLiveFraction": Field(number(0, 1)),
        "mxRecords": Field(objects, []),
        "scoreAggregationType": Field(one_of(("mean", "median", "best", "worst")), "worst", required=True),
        "staticRRSets": Field(objects, []), "staticTTL": Field(whole(30, 3600)),
        "stickinessBonusConstant": Field(whole(0, 30_000), 0), "stickinessBonusPercentage": Field(whole(0, 100), 0),
        "trafficTargets": Field(objects, []), "unreachableThreshold": Field(number(0, 1)),
        "useComputedTargets": Field(flag, False),
    },
)  # fmt: skip
STATIC_SET = Shape(
    "static",
    {
        "type": Field(one_of(("A", "AAAA", "CNAME", "MX", "TXT", "SPF", "SRV", "NS", "PTR", "CAA")), required=True),
        "ttl": Field(whole(0, 604_800), required=True), "rdata": Field(texts, [], required=True),
    },
)  # fmt: skip
MAIL = Shape(
    "static",
    {"exchange": Field(name, required=True), "preference": Field(whole(0, 65_535), required=True)},
)
DATACENTER = Shape(
    "datacenter",
    {
        "city": Field(text), "cloneOf": Field(whole(0), 0), "cloudServerHostHeaderOverride": Field(flag, False),
        "cloudServerTargeting": Field(flag, False),
        "continent": Field(one_of(("AF", "AS", "EU", "NA", "OC", "OT", "SA"))), "country": Field(text),
        "defaultLoadObject": Field(anything, {"loadObject": None, "loadObjectPort": 0, "loadServers": None}),
        "latitude": Field(number(-90, 90), 0.0), "longitude": Field(number(-180, 180), 0.0),
        "nickname": Field(name, required=True), "scorePenalty": Field(whole(-1000), 0), "stateOrProvince": Field(text),
    },
    frozenset({"links", "virtual", "datacenterId"}),
)  # fmt: skip
DOMAIN = Shape(
    "domain",
    {
        "name": Field(name, required=True),
        "type": Field(one_of(("failover-only", "static", "weighted", "basic", "full")), required=True),
        "asMaps": Field(objects, []), "cidrMaps": Field(objects, []), "cnameCoalescingEnabled": Field(flag, False),
        "datacenters": Field(objects, []), "defaultErrorPenalty": Field(whole(0), 75),
        "defaultSslClientCertificate": Field(text), "defaultSslClientPrivateKey": Field(text),
        "defaultTimeoutPenalty": Field(whole(0), 25), "emailNotificationList": Field(texts, []),
        "geographicMaps": Field(objects, []), "loadFeedback": Field(flag, False),
        "loadImbalancePercentage": Field(number(0, 1_000_000), 10.0), "modificationComments": Field(text),
        "properties": Field(objects, []), "resources": Field(objects, []),
    },
    frozenset({
        "links", "status", "lastModified", "lastModifiedBy", "defaultUnreachableThreshold", "minPingableRegionFraction",
        "pingInterval", "roundRobinPrefix", "servermonitorLivenessCount", "servermonitorLoadCount",
    }),
)  # fmt: skip
"""Maps and resources are kept as they were sent, and answer nothing: no property here uses them."""


def property_of(
    body: Any, version: str, datacenters: Collection[int], domain: Json, named: str | None = None
) -> dict[str, Any]:
    """A property as it is kept. domain: its own fields. named: by the path of the call.

    Raises Refusal with every mistake.
    """
    errors: list[str] = []
    given = object_of(body)
    label = f'Property "{given.get("name", "")}"'
    found = PROPERTY.filled(given, version, label, errors)
    penalties = {"errorPenalty": domain["defaultErrorPenalty"], "timeoutPenalty": domain["defaultTimeoutPenalty"]}
    tests = [
        TEST.filled(one, version, f"{label}: liveness test", errors)
        | {key: value for key, value in penalties.items() if one.get(key) is None}
        for one in found["livenessTests"]
    ]
    targets = [TARGET.filled(one, version, f"{label}: traffic target", errors) for one in found["trafficTargets"]]
    found |= {
        "livenessTests": tests,
        "trafficTargets": targets,
        "staticRRSets": [
            STATIC_SET.filled(one, version, f"{label}: static set", errors) for one in found["staticRRSets"]
        ],
        "mxRecords": [MAIL.filled(one, version, f"{label}: MX record", errors) for one in found["mxRecords"]],
    }
    if not errors:
        errors = [f"In {label}, {wrong}" for wrong in _wrong(found, datacenters, named, domain["name"])]
    if errors:
        raise invalid("property", errors)
    return found


def _wrong(found: Json, datacenters: Collection[int], named: str | None, domain: str) -> list[str]:
    """What contradicts itself, or what it refers to."""
    wrong: list[str] = []
    if named is not None and found["name"] != named:
        wrong.append(f'the name is not that of the path, "{named}"')
    if found["name"] != APEX and not (is_host_name(found["name"]) and is_host_name(f"{found['name']}.{domain}")):
        wrong.append("the name is no host name")
    if found["type"] not in TYPES:
        wrong.append(f"the type {found['type']!r} is not offered here; one of: {', '.join(TYPES)}")
    if found["backupCName"] and found["backupIp"]:
        wrong.append("both a backupCName and a backupIp are set")
    if found["backupIp"] and not _is_of_family(found["backupIp"], ipv6=found["ipv6"]):
        wrong.append("the backupIp is no address of the property's IP type")
    wrong += [f'two liveness tests are called "{one}"' for one in repeated(t["name"] for t in found["livenessTests"])]
    for test in found["livenessTests"]:
        wrong += [f'liveness test "{test["name"]}": {text}' for text in _wrong_test(test)]
    wrong += [text for one in found["staticRRSets"] for text in _wrong_static(one)]
    mail = (one["exchange"] for one in found["mxRecords"])
    wrong += [f'the exchange "{exchange}" is no host name' for exchange in mail if not is_host_name(exchange)]
    return [*wrong, *_wrong_targets(found, datacenters)]


def _wrong_static(static: Json) -> list[str]:
    kind, rdata = static["type"], static["rdata"]
    wrong = [f"the static {kind} record {value!r} is none" for value in rdata if not _fits(static, value)]
    if not rdata or (kind == "CNAME" and len(rdata) > 1):
        wrong.append(f"the static {kind} set has {len(rdata)} records")
    return wrong


def _fits(static: Json, value: str) -> bool:
    match static["type"]:
        case "A" | "AAAA":
            return _is_of_family(value, ipv6=static["type"] == "AAAA")
        case "CNAME" | "NS" | "PTR":
            return is_host_name(value)
        case _:
            return True


def _wrong_test(test: Json) -> list[str]:
    protocol, wrong = test["testObjectProtocol"].upper(), list[str]()
    if protocol in _OTHERS:
        wrong.append(f"the protocol {protocol} is not offered here; one of: {', '.join(PROTOCOLS)}")
    elif protocol not in PROTOCOLS:
        wrong.append(f"testObjectProtocol must be one of: {', '.join((*PROTOCOLS, *_OTHERS))}")
    path = test["testObject"] or "/"
    if protocol.startswith("HTTP") and not (path.startswith("/") and _ONE_LINE.fullmatch(path)):
        wrong.append("testObject must begin with a slash, and have no blanks")
    headers = [(header.get("name"), header.get("value")) for header in test["httpHeaders"]]
    if test["hostHeader"]:
        headers.append(("Host", test["hostHeader"]))
    if not all(_is_header(name_, value) for name_, value in headers):
        wrong.append("headers need a name and a value each, of one line")
    if protocol.startswith("TCP") and test["responseString"]:
        wrong.append("a responseString of TCP is not offered here")
    return wrong


def _is_header(key: Any, value: Any) -> bool:
    whole_ = isinstance(key, str) and isinstance(value, str)
    return whole_ and bool(_HEADER_NAME.fullmatch(key) and _HEADER_VALUE.fullmatch(value))


def _wrong_targets(found: Json, datacenters: Collection[int]) -> list[str]:
    used = [target for target in found["trafficTargets"] if target["enabled"]]
    ids = [target["datacenterId"] for target in found["trafficTargets"]]
    wrong = [f"there is no data center {one}" for one in dict.fromkeys(ids) if one not in datacenters]
    if found["type"] == STATIC:
        return [*wrong, *(["a static property has no traffic targets"] if used else [])]
    if not used or (found["type"] == WEIGHTED and not any(target["weight"] for target in used)):
        wrong.append("there are no enabled traffic targets that have any traffic allowed to go to them")
    for target in used:
        if not target["servers"] and not target["handoutCName"]:
            wrong.append(f"the traffic target of data center {target['datacenterId']} has neither servers nor a name")
        for server in target["servers"]:
            if not _is_of_family(server, ipv6=found["ipv6"]):
                wrong.append(f'the server "{server}" is no address of the property\'s IP type')
    if found["type"] == RANKED and used:
        lowest = min(target["precedence"] or 0 for target in used)
        if sum((target["precedence"] or 0) == lowest for target in used) > 1:
            wrong.append("there are multiple primary traffic targets (targets with lowest precedence)")
    return wrong


def _is_of_family(address: str, *, ipv6: bool) -> bool:
    return is_address(address) and (":" in address) == ipv6


def domain_of(body: Any, version: str, named: str | None = None) -> dict[str, Any]:
    """A domain's own fields, its data centres and properties as they were sent. Raises Refusal."""
    errors: list[str] = []
    found = DOMAIN.filled(object_of(body), version, "Domain", errors)
    if not errors and named is not None and found["name"] != named:
        errors.append(f'the name is not that of the path, "{named}"')
    good = bool(_DOMAIN.fullmatch(found["name"] or "")) and is_host_name(found["name"])
    if not errors and not (good and len(found["name"]) <= _LONGEST_DOMAIN):
        errors.append(f"the name must end in .akadns.net and have up to {_LONGEST_DOMAIN} characters")
    if errors:
        raise invalid("domain", errors)
    return found


def datacenter_of(body: Any, version: str) -> dict[str, Any]:
    """A data centre as it is kept, but for its number. Raises Refusal."""
    errors: list[str] = []
    found = DATACENTER.filled(object_of(body), version, "Datacenter", errors)
    if isinstance(found["defaultLoadObject"], Mapping) or found["defaultLoadObject"] is None:
        if not errors:
            return {**found, "virtual": True}
    else:
        errors.append('Datacenter: "defaultLoadObject" must be an object')
    raise invalid("datacenter", errors)
