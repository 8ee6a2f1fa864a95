"""What the witness has seen so far, kept up to date event by event, and put as facts to the lifecycle.

Each event costs O(1), and so does asking for the facts: nothing goes through the history again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.checkers.steady_state import Seen, of_subject, too_many_failed, unsteady
from harness.drill.backend import SteadyEvidence
from harness.drill.case import CaseFault
from harness.drill.lifecycle import Facts, Phase
from harness.history import wording
from harness.history.events import CanaryProbe, Completion, Event, Invoke, Mark
from harness.history.journeys import JourneyMade
from harness.measurement.canary import CanarySoFar, Tally
from harness.measurement.live import LONGEST_NS, LiveState
from harness.measurement.models import JUDGED_COHORT, is_judged
from harness.measurement.shares import Share
from harness.units import NS_PER_S

ANSWER_SETTLES_NS = NS_PER_S
TROUBLE_NS = NS_PER_S
"""For so long after too much failed it is no steady state, and its reason can be read."""


class Observation:
    """The history of one drill while it grows. events: in the order in which they arrived.

    addresses: of each place. moves: DNS answers lead to one place at a time, not to a proxy in front of all of them.
    context: those of the events that are few: neither operations nor canary probes.
    """

    def __init__(self, addresses: Mapping[str, str], primary: str, standby: str, *, moves: bool = True) -> None:
        self._addresses = addresses
        self._answered = {place: (one,) if moves else tuple(addresses.values()) for place, one in addresses.items()}
        self._expected = primary
        self.events: list[Event] = []
        self.context: list[Event] = []
        self.live = LiveState(survivor_address=addresses.get(standby))
        self._tallies: dict[str, Tally] = {}
        self._canary: CanarySoFar | None = None
        self._bit = False
        self._after_fault = False
        self._sent_ns: dict[str, int] = {}
        self._at_since_ns: dict[tuple[str, bool], int | None] = {}
        self._writes_at_steady = 0
        self._steady_from_ns = 0
        self._trouble: Share | None = None
        self._failed: Counter[str] = Counter()
        self._misfits: Counter[str] = Counter()
        self._understood: Counter[str] = Counter()

    def take(self, events: Iterable[Event]) -> None:
        """Take new events into account."""
        for event in events:
            self.events.append(event)
            self.live.step(event)
            if isinstance(event, Invoke):
                if event.cohort == JUDGED_COHORT:
                    self._sent_ns[event.op] = event.mono_ns
            elif isinstance(event, Completion):
                if event.cohort == JUDGED_COHORT:
                    self._place(event)
            elif isinstance(event, CanaryProbe):
                self._probe(event)
            elif not isinstance(event, JourneyMade):
                self.context.append(event)
                if isinstance(event, Mark) and event.f == Phase.STEADY:
                    self._writes_at_steady = self.live.acknowledged_writes
                    self._trouble, self._steady_from_ns = None, event.mono_ns
                    for counts in (self._failed, self._misfits, self._understood):
                        counts.clear()

    def _probe(self, probe: CanaryProbe) -> None:
        if probe.link not in self._tallies:
            self._tallies[probe.link] = Tally()
        self._tallies[probe.link].add(probe)
        if self._canary is not None:
            self._canary.add(probe)

    def _place(self, event: Completion) -> None:
        """Since when this client has been served by the expected place, by send time; what it saw that was not."""
        if not event.served and (event.status is not None or event.error is not None):
            self._failed[wording.got(event.status, event.error, event.f)] += 1
            self._misfits[event.f] += event.error == wording.GARBAGE
        self._understood[event.f] += event.served
        sent_ns = self._sent_ns.pop(event.op, event.mono_ns)
        key = (event.client, event.f == "get")
        served = event.served and event.address == self._addresses[self._expected]
        since_ns = self._at_since_ns.get(key)
        self._at_since_ns[key] = (since_ns or sent_ns) if served else None

    def expect_active(self, place: str) -> None:
        """From now on, `served_since_ns` is about this place."""
        if place != self._expected:
            self._expected = place
            self._at_since_ns = dict.fromkeys(self._at_since_ns)

    def watch_canaries(self, fault: CaseFault) -> None:
        """From now on, `fault_observed` is about this fault, which has just been applied."""
        self._bit, self._after_fault = False, True
        self._canary = CanarySoFar(fault.canary.links, fault.canary.expected, fault.interval, self._tallies)

    def healed(self) -> None:
        """Something has been healed; being served is counted anew from here."""
        self._at_since_ns = dict.fromkeys(self._at_since_ns)

    def facts(self, evidence: SteadyEvidence | None) -> Facts:
        """What the lifecycle needs to know. evidence: only where a steady state is waited for."""
        seen = None if evidence is None else self._seen(evidence)
        return Facts(
            unsteady=() if seen is None else tuple(unsteady(seen)),
            of_subject=() if seen is None or seen.unready else tuple(of_subject(seen)),
            fault_observed=self._has_bitten(),
            recovered_since_ns=self.live.recovered_since_ns,
            served_since_ns=self._all_at_expected_since(),
        )

    def _has_bitten(self) -> bool:
        if not self._bit and self._canary is not None:
            self._bit = self._canary.judged().observed
        return self._bit

    def _all_at_expected_since(self) -> int | None:
        since = list(self._at_since_ns.values())
        known = [value for value in since if value is not None]
        return max(known) if known and len(known) == len(since) else None

    def _served(self) -> Share:
        """Of the judged clients' operations, over the last seconds; after trouble it is counted anew."""
        share = self.live.share(JUDGED_COHORT, window_ns=LONGEST_NS, since_ns=self._steady_from_ns)
        if too_many_failed(share):
            self._trouble, self._steady_from_ns = share, self.live.now_ns
        elif self._trouble is not None and self.live.now_ns - self._steady_from_ns > TROUBLE_NS:
            self._trouble = None
        return self._trouble or share

    def _seen(self, evidence: SteadyEvidence) -> Seen:
        # Clients that keep connections, or answers for too long, are reported; they follow nobody's steady state.
        answers = {addresses for who, addresses in self.live.answers.items() if addresses and is_judged(who)}
        since_ns = self.live.authoritative_since_ns
        return Seen(
            served=self._served(),
            writes=self.live.acknowledged_writes - self._writes_at_steady,
            answers=None if since_ns is None else answers,
            settled=since_ns is not None and self.live.now_ns - since_ns >= ANSWER_SETTLES_NS,
            expected=self._answered[self._expected],
            region=self._expected,
            unready=evidence.reasons,
            broken=(*evidence.broken.get(self._expected, ()), *evidence.unreplicated),
            needs_writes=not evidence.reads_only,
            failed=self._failed,
            after_fault=self._after_fault,
            mistaken=self._mistaken(),
        )

    def _mistaken(self) -> str:
        """What in the subject file to look at, where no answer of a kind fits it, and nothing else failed."""
        misfits = [f for f, count in self._misfits.items() if count]
        if not misfits or self._misfits.total() < self._failed.total() or any(self._understood[f] for f in misfits):
            return ""
        return wording.remedies(misfits)
