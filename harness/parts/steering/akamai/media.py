"""Versioned media types: which version of an object somebody sends, and which one they want to be answered.

Akamai's clients say `application/vnd.config-gtm.v1.4+json`, its description `domain-vnd-config-gtm.v1.4+json` and
`application/property-vnd-config-gtm.v1.4+json`: all three are understood, and what was asked for is answered. Plain
JSON is version 1.0. A field that came with a later version than the one asked for is left out of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.akamai.values import DEFAULT_VERSION, Refusal

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6")
JSON = "application/json"
_VERSIONED = re.compile(r"(?:application/)?(?:vnd\.|(?:domain|property|datacenter)-vnd-)config-gtm\.v(\d+\.\d+)\+json")
_ANY = frozenset({"", "*/*", "application/*", JSON})

SINCE: Mapping[str, Mapping[str, str]] = {
    "domain": {"asMaps": "1.1", "cnameCoalescingEnabled": "1.1"},
    "datacenter": {"scorePenalty": "1.3", "cloudServerHostHeaderOverride": "1.4"},
    "property": {"handoutLimit": "1.3", "minLiveFraction": "1.3", "staticRRSets": "1.4"},
    "test": {
        "errorPenalty": "1.2", "timeoutPenalty": "1.2", "answersRequired": "1.3", "peerCertificateVerification": "1.3",
        "recursionRequested": "1.3", "resourceType": "1.3", "disabled": "1.4", "httpHeaders": "1.4",
        "httpMethod": "1.5", "httpRequestBody": "1.5",
    },
    "target": {"precedence": "1.6"},
    "static": {},
}  # fmt: skip
"""With which version a field came, by what it is a field of."""


def wanted(accept: str) -> tuple[str, str]:
    """The media type and the version that an Accept header asks for. Raises Refusal for one that nobody has."""
    offered = [part.partition(";")[0].strip() for part in accept.split(",")]
    for one in offered:
        found = _VERSIONED.fullmatch(one)
        if found is not None and found[1] in VERSIONS:
            return one, found[1]
    if not _ANY.isdisjoint(offered):
        return JSON, DEFAULT_VERSION
    raise Refusal(406, "config-gtm/v1/notAcceptable", "Not Acceptable", f"None of the media types is known: {accept}")


def sent(content_type: str) -> str:
    """The version of a body. Raises Refusal."""
    given = content_type.partition(";")[0].strip()
    found = _VERSIONED.fullmatch(given)
    if found is not None and found[1] in VERSIONS:
        return found[1]
    if given in ("", JSON):
        return DEFAULT_VERSION
    text = f"The media type is not supported: {content_type}"
    raise Refusal(415, "config-gtm/v1/unsupportedMediaType", "Unsupported Media Type", text)


def newer(kind: str, fields: Mapping[str, Any], version: str) -> list[str]:
    """Fields that `version` does not have yet."""
    return [name for name in fields if _number(SINCE[kind].get(name, DEFAULT_VERSION)) > _number(version)]


def told(kind: str, fields: Json, version: str) -> dict[str, Any]:
    """An object as `version` has it."""
    missing = set(newer(kind, fields, version))
    return {name: value for name, value in fields.items() if name not in missing}


def told_property(body: Json, version: str) -> dict[str, Any]:
    """A property with its tests and targets as `version` has them."""
    shown = told("property", body, version)
    shown["livenessTests"] = [told("test", test, version) for test in body["livenessTests"]]
    shown["trafficTargets"] = [told("target", target, version) for target in body["trafficTargets"]]
    return shown


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
