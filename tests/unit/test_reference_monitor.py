"""The monitor's decisions, played as incidents against the pure machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reference.active_region import BY_OPERATOR, Record
from reference.heartbeat import Heartbeat, RegionItems, Replication
from reference.lease import Echo, LeaseTerms, Nonce
from reference.monitor.decision import RULES, Decision
from reference.monitor.health import Look, Rules
from reference.monitor.state import Announce, Grant, Looked, Mark, Phase, Recorded, State, Tick, WriteRecord

MS = 1_000_000
S = 1000 * MS
EAST, WEST = "us-east-1", "us-west-2"
CHECK = 500 * MS
RULES_OF_THE_TEST = Rules(
    primary=EAST,
    secondary=WEST,
    status="operational",
    threshold=3,
    lease=LeaseTerms(3 * S, 300 * MS),
    stale_after_ns=1600 * MS,
    hold_down_ns=6 * S,
    drain_patience_ns=3 * S,
    alert_every_ns=6 * S,
)


class Scene:
    """Two regions as tables that obey the monitor at once, unless they are down. Time moves by whole checks."""

    def __init__(self, records: dict[str, Record] | None = None) -> None:
        self.decision = Decision(RULES_OF_THE_TEST)
        self.now = 10 * S
        self.state: State = self.decision.start(self.now)
        self.records: dict[str, Record] = dict(records or {})
        self.hearts: dict[str, Heartbeat] = {r: Heartbeat(status="operational") for r in (EAST, WEST)}
        self.down: set[str] = set()
        self.frozen: set[str] = set()  # the table answers, the storefront's beat stands still
        self.deaf: set[str] = set()  # beats go on, fences are not acknowledged
        self.replicating = True  # or no report of it is ever renewed
        self.report = 0
        self.caught_up = True
        self.drains = True
        self.beats = 0
        self.grants: list[tuple[int, str, int]] = []
        self.said: list[Announce] = []

    @property
    def active(self) -> tuple[str, int]:
        return self.state.record.region, self.state.record.epoch

    def run(self, checks: int) -> None:
        for _ in range(checks):
            self.check()

    def check(self, *flaky: str) -> None:
        """One look at each region; those in `flaky` fail this once."""
        self.now += CHECK
        self.beats += 1
        if self.replicating:
            self.report = self.beats
        for region in (EAST, WEST):
            self._live(region)
            if region in self.down or region in flaky:
                self.event(Looked(Look(region, None, "ReadTimeoutError")))
            else:
                self.event(Looked(Look(region, self._items(region))))

    def _live(self, region: str) -> None:
        heart = self.hearts[region]
        acks = {} if region in self.deaf else {"i": heart.fenced}
        beats = heart.beats if region in self.frozen else {**heart.beats, "i": Nonce(region, self.beats)}
        self.hearts[region] = replace(heart, beats=beats, acks=acks)

    def _items(self, region: str) -> RegionItems:
        other = WEST if region == EAST else EAST
        token = self.hearts[other].drain_token if self.drains else 0
        replication = Replication(f"b:{self.report}", token, self.caught_up, 0)
        return RegionItems(self.hearts[region], self.records.get(region), replication)

    def event(self, event: Any) -> None:
        self.state, effects = self.decision.step(self.state, event, self.now)
        for effect in effects:
            self._obey(effect)

    def _obey(self, effect: Any) -> None:
        match effect:
            case Announce():
                self.said.append(effect)
            case Grant(region=region, epoch=epoch, echoes=echoes):
                self.grants.append((self.now, region, epoch))
                if region not in self.down:
                    heart = self.hearts[region]
                    assert heart.fenced < epoch
                    echoed = {name: Echo(epoch, nonce) for name, nonce in echoes.items()}
                    self.hearts[region] = replace(heart, echoes=echoed)
            case Mark(region=region, marks=marks) if region not in self.down:
                values = {**marks, "hurry": bool(marks["hurry"])} if "hurry" in marks else dict(marks)
                self.hearts[region] = replace(self.hearts[region], **values)
            case WriteRecord(region=region, record=record) if region not in self.down:
                if record.epoch > self.records.get(region, Record("", 0)).epoch:
                    self.records[region] = record
                self.event(Recorded(region, self.records[region]))
            case WriteRecord(region=region):
                self.event(Recorded(region, None))

    def last_grant(self, region: str) -> int:
        return max((at for at, name, _ in self.grants if name == region), default=0)

    def first_grant(self, region: str, epoch: int) -> int:
        return min(at for at, name, number in self.grants if (name, number) == (region, epoch))

    def heard(self, what: str) -> bool:
        return any(what in entry.what for entry in self.said)


def steady() -> Scene:
    scene = Scene()
    scene.run(4)
    assert scene.active == (EAST, 1)
    assert scene.state.phase is Phase.ACTIVE
    return scene


def failed_over() -> Scene:
    scene = steady()
    scene.down = {EAST}
    scene.run(10)
    assert scene.active == (WEST, 2)
    return scene


def test_a_first_start_makes_the_primary_active_and_writes_it_down_in_both_tables() -> None:
    scene = steady()
    assert scene.records == {EAST: Record(EAST, 1), WEST: Record(EAST, 1)}
    assert {(region, epoch) for _, region, epoch in scene.grants} == {(EAST, 1)}


def test_a_fresh_start_is_hurried_until_the_first_lease_is_given() -> None:
    scene = Scene()
    scene.frozen = {EAST, WEST}
    scene.hearts = {region: Heartbeat() for region in (EAST, WEST)}  # no storefront runs yet
    scene.run(3)
    assert scene.state.hurried
    assert scene.hearts[EAST].hurry
    scene.frozen = set()
    scene.hearts = {region: replace(heart, status="operational") for region, heart in scene.hearts.items()}
    scene.check()
    assert scene.last_grant(EAST) == scene.now
    assert not scene.state.hurried


def test_a_lost_primary_is_not_hurried_after_its_first_lease() -> None:
    scene = steady()
    scene.down = {EAST, WEST}
    scene.run(20)
    assert not scene.state.hurried


def test_a_lost_primary_is_replaced_only_when_its_last_lease_is_surely_over() -> None:
    scene = failed_over()
    terms = RULES_OF_THE_TEST.lease
    waited = scene.first_grant(WEST, 2) - scene.last_grant(EAST)
    assert terms.length_ns + terms.margin_ns <= waited <= terms.length_ns + terms.margin_ns + CHECK
    assert scene.records[WEST] == Record(WEST, 2)
    assert scene.records[EAST] == Record(EAST, 1)  # it could not be written


def test_a_blip_that_ends_before_the_lease_does_moves_nothing() -> None:
    scene = steady()
    scene.down = {EAST}
    scene.run(5)
    scene.down = set()
    scene.run(10)
    assert scene.active == (EAST, 1)


def test_a_table_that_answers_while_no_beat_advances_is_a_lost_region() -> None:
    scene = steady()
    scene.frozen = {EAST}
    scene.run(14)
    assert scene.active == (WEST, 2)


def test_a_status_that_is_not_the_agreed_one_is_a_lost_region() -> None:
    scene = steady()
    scene.hearts[EAST] = replace(scene.hearts[EAST], status="maintenance")
    scene.run(12)
    assert scene.active == (WEST, 2)


def test_a_standby_that_never_beat_is_not_trusted_and_somebody_is_called() -> None:
    scene = Scene()
    scene.frozen = {WEST}
    scene.run(4)
    scene.down = {EAST}
    scene.run(12)
    assert scene.active == (EAST, 1)
    assert scene.heard("ALERT")


def test_when_both_are_lost_somebody_is_called_now_and_then_and_the_first_to_return_serves() -> None:
    scene = steady()
    scene.down = {EAST, WEST}
    scene.run(30)
    assert scene.active == (EAST, 1)
    assert 2 <= sum("ALERT" in entry.what for entry in scene.said) <= 3
    scene.down = {EAST}
    scene.run(3)
    assert scene.active == (WEST, 2)


def test_a_lost_standby_changes_nothing() -> None:
    scene = steady()
    scene.down = {WEST}
    scene.run(30)
    assert scene.active == (EAST, 1)
    assert not scene.heard("ALERT")


def test_a_returning_table_is_told_what_happened_while_it_was_away() -> None:
    scene = failed_over()
    scene.down = set()
    scene.check()
    assert scene.records[EAST] == Record(WEST, 2)


def test_failback_waits_for_the_hold_down_then_stops_drains_and_only_then_activates() -> None:
    scene = failed_over()
    scene.down = set()
    scene.run(12)
    assert scene.active == (WEST, 2)
    scene.run(4)
    assert scene.active == (EAST, 3)
    assert scene.hearts[WEST].fenced == 2
    assert scene.hearts[WEST].drain_token == 3
    waited = scene.first_grant(EAST, 3) - scene.last_grant(WEST)
    assert waited < RULES_OF_THE_TEST.lease.length_ns  # the storefront's word made waiting for the lease needless
    scene.run(2)
    assert not scene.hearts[WEST].hurry
    assert not scene.hearts[EAST].hurry


def test_failback_from_a_storefront_that_does_not_confirm_waits_for_its_lease_to_end() -> None:
    scene = failed_over()
    scene.down = set()
    scene.deaf = {WEST}
    scene.run(30)
    assert scene.active == (EAST, 3)
    assert scene.first_grant(EAST, 3) - scene.last_grant(WEST) >= RULES_OF_THE_TEST.lease.length_ns


def test_a_primary_that_comes_and_goes_is_not_failed_back_to() -> None:
    scene = failed_over()
    scene.down = set()
    for _ in range(8):
        scene.run(9)
        scene.check(EAST)
    assert scene.active == (WEST, 2)


def test_no_failback_while_replication_stands_still() -> None:
    scene = failed_over()
    scene.down = set()
    scene.replicating = False
    scene.run(40)
    assert scene.active == (WEST, 2)


def test_no_failback_at_the_moment_in_which_replication_resumes() -> None:
    scene = failed_over()
    scene.down = set()
    scene.replicating = False
    scene.run(40)
    scene.replicating = True
    scene.check()
    assert scene.state.phase is Phase.ACTIVE
    scene.check()
    assert scene.state.phase is not Phase.ACTIVE
    assert scene.heard("handing over")


def test_no_failback_while_replication_falls_behind_again_and_again() -> None:
    scene = failed_over()
    scene.down = set()
    for number in range(40):
        scene.caught_up = number % 2 == 0
        scene.check()
    assert not scene.heard("handing over")


def test_no_failback_while_replication_reports_too_seldom_to_promise_a_short_drain() -> None:
    scene = failed_over()
    scene.down = set()
    for number in range(40):
        scene.replicating = number % 5 == 0  # every 2.5 s, and a report is late after 1.6 s
        scene.check()
    assert not scene.heard("handing over")


def test_a_drain_that_does_not_end_gives_the_old_side_its_writes_back() -> None:
    scene = failed_over()
    scene.down = set()
    scene.drains = False
    scene.run(24)
    assert scene.active == (WEST, 4)
    assert scene.heard("draining")
    assert scene.first_grant(WEST, 4) > scene.last_grant(EAST)


def test_a_target_lost_during_the_handover_gives_the_old_side_its_writes_back() -> None:
    scene = failed_over()
    scene.down = set()
    scene.deaf = {WEST}
    while scene.state.phase is not Phase.FENCING:
        scene.check()
    scene.down = {EAST}
    scene.run(5)
    assert scene.active == (WEST, 4)
    assert (scene.now, WEST, 4) in scene.grants


def test_a_region_that_fails_every_third_look_is_left_with_everything_replicated() -> None:
    scene = steady()
    for number in range(24):
        scene.check(*([EAST] if number % 3 == 0 else []))
    assert scene.active == (WEST, 2)
    assert scene.hearts[EAST].drain_token == 2


def test_one_longer_run_of_failures_is_not_taken_for_a_gray_failure() -> None:
    scene = steady()
    scene.down = {EAST}
    scene.run(6)
    scene.down = set()
    scene.run(20)
    assert scene.active == (EAST, 1)


def test_storefronts_that_report_errors_are_believed_although_the_monitor_sees_none() -> None:
    scene = steady()
    scene.hearts[EAST] = replace(scene.hearts[EAST], errors={"i": 35})
    scene.run(9)
    assert scene.active == (WEST, 2)


def test_errors_that_storefronts_still_report_just_after_a_blip_move_nothing() -> None:
    scene = steady()
    scene.hearts[EAST] = replace(scene.hearts[EAST], errors={"i": 60})
    scene.run(4)
    scene.hearts[EAST] = replace(scene.hearts[EAST], errors={"i": 0})
    scene.run(20)
    assert scene.active == (EAST, 1)


def test_a_restarted_monitor_goes_on_at_once_when_its_record_was_in_force() -> None:
    scene = failed_over()
    scene.state = scene.decision.start(scene.now)
    scene.down = set()
    scene.run(3)
    assert scene.active == (WEST, 2)
    assert scene.last_grant(WEST) == scene.now


def test_a_restarted_monitor_waits_when_nobody_was_granted_under_the_record_yet() -> None:
    scene = Scene({EAST: Record(EAST, 1), WEST: Record(WEST, 2)})
    began = scene.now
    scene.hearts[EAST] = replace(scene.hearts[EAST], echoes={"i": Echo(1, Nonce(EAST, 1))})
    scene.run(9)
    assert scene.first_grant(WEST, 2) >= began + RULES_OF_THE_TEST.lease.length_ns
    assert scene.active == (WEST, 2)


def test_a_monitor_that_starts_with_one_table_unreadable_takes_an_epoch_above_all_that_may_be_there() -> None:
    scene = Scene({EAST: Record(EAST, 1)})
    began = scene.now
    scene.down = {WEST}
    scene.run(12)
    assert scene.active == (EAST, 103)
    assert scene.first_grant(EAST, 103) >= began + RULES_OF_THE_TEST.lease.length_ns


def test_an_operators_record_moves_the_lease_in_order_and_is_not_undone() -> None:
    scene = steady()
    chosen = Record(WEST, 2, BY_OPERATOR)
    scene.records = {EAST: chosen, WEST: chosen}
    scene.run(40)
    assert scene.state.record == chosen
    assert scene.hearts[EAST].fenced == 1
    assert scene.last_grant(EAST) < scene.first_grant(WEST, 2)


def test_a_fence_that_a_dead_monitor_left_behind_costs_an_epoch_and_not_the_service() -> None:
    scene = steady()
    scene.hearts[EAST] = replace(scene.hearts[EAST], fenced=1)
    scene.run(3)
    assert scene.active == (EAST, 3)
    assert scene.last_grant(EAST) == scene.now


def test_a_tick_alone_activates_the_standby_when_the_lease_is_over() -> None:
    scene = steady()
    scene.down = {EAST}
    scene.run(6)
    scene.now = scene.last_grant(EAST) + 3300 * MS - 1
    scene.event(Tick())
    assert scene.active == (EAST, 1)
    scene.now += 1
    scene.event(Tick())
    assert scene.active == (WEST, 2)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_a_way_out(phase: Phase) -> None:
    assert any(rule.phase is phase for rule in RULES)


def prepared(prepare_s: int = 2) -> Scene:
    """A scene that failed over, healed, and is about to fail back under a monitor that prepares handovers."""
    scene = failed_over()
    scene.decision = Decision(replace(RULES_OF_THE_TEST, prepare_ns=prepare_s * S))
    scene.down = set()
    while scene.state.phase is not Phase.PREPARING:
        scene.check()
        assert scene.now < 60 * S
    return scene


def test_a_planned_handover_lets_everybody_hurry_before_anybody_must_stop() -> None:
    scene = prepared()
    began = scene.now
    scene.run(3)
    assert scene.state.phase is Phase.PREPARING
    assert scene.hearts[EAST].hurry
    assert scene.hearts[WEST].hurry
    assert scene.hearts[WEST].fenced == 0
    assert scene.last_grant(WEST) == scene.now, "writes go on meanwhile"
    scene.run(6)
    assert scene.active == (EAST, 3)
    assert scene.first_grant(EAST, 3) >= began + 2 * S
    assert scene.first_grant(EAST, 3) - scene.last_grant(WEST) <= 3 * CHECK


def test_a_target_that_is_lost_while_a_handover_is_prepared_costs_an_epoch_and_no_fence() -> None:
    scene = prepared(prepare_s=5)
    scene.down = {EAST}
    scene.run(12)
    assert scene.active == (WEST, 4)
    assert scene.hearts[WEST].fenced == 0
    assert scene.last_grant(WEST) == scene.now


def test_a_source_that_is_lost_while_a_handover_is_prepared_is_left_when_its_lease_is_over() -> None:
    scene = prepared(prepare_s=5)
    last = scene.last_grant(WEST)
    scene.down = {WEST}
    scene.run(14)
    assert scene.active == (EAST, 3)
    assert scene.first_grant(EAST, 3) >= last + RULES_OF_THE_TEST.lease.length_ns


def test_what_a_storefront_reported_before_it_was_lost_moves_nobody() -> None:
    """Its place is gone, and another one's storefront goes on working with the same database."""
    scene = steady()
    for count in range(3):
        beats = {**scene.hearts[EAST].beats, "gone": Nonce("gone", count)}
        scene.hearts[EAST] = replace(scene.hearts[EAST], beats=beats, errors={"gone": 60 * (count == 2)})
        scene.check()
    scene.run(40)
    assert scene.active == (EAST, 1)
    assert not scene.grants[-1][0] < scene.now
