"""Which database a storefront uses when it may use either: where the lease is, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from reference.heartbeat import Heartbeat, Replication
from reference.lease import Echo, LeaseTerms
from reference.settings import NS_PER_S as S
from reference.settings import SettingsError, load
from reference.storefront.following import Following, Happened, Held, State, Told, holds
from reference.storefront.permission import BeatAnswered, BeatSent, Fenced, LeaseGained, StatusRead

EAST, WEST = "us-east-1", "us-west-2"
TERMS = LeaseTerms(length_ns=30 * S, margin_ns=3 * S)
NUMBERS = Following(stale_after_ns=7 * S, lag_ns=13 * S, takeover_ns=49 * S)


@dataclass
class Shop:
    """A storefront near us-east-1, and what it hears of the tables. Databases in `down` answer nothing."""

    regions: tuple[str, ...] = (EAST, WEST)
    now: int = 0
    down: set[str] = field(default_factory=set)
    caught_up: set[str] = field(default_factory=set)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    reports: int = 0

    def __post_init__(self) -> None:
        self.state: State = NUMBERS.start("i", TERMS, {region: f"boot-{region}" for region in self.regions})
        self.items = {region: {} for region in self.regions}

    def happened(self, region: str, what: Any) -> None:
        self.state, told = NUMBERS.step(self.state, Happened(region, what), self.now)
        self.told += told

    def pass_s(self, seconds: int) -> None:
        """A beat a second in every region that answers."""
        for _ in range(seconds):
            self.now += S
            self.reports += 1
            for region in self.regions:
                self.happened(region, BeatSent())
                if region in self.down:
                    continue
                self.happened(region, BeatAnswered(self.state.regions[region].latest, self.heart(region)))
                status = Replication(f"r:{self.reports}", 0, region in self.caught_up, 0)
                self.happened(region, StatusRead(self.now, status))

    def heart(self, region: str) -> Heartbeat:
        told = dict(self.items[region])
        epoch = told.pop("epoch", None)
        echoes = {} if epoch is None else {"i": Echo(epoch, self.state.regions[region].latest)}
        return Heartbeat(echoes=echoes, **told)

    @property
    def held(self) -> Held | None:
        return holds(self.state, self.now)

    @property
    def reads(self) -> str | None:
        return NUMBERS.reads_from(self.state, self.now)[0]

    @property
    def well(self) -> bool:
        return NUMBERS.edge_verdict(self.state, self.now)[0]


def serving() -> Shop:
    shop = Shop()
    shop.items[EAST] = {"epoch": 1}
    shop.caught_up = {EAST, WEST}
    shop.pass_s(10)
    assert shop.held == Held(EAST, 1)
    return shop


def test_it_goes_where_the_lease_goes_and_never_ahead_of_it() -> None:
    shop = serving()
    shop.items[EAST] = {"epoch": 1, "fenced": 1, "hurry": True}
    shop.items[WEST] = {"hurry": True}
    shop.pass_s(1)
    assert shop.held is None
    shop.items[WEST] = {"epoch": 2}
    shop.pass_s(1)
    assert shop.held == Held(WEST, 2)
    assert [told for told in shop.told if isinstance(told.what, LeaseGained | Fenced)] == [
        Told(EAST, LeaseGained(1)), Told(EAST, Fenced(1)), Told(WEST, LeaseGained(2)),
    ]  # fmt: skip


def test_a_database_that_is_silent_is_not_asked_and_the_other_one_is_not_written_without_its_lease() -> None:
    shop = serving()
    shop.down = {EAST}
    shop.pass_s(6)
    assert not NUMBERS.silent(shop.state, Held(EAST, 1), shop.now)
    shop.pass_s(3)
    assert shop.held == Held(EAST, 1)
    assert NUMBERS.silent(shop.state, Held(EAST, 1), shop.now)
    assert shop.reads is None
    shop.pass_s(25)
    assert shop.held is None


def test_with_one_database_alone_it_is_tried_for_as_long_as_the_lease_lasts() -> None:
    shop = Shop(regions=(EAST,))
    shop.items[EAST] = {"epoch": 1}
    shop.pass_s(3)
    shop.down = {EAST}
    shop.pass_s(20)
    assert shop.held == Held(EAST, 1)
    assert not NUMBERS.silent(shop.state, Held(EAST, 1), shop.now)
    assert shop.reads == EAST
    assert not shop.well


def test_clients_are_not_sent_away_while_one_database_takes_over_from_the_other() -> None:
    shop = serving()
    shop.down = {EAST}
    shop.pass_s(45)
    assert shop.held is None
    assert shop.well
    shop.items[WEST] = {"epoch": 2}
    shop.pass_s(1)
    assert shop.held == Held(WEST, 2)
    assert shop.well


def test_a_place_that_alone_lacks_the_active_database_is_not_well_for_longer_than_a_takeover_takes() -> None:
    shop = serving()
    shop.down = {EAST}
    shop.pass_s(7 + 49 - 1)
    assert shop.well
    shop.pass_s(3)
    assert not shop.well


def test_a_place_that_no_database_answers_is_soon_not_well() -> None:
    shop = serving()
    shop.down = {EAST, WEST}
    shop.pass_s(8)
    assert not shop.well
    assert not NUMBERS.ready(shop.state, shop.now)


def test_a_place_that_has_just_started_is_not_well_before_its_first_lease() -> None:
    shop = Shop()
    shop.pass_s(10)
    assert NUMBERS.ready(shop.state, shop.now)
    assert not shop.well
    shop.items[WEST] = {"epoch": 2}
    shop.pass_s(1)
    assert shop.well


def test_reads_stay_with_the_newest_data_in_a_handover() -> None:
    shop = serving()
    shop.items[EAST] = {"fenced": 1, "hurry": True}
    shop.pass_s(1)
    assert (shop.held, shop.reads) == (None, EAST)
    shop.items[WEST] = {"epoch": 2}
    shop.pass_s(1)
    assert shop.reads == WEST


def test_reads_without_a_lease_are_refused_where_replication_has_not_caught_up() -> None:
    shop = serving()
    shop.down, shop.caught_up = {EAST}, set()
    shop.pass_s(40)
    assert shop.held is None
    region, why = NUMBERS.reads_from(shop.state, shop.now)
    assert region is None
    assert "has not caught up" in why


def test_a_write_waits_only_where_a_lease_is_about_to_come() -> None:
    shop = serving()
    assert not NUMBERS.handing_over(shop.state, shop.now)
    shop.items = {EAST: {"fenced": 1, "hurry": True}, WEST: {"hurry": True}}
    shop.pass_s(1)
    assert NUMBERS.handing_over(shop.state, shop.now)
    shop.items[WEST] = {"epoch": 2}
    shop.pass_s(1)
    assert not NUMBERS.handing_over(shop.state, shop.now)
    fresh = Shop()
    fresh.items = {EAST: {"hurry": True}, WEST: {"hurry": True}}
    fresh.pass_s(2)
    assert fresh.state.regions[EAST].hurry
    assert not NUMBERS.handing_over(fresh.state, fresh.now)


def test_nobody_waits_for_a_lost_database() -> None:
    shop = serving()
    shop.down = {EAST}
    shop.pass_s(40)
    assert shop.held is None
    assert not NUMBERS.handing_over(shop.state, shop.now)


def test_storefronts_of_two_places_that_beat_in_one_table_never_have_one_name() -> None:
    alike = {"DATABASE": "active", "COMPONENT": "storefront", "PORT": "8080"}
    names = {load({**alike, "AWS_REGION": region}).instance for region in (EAST, WEST)}
    assert len(names) == 2
    assert load({"COMPONENT": "storefront", "PORT": "8080", "AWS_REGION": EAST}).instance == "storefront_host_8080"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE", "both", "must be local or active"),
        ("REQUEST_TIMEOUT_SECONDS", "0", "at least 0.05"),
        ("REQUEST_TIMEOUT_SECONDS", "61", "at most 60"),
        ("HANDOVER_PATIENCE_SECONDS", "-1", "at least 0"),
        ("HANDOVER_PATIENCE_SECONDS", "nan", "at least 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}=.*{said}"):
        load({name: value})


def test_numbers_of_the_two_profiles() -> None:
    production, fast = load({}), load({"TIME_SCALE": "0.1"})
    assert (production.follows_active, production.request_timeout_s, production.handover_patience_s) == (False, 1, 0.75)
    assert (fast.request_timeout_s, fast.handover_patience_s) == (1, 0.75)
    assert (production.hurried_s, fast.hurried_s) == (0.3, 0.1)
    assert production.takeover_ns == 49 * S
    assert fast.takeover_ns == pytest.approx(7.6 * S)
