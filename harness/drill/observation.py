"""What the witness has seen so far, kept up to date event by event, and put as facts to the lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.checkers.steady_state import Seen, too_many_failed, unsteady
from harness.drill.backend import SteadyEvidence
from harness.drill.lifecycle import Facts, Phase
from harness.drill.record import InjectedFault
from harness.history.events import CanaryProbe, Completion, Event, Invoke, Mark
from harness.measurement.availability import Share
from harness.measurement.live import LONGEST_NS, LiveState
from harness.measurement.models import JUDGED_COHORT, is_judged
from harness.outcome import Outcome
from harness.topology.environment import Environment
from harness.units import NS_PER_S

ANSWER_SETTLES_NS = NS_PER_S
TROUBLE_NS = NS_PER_S
"""For so long after too much failed it is no steady state, and its reason can be read."""


class Observation:
    """The history of one drill while it grows. events: in the order in which they arrived.

    context: those of them that are few: neither operations nor canary probes.
    """

    def __init__(self, environment: Environment, edges: Mapping[str, str]) -> None:
        self._edges = edges
        self._survivor = edges[environment.standby.name]
        self._expected = environment.primary.name
        self.events: list[Event] = []
        self.context: list[Event] = []
        self.probes: list[CanaryProbe] = []
        self.live = LiveState(survivor_address=self._survivor)
        self._sent_ns: dict[str, int] = {}
        self._at_since_ns: dict[str, int | None] = {}
        self._writes_at_steady = 0
        self._steady_from_ns = 0
        self._trouble: Share | None = None

    def take(self, events: Iterable[Event]) -> None:
        """Take new events into account."""
        for event in events:
            self.events.append(event)
            self.live.step(event)
            if not isinstance(event, Invoke | Completion | CanaryProbe):
                self.context.append(event)
            if isinstance(event, CanaryProbe):
                self.probes.append(event)
            elif isinstance(event, Invoke) and event.cohort == JUDGED_COHORT:
                self._sent_ns[event.op] = event.mono_ns
            elif isinstance(event, Completion) and event.cohort == JUDGED_COHORT:
                self._place(event)
            elif isinstance(event, Mark) and event.f == Phase.STEADY:
                self._writes_at_steady = self.live.acknowledged_writes
                self._trouble, self._steady_from_ns = None, event.mono_ns

    def _place(self, event: Completion) -> None:
        """Since when this client has been served by the expected region, by send time."""
        sent_ns = self._sent_ns.pop(event.op, event.mono_ns)
        key = f"{event.client}/{'reads' if event.f == 'get' else 'writes'}"
        served = event.outcome is Outcome.OK and event.address == self._edges[self._expected]
        since_ns = self._at_since_ns.get(key)
        self._at_since_ns[key] = (since_ns or sent_ns) if served else None

    def expect_active(self, region: str) -> None:
        """From now on, `primary_since_ns` is about this region."""
        if region != self._expected:
            self._expected = region
            self._at_since_ns = dict.fromkeys(self._at_since_ns)

    def healed(self) -> None:
        """Everything has been healed; being served is counted anew from here."""
        self._at_since_ns = dict.fromkeys(self._at_since_ns)

    def facts(self, faults: Sequence[InjectedFault], evidence: SteadyEvidence | None) -> Facts:
        """What the lifecycle needs to know. evidence: only where a steady state is waited for."""
        return Facts(
            unsteady=() if evidence is None else tuple(unsteady(self._seen(evidence))),
            fault_observed=bool(faults) and faults[-1].judged_by(self.probes).observed,
            recovered_since_ns=self.live.recovered_since_ns,
            primary_since_ns=self._all_at_expected_since(),
        )

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
            expected=self._edges[self._expected],
            region=self._expected,
            unready=evidence.reasons,
        )
