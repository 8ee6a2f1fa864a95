"""Is the arrangement working as on any other day? A drill starts from there, and should end there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from harness.measurement.shares import Share

SERVED_SHARE = 0.99
ACKNOWLEDGED_WRITES = 50


@dataclass(frozen=True)
class Seen:
    """What was seen lately.

    served: of the judged clients' operations. writes: acknowledged so far. answers: DNS answers that the judged clients
    and the authoritative observer hold; None as long as nobody has one. settled: the answer has not changed just now.
    expected, region: the addresses that it must lie within, in any order, and whose they are. unready: what the world
    knows to be missing.
    """

    served: Share
    writes: int
    answers: Collection[tuple[str, ...]] | None
    settled: bool
    expected: Collection[str]
    region: str
    unready: Iterable[str] = ()


def too_many_failed(served: Share) -> bool:
    """Whether more failed than the share allows; of few operations, a single one says nothing."""
    return served.total - served.good > max(1, (1 - SERVED_SHARE) * served.total)


def unsteady(seen: Seen) -> Iterator[str]:
    """Every reason why this is no steady state, in words; none when it is one."""
    if seen.served.value is None:
        yield "no client has been answered yet"
    elif too_many_failed(seen.served):
        yield f"only {seen.served.value:.1%} of the clients' requests succeed"
    if seen.writes < ACKNOWLEDGED_WRITES:
        yield f"{seen.writes} writes acknowledged so far, {ACKNOWLEDGED_WRITES} needed"
    yield from _about_answers(seen)
    yield from seen.unready


def _about_answers(seen: Seen) -> Iterator[str]:
    if not seen.answers:
        yield "no DNS answer yet"
        return
    strangers = sorted({address for addresses in seen.answers for address in addresses} - set(seen.expected))
    if not seen.settled:
        yield "the DNS answer has just changed"
    elif strangers:
        yield f"DNS answers {', '.join(strangers)}, expected {', '.join(sorted(seen.expected))} ({seen.region})"
