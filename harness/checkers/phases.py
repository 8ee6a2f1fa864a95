"""Does every phase of a recovery lie where the documented constants put it? One that does not has another cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.checkers.result import Finding
from harness.outcome import Bracket
from harness.spelling import bracket, seconds

_NAMES = {
    "detect": "detection by the edge's health checks",
    "redirect": "publishing the new DNS answer",
    "decide": "the decision to move clients",
    "api": "changing the record through the API",
    "activate": "activating the other side",
    "dns_ttl": "waiting for the DNS answer that clients had to run out",
    "settle": "waiting for the clients to succeed again",
}
_LATE = {
    "detect": "{lost} went on passing its health checks, or they took longer than documented",
    "redirect": "the answer did not change when the checks had failed: {survivor} was not healthy for the edge yet",
    "decide": "nobody led, or {survivor} was not well or not active yet for whoever moves clients",
    "api": "the API refused calls, or left them unanswered",
    "activate": "{survivor} began to accept writes later than checks, threshold and lease of the subject explain",
    "dns_ttl": "clients kept the old answer for longer than its time to live",
    "settle": "clients had the new answer, and {survivor} did not serve them yet",
}
_EARLY = {
    "detect": "something else had made {lost} unhealthy before",
    "redirect": "the answer did not wait for what it should wait for",
    "decide": "whoever moves clients did not wait for what it should wait for",
    "activate": "{survivor} did not wait for the lease, or for as many failed checks as documented",
    "dns_ttl": "clients asked again before their answer had run out",
}


def phase_findings(
    phases_ns: Mapping[str, int | None],
    predicted: Mapping[str, Bracket],
    *,
    blur_ns: int,
    lost: str,
    survivor: str,
) -> Iterator[Finding]:
    """One for every phase outside of its bounds for certain. blur_ns: how wrong the measurement of a phase may be.

    A phase whose beginning nobody saw has the time of the one before in it, so it may be longer than it was.
    """
    whole = True
    for name, length_ns in phases_ns.items():
        bounds, begun = predicted.get(name), whole
        whole = length_ns is not None
        if length_ns is None or bounds is None:
            continue
        cause = ""
        if begun and bounds.high_ns is not None and length_ns > bounds.high_ns + blur_ns:
            cause, how, severity = _LATE.get(name, ""), "longer", "warning"
        elif length_ns < bounds.low_ns - blur_ns:
            cause, how, severity = _EARLY.get(name, ""), "shorter", "info"
        if cause:
            told = cause.format(lost=lost, survivor=survivor)
            text = f"{_NAMES.get(name, name)} took {seconds(length_ns)}, {how} than the documented constants explain "
            yield Finding("phase", f"{text}({bracket(bounds)}): {told}", severity)
