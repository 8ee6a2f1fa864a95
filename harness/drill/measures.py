"""All measurements of one drill, each computed when it is first asked for; judgement and evidence both read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from harness.checkers.anomalies import anomalies
from harness.checkers.both_sides import BothSides, both_sides
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.checkers.staleness import WrongReads, wrong_reads
from harness.drill.business_measures import business_of
from harness.drill.case import Case, Final
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.episodes import began_ns, moments_of
from harness.drill.lifecycle import Phase
from harness.drill.losses import by_place
from harness.drill.party_measures import PartyMeasures
from harness.drill.restore_points import RestorePoint, restore_point
from harness.drill.severance import severed, unseen_at
from harness.drill.tables import Tables
from harness.faults.table_corrupted import TableCorrupted
from harness.faults.tables_deleted import TablesDeleted
from harness.history.columns import Columns
from harness.history.events import CanaryProbe, Commit, Completion, Event, Invoke, Mark
from harness.history.gathering import columns_of_events
from harness.history.journeys import JourneyMade
from harness.history.tables import CommitColumns, commits_of
from harness.measurement.availability import Share
from harness.measurement.business import Effects
from harness.measurement.canary import CanaryJudgement, untouched
from harness.measurement.corruption import Corruption
from harness.measurement.declined import without_idle_deletes
from harness.measurement.final_state import FinalState, lost_after_heal
from harness.measurement.gray import Gray, gray
from harness.measurement.lateness import lateness_ns
from harness.measurement.propagation import answer_at
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.severed import Cut
from harness.names import AUTHORITATIVE

ONE_DATABASE = "not measurable: both places use one database"


class Measures:
    """What can be measured of a case from what its clients saw (and, where they cannot know, from commits).

    context: the events that are neither operations nor canary probes nor journeys. steady_ns: since when the first
    steady state held; the history's end when none did. final: the tables after everything had gone quiet; stored: the
    same as they were read. corruption: what the drill itself corrupted, which all else here leaves out; None where it
    did not.
    """

    def __init__(
        self, case: Case, events: Sequence[Event], commits: Sequence[Commit] | None, tables: Final | None
    ) -> None:
        self.case, self.stored = case, tables
        self.corruption = _corruption(case, events)
        if self.corruption is not None:
            events, commits = self.corruption.events(), self.corruption.commits(commits)
            tables = self.corruption.tables(tables)
        self.events = events
        self.data = Tables(case, commits, tables)
        self._logs: dict[str, CommitColumns | None] = {}
        self.context: Sequence[Event] = [
            event for event in events if not isinstance(event, Invoke | Completion | CanaryProbe | JourneyMade)
        ]

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
    def logs(self) -> Mapping[str, CommitColumns]:
        """The commits of every place that clients can be sent to, as far as they are known."""
        return {place: log for place in self.case.addresses if (log := self.log_of(place)) is not None}

    @cached_property
    def probes(self) -> Sequence[CanaryProbe]:
        """What the witness's canaries saw."""
        return [event for event in self.events if isinstance(event, CanaryProbe)]

    @cached_property
    def visits(self) -> Sequence[JourneyMade]:
        """The journeys that were tried, in the order of sending."""
        return [event for event in self.events if isinstance(event, JourneyMade)]

    @cached_property
    def end_ns(self) -> int:
        """The last moment that the history tells of."""
        return max((event.mono_ns for event in self.events), default=0)

    @cached_property
    def steady_ns(self) -> int:
        """See the class."""
        held = self._first(Phase.STEADY_HELD)
        return self.end_ns if held is None else held - self.case.limits.steady_for_ns

    def _first(self, phase: Phase) -> int | None:
        return next((e.mono_ns for e in self.context if isinstance(e, Mark) and e.f == phase), None)

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
        """Of the links that no fault touched, how many probes were answered: since the first steady state, or since it
        was waited for where none came."""
        waited = None if self._first(Phase.STEADY_HELD) is not None else self._first(Phase.STEADY)
        from_ns = self.steady_ns if waited is None else waited
        return untouched(self.probes, {link for fault in self.case.faults for link in fault.links}, from_ns)

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
        """Writes that some recovery point accounts for: of a failover, or of a restore."""
        return frozenset().union(*(point.explained for point in self.points), self.restored.explained)

    @cached_property
    def restored(self) -> RestorePoint:
        """What the restores of the drill could not bring back."""
        return restore_point(self.case, self.operations)

    @cached_property
    def out_of_reach(self) -> Mapping[str, frozenset[str]]:
        """By place, the writes that it could not show to its readers although it never took over."""
        return by_place((episode.survivor, episode.out_of_reach) for episode in self.episodes)

    @cached_property
    def _settled(self) -> Columns:
        """The operations, of which those have failed that were answered so and that no commit shows."""
        logs = {at: log for at, place in self.case.by_address.items() if (log := self.log_of(place)) is not None}
        return without_idle_deletes(self.operations, logs)

    @cached_property
    def wrong_reads(self) -> WrongReads:
        """Reads that showed what they must not."""
        unseen = unseen_at(self.case, self.operations, self.log_of, self.out_of_reach, self.cuts)
        return wrong_reads(self._settled, self.explained, unseen=unseen)

    @cached_property
    def cuts(self) -> Sequence[Cut]:
        """When replication was cut, and from where to where, as far as nothing that was seen refutes it."""
        return severed(self.case, self.operations, self.log_of)

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
        return self.case.database_of(self.serving) == self.case.database_of(self.case.other_than(self.serving))

    @cached_property
    def final(self) -> FinalState | None:
        """What became of the data; None when it was not read, or moved still."""
        other = self.case.other_than(self.serving)
        here = self.data.written(self.serving)
        there = None if self.one_database else self.data.written(other)
        if here is None:
            return None
        found = lost_after_heal(self._settled, here, there, self.missing_ids, self.explained)
        # Of further tables nobody knows what was acknowledged: all that is in them counts.
        further = self.data.differing(self.serving, other)
        apart = None if found.diverged is None else found.diverged + further
        return found if apart is None else replace(found, diverged=apart, lacking=found.lacking + further)

    @cached_property
    def both_sides(self) -> Sequence[BothSides]:
        """Each time without replication in which several sides took writes, and what became of these."""
        if self.one_database:
            return ()
        final, _ = self.data.by_place(self.serving)
        return both_sides(
            self._settled, self.cuts, self.case.by_address, self.logs or None, final, self.serving
        )  # fmt: skip

    @cached_property
    def business(self) -> Effects | str:
        """What became of a business that goes on elsewhere; or, in words, why nobody can say."""
        return business_of(self.case, self.data, self.context, self.serving)

    @cached_property
    def parties(self) -> PartyMeasures:
        """What third parties were told."""
        return PartyMeasures(self.case, self.context, self.operations, self.end_ns)

    @cached_property
    def gray(self) -> Sequence[Gray] | None:
        """When clients of a place were not served, and all who watch it called it healthy; None: nobody watches."""
        return gray(self.operations, self.context, self.case.by_address)

    def _undeleted(self, place: str) -> CommitColumns | None:
        """The same as `log_of`, without what the drill itself took away with tables: no older write replaced that."""
        gone = [fault.interval for fault in self.case.faults if fault.applied and fault.kind == TablesDeleted.kind
                and fault.target == self.case.database_of(place)]  # fmt: skip
        commits = self.data.committed(place)
        if commits is None or not gone:
            return self.log_of(place)
        kept = [
            commit for commit in commits
            if commit.v is not None or not any(i.start_low_ns <= commit.mono_ns <= i.start_high_ns for i in gone)
        ]  # fmt: skip
        return commits_of(self.operations, kept)

    @cached_property
    def anomalies(self) -> tuple[CheckResult, ...]:
        """What history, commits and final data say of each promise that the subject gives of its data."""
        final, commits = self.data.by_place(self.serving)
        logs = {place: log for place in commits or {} if (log := self._undeleted(place)) is not None}
        return anomalies(
            self.operations, final or None, logs or None, self.case.promise or Promise(), self.explained,
            places=self.case.by_address, serving=self.serving, moments=moments_of(self.case),
            origin_ns=began_ns(self.events), out_of_reach=self.out_of_reach, cuts=self.cuts,
            takeovers=[(e.survivor, e.point) for e in self.episodes if e.point is not None],
        )  # fmt: skip


def _corruption(case: Case, events: Sequence[Event]) -> Corruption | None:
    began = [fault.started_ns for fault in case.faults if fault.applied and fault.kind == TableCorrupted.kind]
    return Corruption(min(began), events) if began else None
