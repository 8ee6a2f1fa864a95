"""One line that says what a recovery time is made of."""

from __future__ import annotations

from collections.abc import Mapping

from harness.spelling import seconds

_LABELS = {
    "detect": "detection by the edge's health checks",
    "redirect": "publishing the new DNS answer",
    "decide": "the intermediary's decision",
    "api": "changing the record through the API",
    "activate": "activating the other side",
    "dns_ttl": "the DNS TTL",
    "settle": "waiting for the clients to succeed again",
}


_DETECTED_BY = {
    "target": "detection by the load balancer",
    "intermediary": "detection by the intermediary",
    "cloudflare": "detection by Cloudflare's monitors",
    "other": "detection by something else than health checks",
}


def why(phases_ns: Mapping[str, int | None], noticed_by: str = "") -> str:
    """For instance "61 % of the recovery time is the DNS TTL (9.15 s of 15.00 s)"; "" when there is nothing to explain.

    phases_ns: as phases.phases gives them. noticed_by: the kind of checks that did, where not the edge's own. A
    recovery that was not seen (settle None) is not explained.
    """
    known = {name: value for name, value in phases_ns.items() if value is not None}
    total_ns = sum(known.values())
    if phases_ns.get("settle") is None or total_ns == 0:
        return ""
    name = max(known, key=lambda key: known[key])
    label = _LABELS.get(name, name)
    if name == "detect" and noticed_by:
        label = _DETECTED_BY.get(noticed_by, f"detection by {noticed_by}")
    share = round(100 * known[name] / total_ns)
    return f"{share} % of the recovery time is {label} ({seconds(known[name])} of {seconds(total_ns)})"
