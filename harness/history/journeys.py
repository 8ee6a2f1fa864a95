"""What a history says of journeys: what somebody wanted of the application, and whether it worked."""

from __future__ import annotations

from dataclasses import dataclass

from harness.history.source import Source


@dataclass(frozen=True)
class JourneyMade:
    """One visit of a client: one journey was tried, and has ended.

    visit: unique. worked: the answer was as the subject file expects it. planned_ns: where the open-loop grid put it;
    mono_ns: when it was sent, before the DNS lookup; returned_ns: when it ended. address: the answered address that was
    dialled. status: of the answer, None when there was none; error: one word where it did not work: as of a Completion,
    or `unexpected`.
    """

    journey: str
    visit: str
    client: str
    worked: bool
    planned_ns: int
    mono_ns: int
    returned_ns: int
    address: str | None = None
    status: int | None = None
    error: str | None = None
    source: Source = "witness"
