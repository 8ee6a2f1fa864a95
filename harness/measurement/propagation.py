"""When each observer's DNS answer changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.history.events import Commit, DnsAnswer, Event


def answer_changes(events: Iterable[Event | Commit]) -> Mapping[str, tuple[DnsAnswer, ...]]:
    """Per observer, the witness's DNS answers that differ from the one before; the first answer is no change."""
    last: dict[str, frozenset[str]] = {}
    changes: dict[str, list[DnsAnswer]] = {}
    answers = [e for e in events if isinstance(e, DnsAnswer) and e.source == "witness"]
    for answer in sorted(answers, key=lambda a: a.mono_ns):
        addresses = frozenset(answer.addresses)
        seen = changes.setdefault(answer.client, [])
        if answer.client in last and last[answer.client] != addresses:
            seen.append(answer)
        last[answer.client] = addresses
    return {client: tuple(seen) for client, seen in changes.items()}


def answer_at(events: Iterable[Event | Commit], client: str, moment_ns: int) -> tuple[str, ...] | None:
    """The addresses that an observer last saw at or before moment_ns; None before its first answer."""
    seen = [
        e for e in events
        if isinstance(e, DnsAnswer) and e.source == "witness" and e.client == client and e.mono_ns <= moment_ns
    ]  # fmt: skip
    return max(seen, key=lambda a: a.mono_ns).addresses if seen else None
