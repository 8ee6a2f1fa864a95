"""What people have of a zone and cannot be read here: told by its name, and what to do instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_OTHERS = "the policy that is run here is Route 53's, and theirs is another"
_DRILLED = {"Cloudflare": "cloudflare", "DigitalOcean": "digitalocean", "Akamai GTM": "akamai"}
"""By provider, the environment in which its own policy is drilled."""
_PROVIDERS = {
    "cloudflare_": "Cloudflare", "akamai_gtm_": "Akamai GTM", "akamai_dns_": "Akamai Edge DNS",
    "digitalocean_": "DigitalOcean", "google_dns_": "Google Cloud DNS", "azurerm_": "Azure DNS",
}  # fmt: skip
"""By what the types of Terraform's resources begin with."""
_JSON = "add `--output json`"
_SHOW = "`terraform show -json` prints what can be read here"
_COMMENTS = r"\A(?:\s*;.*\n|\s*\n)*"
_BIND = "this is a zone file in the form of BIND: it holds no routing policy and no health check"


def _others(provider: str) -> str:
    drilled = _DRILLED.get(provider)
    return _OTHERS if drilled is None else f"{_OTHERS}, which `drill run NAME -e {drilled}` drills"


_TEXTS: Sequence[tuple[str, str]] = (
    (r"\A\s*\{[^\n]*\"@level\"", f"this is the log of `terraform plan -json`: {_SHOW}"),
    (r"(?m)^\s*# (?:module\.\S+\.)*aws_route53_\S+(?: will be|:)", f"this is a plan for people: {_SHOW}"),
    (r"(?m)^\s*(?:resource|data) \"aws_route53_", f"this is Terraform's configuration: make a plan of it; {_SHOW}"),
    *(
        (rf"(?m)^\s*(?:resource|data) \"{start}", f"this is Terraform's configuration, for {name}: {_others(name)}")
        for start, name in _PROVIDERS.items()
    ),
    (r"\ARESOURCERECORDSETS\t", f"this is AWS's list as text: {_JSON}"),
    (r"\A-{20,}\s*\|\s*List(?:ResourceRecordSets|HealthChecks)", f"this is AWS's list as a table: {_JSON}"),
    (rf"{_COMMENTS}\s*\$(?:ORIGIN|TTL|INCLUDE|GENERATE)\b", _BIND),
    (rf"(?i){_COMMENTS}\S+(?:\s+\d+)?\s+IN\s+[A-Z]+\s", _BIND),
)


def of_text(text: str) -> str:
    """What a text is that is neither of the forms; "" where nobody knows it."""
    return next((words for pattern, words in _TEXTS if re.search(pattern, text)), "")


def of_document(document: Any) -> str:
    """What JSON or YAML is that is none of the forms; "" where nobody knows it."""
    if isinstance(document, Mapping):
        return next((words for fits, words in _MAPPINGS if fits(document)), "")
    if isinstance(document, Sequence) and document and isinstance(document[0], Mapping):
        return next((words for fits, words in _LISTS if fits(document[0])), "")
    return ""


def _of(provider: str) -> str:
    return f"this is a zone of {provider}: {_others(provider)}"


def of_plan(types: Iterable[str]) -> str:
    """Whose plan it is that has no record of Route 53, by the types of its resources; "" where nobody knows it."""
    for start, provider in _PROVIDERS.items():
        found = sorted({kind for kind in types if kind.startswith(start)})
        if found:
            return f"what is in it is for {provider} ({', '.join(found[:3])}): {_others(provider)}"
    return ""


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda found: all(key in found for key in keys)


def _first(key: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def first(found: Mapping[str, Any]) -> Mapping[str, Any]:
        listed = found.get(key)
        one = listed[0] if isinstance(listed, Sequence) and listed and not isinstance(listed, str) else {}
        return one if isinstance(one, Mapping) else {}

    return first


def _starts(key: str, text: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda found: str(found.get(key, "")).lower().startswith(text)


_CLOUDFLARE, _DIGITALOCEAN = _of("Cloudflare"), _of("DigitalOcean")
_GOOGLE, _AZURE = _of("Google Cloud DNS"), _of("Azure DNS")
_LISTS: Sequence[tuple[Callable[[Mapping[str, Any]], bool], str]] = (
    (_starts("kind", "dns#"), _GOOGLE),
    (_starts("type", "microsoft.network/"), _AZURE),
    (_has("type", "content"), _CLOUDFLARE),
    (_has("type", "data", "ttl"), _DIGITALOCEAN),
)
_MAPPINGS: Sequence[tuple[Callable[[Mapping[str, Any]], bool], str]] = (
    (lambda found: _has("type", "content")(_first("result")(found)), _CLOUDFLARE),
    (_has("domain_records"), _DIGITALOCEAN),
    (_has("recordsets"), _of("Akamai Edge DNS")),
    (
        lambda found: _has("default_pools", "fallback_pool")(_first("result")(found)) or _has("default_pools")(found),
        "this is a load balancer of Cloudflare: " + _others("Cloudflare"),
    ),
    (_has("properties", "datacenters"), "this is a domain of Akamai GTM: " + _others("Akamai GTM")),
    (_has("trafficTargets"), "this is a property of Akamai GTM: " + _others("Akamai GTM")),
    (_starts("kind", "dns#"), _GOOGLE),
    (_has("rrsets"), _of("PowerDNS or Google Cloud DNS")),
    (lambda found: _starts("type", "microsoft.network/")(_first("value")(found)), _AZURE),
    (
        _has("HostedZones"),
        "these are the names of zones: `aws route53 list-resource-record-sets --hosted-zone-id ID` lists one",
    ),
    (_has("Changes"), "this is a batch of changes, and no zone: apply it, and list the record sets"),
    (
        lambda found: "AWSTemplateFormatVersion" in found or _has("Resources", "Parameters")(found),
        "this is a template of CloudFormation: deploy it, and list the record sets",
    ),
    (
        _has("terraform_version", "resources"),
        "this is Terraform's own file of its state: `terraform show -json` prints one to read here",
    ),
    (_has("providers"), "this is octoDNS's own configuration: name the zone's file"),
    (_has("apiVersion", "kind"), "this is an object of Kubernetes, and no zone"),
)
