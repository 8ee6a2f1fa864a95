"""What can be measured of one episode of a drill, each computed when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from harness.drill.case import Case, Episode
from harness.drill.episodes import Stretch, stretch_of
from harness.drill.losses import LossOf
from harness.drill.tables import Tables
from harness.history.columns import Columns
from harness.history.events import Event
from harness.history.tables import CommitColumns
from harness.measurement.availability import failure_rates
from harness.measurement.lateness import padding
from harness.measurement.models import JUDGED_COHORT, FaultInterval, Padding
from harness.measurement.phases import phases
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.recovery_time import CohortRecovery, RecoveryTime, recovery_by_cohort
from harness.measurement.severed import Cut


class Whole(Protocol):
    """What is known of the whole drill; see harness.drill.measures.Measures."""

    case: Case
    data: Tables
    context: Sequence[Event]

    @property
    def operations(self) -> Columns: ...
    @property
    def logs(self) -> Mapping[str, CommitColumns]: ...
    @property
    def end_ns(self) -> int: ...
    @property
    def cuts(self) -> Sequence[Cut]: ...
    @property
    def episodes(self) -> Sequence[EpisodeMeasures]: ...


class EpisodeMeasures:
    """What can be measured of one episode. lost: the place that served before it; survivor: the one expected after."""

    def __init__(self, whole: Whole, index: int) -> None:
        self.whole, self.index = whole, index
        self.episode: Episode = whole.case.episodes[index]
        self.lost = self.episode.serving
        expected = self.episode.expected
        self.returns = self.episode.begins == "heal" and expected == self.lost
        taken = expected if expected is not None and expected != self.lost else None
        self.survivor = self.lost if self.returns else taken or whole.case.other_than(self.lost)

    @property
    def must_stay_away(self) -> bool:
        """Whether clients that had been moved must stay where they are while something is lost once more: no way back
        before that, either, for the loss came while they were away."""
        case = self.whole.case
        away = self.lost != case.primary and bool(self.episode.faults)
        stay = [r for r in case.required if r.name == "no-failover" and r.episode == self.index]
        return away and any(requirement.place == self.lost for requirement in stay)

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
        end_ns = self.whole.end_ns if self.stretch.calm_until_ns is None else self.stretch.calm_until_ns
        return (end_ns if self.stretch.calm_ns is None else self.stretch.calm_ns), end_ns

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
            self._operations, onset, survivor_region=self.survivor, survivor_address=case.addresses[self.survivor],
            lost_region="" if self.returns else self.lost,
            lost_address="" if self.returns else case.addresses[self.lost],
            worst_client=worst.client, total_ns=worst.from_fault_ns, flips=case.law.flips, steps=case.law.steps,
        )  # fmt: skip

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
        if (loss := self.loss) is None:
            return None
        before = (e for e in self.whole.episodes[: self.index] if e.lost == self.lost and e.loss)
        points = [e.point for e in before if e.point and e.loss and e.loss.onset != loss.onset]
        return loss.point(points)

    @cached_property
    def out_of_reach(self) -> frozenset[str]:
        """Writes that the survivor could not show to its readers although it never took over."""
        return frozenset() if self.loss is None or self.point is not None else self.loss.out_of_reach()

    @cached_property
    def loss(self) -> LossOf | None:
        """What its recovery point is measured with; None where nothing can be lost."""
        if self.lost == self.survivor or self.one_database:
            return None
        whole, lost, survivor = self.whole, self.lost, self.survivor
        data = whole.data.written(survivor)
        return LossOf(whole.case, self.index, lost, survivor, self._operations, whole.logs, data, whole.cuts)
