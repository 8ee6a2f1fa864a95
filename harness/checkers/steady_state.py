"""Is the arrangement working as on any other day? A drill starts from there, and should end there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.measurement.shares import Share

SERVED_SHARE = 0.99
ACKNOWLEDGED_WRITES = 50
_SHOWN = 4


@dataclass(frozen=True)
class Seen:
    """What was seen lately.

    served: of the judged clients' operations. writes: acknowledged so far. answers: DNS answers that the judged clients
    and the authoritative observer hold; None as long as nobody has one. settled: the answer has not changed just now.
    expected, region: the addresses that it must lie within, in any order, and whose they are. unready: what the world
    knows to be missing in itself; broken: what it finds wrong with the subject. failed: what the clients saw that were
    not served, `HTTP 403 for writes`, and how often. needs_writes: the application has operations that write.
    after_fault: a fault of this drill came before.
    """

    served: Share
    writes: int
    answers: Collection[tuple[str, ...]] | None
    settled: bool
    expected: Collection[str]
    region: str
    unready: Iterable[str] = ()
    broken: Iterable[str] = ()
    needs_writes: bool = True
    failed: Mapping[str, int] = field(default_factory=dict)
    after_fault: bool = False


def too_many_failed(served: Share) -> bool:
    """Whether more failed than the share allows; of few operations, a single one says nothing."""
    return served.total - served.good > max(1, (1 - SERVED_SHARE) * served.total)


def unsteady(seen: Seen) -> Iterator[str]:
    """Every reason why this is no steady state, in words; none when it is one."""
    yield from _unasked(seen)
    yield from seen.broken
    yield from _failing(seen)
    yield from _few_writes(seen)
    yield from _about_answers(seen)
    yield from seen.unready


def of_subject(seen: Seen) -> Iterator[str]:
    """Those of the reasons that the subject is to blame for.

    Before any fault a name that leads elsewhere is the world's, and where clients are led elsewhere, their failing
    follows. After one the subject has brought them there, or not brought them back: it has to recover. To look at all
    remains the world's business: that there are clients and answers, and that its own parts are ready.
    """
    yield from seen.broken
    if seen.after_fault:
        yield from _failing(seen)
        if not list(_unasked(seen)):
            yield from _few_writes(seen)
        if seen.answers:
            yield from _about_answers(seen)
    elif not list(_about_answers(seen)):
        yield from _failing(seen)


def _unasked(seen: Seen) -> Iterator[str]:
    if seen.served.value is None:
        yield "no client has been answered yet"


def _few_writes(seen: Seen) -> Iterator[str]:
    if seen.needs_writes and seen.writes < ACKNOWLEDGED_WRITES:
        yield f"{seen.writes} writes acknowledged so far, {ACKNOWLEDGED_WRITES} needed"


def _failing(seen: Seen) -> Iterator[str]:
    if seen.served.value is not None and too_many_failed(seen.served):
        yield f"only {seen.served.value:.1%} of the clients' requests succeed{in_words(seen.failed)}"


def in_words(failed: Mapping[str, int]) -> str:
    """What clients saw, the most frequent first: ` (HTTP 403 for writes: 12 times)`."""
    most = sorted(failed.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN]
    told = ", ".join(f"{word}: {count} times" for word, count in most)
    return f" ({told})" if told else ""


def _about_answers(seen: Seen) -> Iterator[str]:
    if not seen.answers:
        yield "no DNS answer yet"
        return
    strangers = sorted({address for addresses in seen.answers for address in addresses} - set(seen.expected))
    if not seen.settled:
        yield "the DNS answer has just changed"
    elif strangers:
        yield f"DNS answers {', '.join(strangers)}, expected {', '.join(sorted(seen.expected))} ({seen.region})"
