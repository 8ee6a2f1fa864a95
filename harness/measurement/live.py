"""What a drill needs to know while it runs, fed one event at a time from a history that is still being written.

An accumulator: it reads no clock and does no I/O, the same events in the same order give the same answers, and each
event costs O(1) amortised (which is why it changes in place, unlike the decision machines). It only steers and
informs; verdicts come from the whole history afterwards.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from harness.history.events import CanaryProbe, Commit, Completion, DnsAnswer, Event, FaultEvent, Invoke
from harness.measurement.models import JUDGED_COHORT, Kind
from harness.measurement.shares import Share
from harness.names import AUTHORITATIVE
from harness.outcome import Outcome
from harness.units import NS_PER_MS, NS_PER_S

BUCKET_NS = 100 * NS_PER_MS
WINDOW_NS = 2 * NS_PER_S
LONGEST_NS = 5 * NS_PER_S


@dataclass
class _Window:
    """Good and all completions of the last LONGEST_NS, in buckets: (start, good, total)."""

    buckets: deque[tuple[int, int, int]] = field(default_factory=deque)

    def add(self, now_ns: int, good: bool) -> None:
        start_ns = now_ns - now_ns % BUCKET_NS
        # Several files are tailed, so a completion may come a little late: it goes into the newest bucket.
        if self.buckets and self.buckets[-1][0] >= start_ns:
            at_ns, of_good, of_total = self.buckets.pop()
            self.buckets.append((at_ns, of_good + good, of_total + 1))
        else:
            self.buckets.append((start_ns, int(good), 1))
        while self.buckets[0][0] <= now_ns - LONGEST_NS - BUCKET_NS:
            self.buckets.popleft()

    def since(self, from_ns: int) -> Share:
        """Of what completed after from_ns, to the bucket."""
        good = total = 0
        for start_ns, of_good, of_total in self.buckets:
            if start_ns > from_ns - BUCKET_NS:
                good += of_good
                total += of_total
        return Share(good, total)


@dataclass
class _Streak:
    """One client and kind, by send times: its last failure, and the success that began what lasts since."""

    last_bad_ns: int | None = None
    good_since_ns: int | None = None
    last_good_ns: int | None = None

    def add(self, sent_ns: int, good: bool) -> None:
        if good:
            if self.last_good_ns is None or sent_ns > self.last_good_ns:
                self.last_good_ns = sent_ns
            if self.good_since_ns is None and (self.last_bad_ns is None or sent_ns > self.last_bad_ns):
                self.good_since_ns = sent_ns
            return
        if self.last_bad_ns is None or sent_ns > self.last_bad_ns:
            self.last_bad_ns = sent_ns
        if self.good_since_ns is not None and self.good_since_ns <= sent_ns:
            # A time-out ends after later successes did; the latest of those is the safe beginning.
            later = self.last_good_ns is not None and self.last_good_ns > sent_ns
            self.good_since_ns = self.last_good_ns if later else None


@dataclass
class LiveState:
    """The state of a drill as its history tells it so far.

    survivor_address: the other side's edge address, to notice its first acknowledged write. judged: the cohort whose
    clients must all have recovered. Everything else is filled by step().
    """

    survivor_address: str | None = None
    judged: str = JUDGED_COHORT
    now_ns: int = 0
    fault_start_ns: int | None = None
    fault_complete_ns: int | None = None
    fault_stop_ns: int | None = None
    authoritative: tuple[str, ...] | None = None
    authoritative_since_ns: int | None = None
    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    acknowledged_writes: int = 0
    completions: int = 0
    failures: int = 0
    first_write_on_survivor_ns: int | None = None
    canaries: dict[str, bool] = field(default_factory=dict)
    _sent_ns: dict[str, int] = field(default_factory=dict, repr=False)
    _extra: set[str] = field(default_factory=set, repr=False)
    _windows: dict[tuple[str, str | None], _Window] = field(default_factory=dict, repr=False)
    _streaks: dict[tuple[str, Kind], _Streak] = field(default_factory=dict, repr=False)

    def step(self, event: Event | Commit) -> None:
        """Take one event into account."""
        self.now_ns = max(self.now_ns, event.mono_ns)
        if isinstance(event, Invoke):
            self._sent_ns[event.op] = event.mono_ns
            if event.extra:
                self._extra.add(event.op)
        elif isinstance(event, Completion):
            self._complete(event)
        elif isinstance(event, DnsAnswer) and event.source == "witness":
            self._answer(event)
        elif isinstance(event, CanaryProbe):
            self.canaries[event.link] = event.ok
        elif isinstance(event, FaultEvent):
            self._fault(event)

    def share(
        self, cohort: str | None = None, address: str | None = None, *, window_ns: int = WINDOW_NS, since_ns: int = 0
    ) -> Share:
        """Served of completed operations in the last window_ns, of a cohort and an address (None: of all).

        window_ns: at most LONGEST_NS. since_ns: nothing earlier counts.
        """
        from_ns = max(since_ns, self.now_ns - window_ns)
        shares = [
            window.since(from_ns)
            for (of_cohort, of_address), window in self._windows.items()
            if cohort in (None, of_cohort) and address in (None, of_address)
        ]
        return Share(sum(share.good for share in shares), sum(share.total for share in shares))

    @property
    def in_flight(self) -> int:
        """Operations that were sent and have not returned."""
        return len(self._sent_ns)

    @property
    def recovered_since_ns(self) -> int | None:
        """Since when no judged client's operation has failed; None while one has had no success of a kind since.

        After a fault's start only what was sent after it counts.
        """
        since = [streak.good_since_ns for streak in self._streaks.values()]
        if not since or None in since:
            return None
        return max(value for value in since if value is not None)

    def _complete(self, event: Completion) -> None:
        sent_ns = self._sent_ns.pop(event.op, None)
        good = event.served
        self.completions += 1
        self.failures += not good
        if event.op in self._extra:
            self._extra.discard(event.op)  # beside the even grid: shares would weigh failures more
        else:
            self._windows.setdefault((event.cohort, event.address), _Window()).add(event.mono_ns, good)
        if sent_ns is None:
            return
        is_write = event.f != "get"
        if event.outcome is Outcome.OK and is_write:
            self.acknowledged_writes += 1
            self._notice_takeover(event, sent_ns)
        if event.cohort == self.judged:
            streak = self._streaks.setdefault((event.client, "writes" if is_write else "reads"), _Streak())
            # What was sent before the fault says nothing about recovery from it, unless the fault made it fail.
            if not good or self.fault_complete_ns is None or sent_ns >= self.fault_complete_ns:
                streak.add(sent_ns, good)

    def _notice_takeover(self, event: Completion, sent_ns: int) -> None:
        if self.fault_start_ns is None or sent_ns < self.fault_start_ns or event.address != self.survivor_address:
            return
        if self.first_write_on_survivor_ns is None:
            self.first_write_on_survivor_ns = event.mono_ns

    def _answer(self, event: DnsAnswer) -> None:
        self.answers[event.client] = event.addresses
        # Several addresses may come in any order: only another set of them is another answer.
        if event.client == AUTHORITATIVE and set(event.addresses) != set(self.authoritative or ("nobody knows",)):
            self.authoritative = event.addresses
            self.authoritative_since_ns = event.mono_ns

    def _fault(self, event: FaultEvent) -> None:
        if event.f == "stop":
            self.fault_stop_ns = event.mono_ns
            return
        self.fault_start_ns = event.mono_ns
        self.fault_complete_ns = event.until_ns
        self.fault_stop_ns = None
        self.first_write_on_survivor_ns = None
        for streak in self._streaks.values():
            streak.good_since_ns = streak.last_good_ns = None
