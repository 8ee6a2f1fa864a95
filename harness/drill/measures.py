"""All measurements of one drill, each computed when it is first asked for; judgement and evidence both read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from harness.checkers.anomalies import anomalies
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.checkers.staleness import WrongReads, wrong_reads
from harness.drill.case import Case, Episode, Final
from harness.drill.cuts import cuts
from harness.drill.episodes import Stretch, moments_of, stretch_of
from harness.drill.lifecycle import Phase
from harness.drill.losses import LossOf, by_place
from harness.drill.tables import Tables
from harness.history.columns import Columns
from harness.history.events import CanaryProbe, Commit, Completion, Event, Invoke, Mark
from harness.history.gathering import columns_of_events
from harness.history.tables import CommitColumns, commits_of
from harness.measurement.availability import Share, failure_rates
from harness.measurement.canary import CanaryJudgement, untouched
from harness.measurement.final_state import FinalState, lost_after_heal
from harness.measurement.lateness import lateness_ns, padding
from harness.measurement.models import JUDGED_COHORT, FaultInterval, Padding
from harness.measurement.phases import phases
from harness.measurement.propagation import answer_at
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.recovery_time import CohortRecovery, RecoveryTime, recovery_by_cohort
from harness.names import AUTHORITATIVE

ONE_DATABASE = "not measurable: both places use one database"


class Measures:
    """What can be measured of a case from what its clients saw (and, where they cannot know, from commits).

    context: the events that are neither operations nor canary probes. steady_ns: since when the first steady state
    held; the history's end when none did. final: the tables after everything had gone quiet.
    """

    def __init__(
        self, case: Case, events: Sequence[Event], commits: Sequence[Commit] | None, tables: Final | None
    ) -> None:
        self.case = case
        self.events = events
        self.data = Tables(case, commits, tables)
        self._logs: dict[str, CommitColumns | None] = {}
        self.context = [event for event in events if not isinstance(event, Invoke | Completion | CanaryProbe)]

    @cached_property
    def operations(self) -> Columns:
        """What the clients did, in the order of sending: columns, and a sequence of operations too."""
        return columns_of_events(self.events)

    def log_of(self, place: str) -> CommitColumns | None:
        """The commits to the table that clients write, in a place's database; None where none are kept."""
        database = self.case.database_of(place)
        if database not in self._logs:
            commits = self.data.committed(place)
            self._logs[database] = None if commits is None else commits_of(self.operations, commits)
        return self._logs[database]

    @cached_property
    def probes(self) -> Sequence[CanaryProbe]:
        """What the witness's canaries saw."""
        return [event for event in self.events if isinstance(event, CanaryProbe)]

    @cached_property
    def end_ns(self) -> int:
        """The last moment that the history tells of."""
        return max((event.mono_ns for event in self.events), default=0)

    @cached_property
    def steady_ns(self) -> int:
        """See the class."""
        held = (e.mono_ns for e in self.context if isinstance(e, Mark) and e.f == Phase.STEADY_HELD)
        return next((moment - self.case.limits.steady_for_ns for moment in held), self.end_ns)

    @cached_property
    def episodes(self) -> Sequence[EpisodeMeasures]:
        """Of each episode, in order of time."""
        return tuple(EpisodeMeasures(self, index) for index in range(len(self.case.episodes)))

    @cached_property
    def canaries(self) -> Sequence[CanaryJudgement]:
        """Of each fault; what another fault did to a link of its own before or after it is not held against it."""
        return tuple(fault.judged_by(self._undisturbed(index)) for index, fault in enumerate(self.case.faults))

    def _undisturbed(self, index: int) -> Iterator[CanaryProbe]:
        others = [f for n, f in enumerate(self.case.faults) if n != index and f.applied]
        own = self.case.faults[index].interval
        for probe in self.probes:
            if own.held_between(probe.mono_ns, probe.returned_ns) or not any(
                probe.link in other.links and other.interval.held_between(probe.mono_ns, probe.returned_ns)
                for other in others
            ):
                yield probe

    @cached_property
    def untouched(self) -> Mapping[str, Share]:
        """Of the links that no fault touched, how many probes were answered."""
        return untouched(self.probes, {link for fault in self.case.faults for link in fault.links}, self.steady_ns)

    @cached_property
    def lateness_ns(self) -> Mapping[str, int]:
        """How late the witness sent."""
        return lateness_ns(self.operations)

    @cached_property
    def points(self) -> Sequence[RecoveryPoint]:
        """The recovery points of all episodes that have one."""
        return [episode.point for episode in self.episodes if episode.point is not None]

    @cached_property
    def explained(self) -> frozenset[str]:
        """Writes that some recovery point accounts for."""
        return frozenset().union(*(point.explained for point in self.points))

    @cached_property
    def out_of_reach(self) -> Mapping[str, frozenset[str]]:
        """By place, the writes that it could not show to its readers although it never took over."""
        return by_place((episode.survivor, episode.out_of_reach) for episode in self.episodes)

    @cached_property
    def wrong_reads(self) -> WrongReads:
        """Reads that showed what they must not."""
        out_of_reach = {self.case.addresses.get(place, ""): ids for place, ids in self.out_of_reach.items()}
        return wrong_reads(self.operations, self.explained, out_of_reach=out_of_reach)

    @cached_property
    def missing_ids(self) -> Sequence[str]:
        """Writes that were missing at some takeover."""
        return tuple(dict.fromkeys(op for point in self.points for op in point.missing_ids))

    @cached_property
    def serving(self) -> str:
        """The place that DNS answers with at the end."""
        addresses = answer_at(self.context, AUTHORITATIVE, self.end_ns) or ()
        by_address = self.case.by_address
        return next((by_address[one] for one in sorted(addresses) if one in by_address), self.case.primary)

    @cached_property
    def one_database(self) -> bool:
        """Whether the two places that the final state is compared between use one database."""
        other = self.case.other_than(self.serving)
        return self.case.database_of(self.serving) == self.case.database_of(other)

    @cached_property
    def final(self) -> FinalState | None:
        """What became of the data; None when it was not read, or moved still."""
        other = self.case.other_than(self.serving)
        here = self.data.written(self.serving)
        there = None if self.one_database else self.data.written(other)
        if here is None:
            return None
        found = lost_after_heal(self.operations, here, there, self.missing_ids)
        # Of further tables nobody knows what was acknowledged: all that is in them counts.
        further = self.data.differing(self.serving, other)
        apart = None if found.diverged is None else found.diverged + further
        return found if apart is None else replace(found, diverged=apart, lacking=found.lacking + further)

    @cached_property
    def anomalies(self) -> tuple[CheckResult, ...]:
        """What history, commits and final data say of each promise that the subject gives of its data."""
        final, commits = self.data.by_place(self.serving)
        logs = {place: log for place in commits or {} if (log := self.log_of(place)) is not None}
        return anomalies(
            self.operations,
            final or None,
            logs or None,
            self.case.promise or Promise(),
            self.explained,
            places=self.case.by_address,
            serving=self.serving,
            moments=moments_of(self.case),
            out_of_reach=self.out_of_reach,
            cuts=[(cut.start_low_ns, cut.stop_high_ns) for cut in cuts(self.case)],
        )


class EpisodeMeasures:
    """What can be measured of one episode. lost: the place that served before it; survivor: the one expected after."""

    def __init__(self, whole: Measures, index: int) -> None:
        self.whole = whole
        self.index = index
        case = whole.case
        self.episode: Episode = case.episodes[index]
        self.lost = self.episode.serving
        expected = self.episode.expected
        self.returns = self.episode.begins == "heal" and expected == self.lost
        taken = expected if expected is not None and expected != self.lost else None
        self.survivor = self.lost if self.returns else taken or case.other_than(self.lost)

    @cached_property
    def stretch(self) -> Stretch:
        """When it took place."""
        return stretch_of(self.whole.case, self.index, self.whole.context)

    @property
    def onset(self) -> FaultInterval | None:
        """When it began; None when its fault was never applied."""
        return self.stretch.onset

    @cached_property
    def padding(self) -> Padding:
        """What blurs its brackets: measured in the calm before it."""
        start_ns, end_ns = self._calm
        return padding(self.whole.operations, start_ns, end_ns)

    @property
    def _calm(self) -> tuple[int, int]:
        start_ns, end_ns = self.stretch.calm_ns, self.stretch.calm_until_ns
        end_ns = self.whole.end_ns if end_ns is None else end_ns
        return (end_ns if start_ns is None else start_ns), end_ns

    @cached_property
    def failure_rates(self) -> Mapping[str, float]:
        """How many of each cohort's operations failed in the calm before it: what chance explains."""
        return failure_rates(self.whole.operations, *self._calm)

    @cached_property
    def cohorts(self) -> Mapping[str, CohortRecovery]:
        """The recovery of every cohort from what it began with."""
        onset, stretch = self.onset, self.stretch
        if onset is None:
            return {}
        operations = self.whole.operations
        if self.episode.begins == "heal":
            # Everybody was without service already; how long it took counts from the heal.
            operations = operations.between(onset.start_high_ns, None)
        return recovery_by_cohort(
            operations, onset, stretch.heal_ns, self.whole.case.window_ns, self.padding,
            self.failure_rates, timeout_ns=self.whole.case.unanswered_ns, until_ns=stretch.until_ns,
        )  # fmt: skip

    @property
    def worst(self) -> RecoveryTime | None:
        """The judged cohort's worst client."""
        judged = self.cohorts.get(JUDGED_COHORT)
        return None if judged is None else judged.worst

    @cached_property
    def phases_ns(self) -> Mapping[str, int | None]:
        """Where the worst client's recovery time went."""
        worst, onset, case, until_ns = self.worst, self.onset, self.whole.case, self.stretch.until_ns
        if onset is None or worst is None or worst.unaffected:
            return {}
        context = self.whole.context
        return phases(
            context if until_ns is None else [event for event in context if event.mono_ns < until_ns],
            self._operations,
            onset,
            lost_region="" if self.returns else self.lost,
            lost_address="" if self.returns else case.addresses[self.lost],
            survivor_region=self.survivor,
            survivor_address=case.addresses[self.survivor],
            worst_client=worst.client,
            total_ns=worst.from_fault_ns,
            flips=case.law.flips,
        )

    @property
    def _operations(self) -> Columns:
        until_ns, operations = self.stretch.until_ns, self.whole.operations
        return operations if until_ns is None else operations.up_to(until_ns)

    @cached_property
    def one_database(self) -> bool:
        """Whether the survivor uses the database of the place that was lost."""
        case = self.whole.case
        return self.lost != self.survivor and case.database_of(self.lost) == case.database_of(self.survivor)

    @cached_property
    def point(self) -> RecoveryPoint | None:
        """What the survivor lacked when it took over; None where that cannot be known."""
        loss, before = self._loss, self.whole.episodes[: self.index]
        if loss is None:
            return None
        points = [
            episode.point
            for episode in before
            if episode.lost == self.lost and episode.point and episode._loss and episode._loss.onset != loss.onset
        ]
        return loss.point(points, self.whole.log_of(self.lost) if points else None)

    @cached_property
    def out_of_reach(self) -> frozenset[str]:
        """Writes that the survivor could not show to its readers although it never took over."""
        return frozenset() if self._loss is None or self.point is not None else self._loss.out_of_reach()

    @cached_property
    def _loss(self) -> LossOf | None:
        if self.lost == self.survivor or self.one_database:
            return None
        log, data = self.whole.log_of(self.survivor), self.whole.data.written(self.survivor)
        return LossOf(self.whole.case, self.index, self.lost, self.survivor, self._operations, log, data)
