"""One item of a global table with eventual consistency: what its machine does when, and what comes of it everywhere."""

from __future__ import annotations

from harness.parts.data.global_tables import model
from harness.parts.data.global_tables.lag import LagLaw
from harness.parts.data.global_tables.model import Item, Stamp, Version
from harness.parts.data.global_tables.simulation import Simulation
from harness.units import NS_PER_MS, NS_PER_S

EAST, WEST, OTHER = "us-east-1", "us-west-2", "eu-west-1"
S = NS_PER_S
STEADY = LagLaw(NS_PER_S, 0.0)
"""Every change takes one second."""


def two(**more: object) -> Simulation:
    return Simulation((EAST, WEST), STEADY, **more)  # type: ignore[arg-type]


def shown(world: Simulation, key: str) -> dict[str, object]:
    return {
        region: None if version.image is None else version.image["v"]
        for region, version in world.items[key].shown.items()
    }


def test_a_write_is_shown_elsewhere_when_its_delay_is_over() -> None:
    world = two()
    world.write(EAST, "a", {"v": 1})
    world.run_until(S - 1)
    assert shown(world, "a") == {EAST: 1}
    world.run_until(S)
    assert shown(world, "a") == {EAST: 1, WEST: 1}
    assert world.latencies_ns == [S]
    assert not world.items["a"].waiting


def test_the_last_writer_wins_in_every_region_and_the_other_is_told_of_once() -> None:
    world = two()
    world.write(EAST, "a", {"v": "east"})
    world.run_until(S // 2)
    world.write(WEST, "a", {"v": "west"})
    world.settle()
    assert shown(world, "a") == {EAST: "west", WEST: "west"}
    assert [(one.loser.image, one.winner.image) for one in world.lost] == [({"v": "east"}, {"v": "west"})]


def test_the_order_of_different_items_is_not_kept() -> None:
    slow_first = (LagLaw(S, 1.0).draw_ns(seed, EAST, WEST, 1) > LagLaw(S, 1.0).draw_ns(seed, EAST, WEST, 3) + S // 10
                  for seed in range(100))  # fmt: skip
    seed = next(seed for seed, swapped in enumerate(slow_first) if swapped)
    world = Simulation((EAST, WEST), LagLaw(S, 1.0), seed)
    world.write(EAST, "first", {"v": 1})  # draws for 1; its wake is the second event
    world.run_until(S // 10)
    world.write(EAST, "second", {"v": 2})
    while WEST not in world.items["second"].shown:
        world.run_until(world.now_ns + NS_PER_MS)
    assert WEST not in world.items["first"].shown


def test_items_that_were_written_together_arrive_one_by_one() -> None:
    world = Simulation((EAST, WEST), LagLaw(S, 0.8), 7)
    for key in ("debit", "credit"):
        world.write(EAST, key, {"v": "paid"})
    seen = set()
    for _ in range(10_000):
        world.run_until(world.now_ns + NS_PER_MS)
        seen.add(tuple(WEST in world.items[key].shown for key in ("debit", "credit")))
    assert seen & {(True, False), (False, True)}


def test_what_was_written_in_a_cut_off_region_arrives_after_the_heal_and_loses_to_what_came_later() -> None:
    world = two()
    world.cut = {(EAST, WEST), (WEST, EAST)}
    world.write(EAST, "kept", {"v": "east"})
    world.write(EAST, "lost", {"v": "east"})
    world.run_until(20 * S)
    world.write(WEST, "lost", {"v": "west"})
    assert shown(world, "kept") == {EAST: "east"}
    world.run_until(60 * S)
    world.cut.clear()
    world.settle()
    assert shown(world, "kept") == {EAST: "east", WEST: "east"}
    assert shown(world, "lost") == {EAST: "west", WEST: "west"}


def test_one_direction_alone_can_be_cut() -> None:
    world = two()
    world.cut = {(EAST, WEST)}
    world.write(EAST, "a", {"v": 1})
    world.write(WEST, "b", {"v": 2})
    world.run_until(10 * S)
    assert shown(world, "a") == {EAST: 1}
    assert shown(world, "b") == {EAST: 2, WEST: 2}


def test_several_changes_that_wait_are_merged_and_the_newest_is_sent_when_the_oldest_was_due() -> None:
    world = two()
    for at, value in ((0, 1), (S // 4, 2), (S // 2, 3)):
        world.run_until(at)
        world.write(EAST, "a", {"v": value})
    world.run_until(S)
    assert shown(world, "a")[WEST] == 3
    assert len(world.latencies_ns) == 1


def test_a_write_that_comes_while_another_is_under_way_is_sent_after_it() -> None:
    world = two(flight_ns=S // 2)
    world.write(EAST, "a", {"v": 1})
    world.run_until(S + S // 4)
    world.write(EAST, "a", {"v": 2})
    world.settle()
    assert shown(world, "a") == {EAST: 2, WEST: 2}
    assert len(world.latencies_ns) == 2


def test_a_delete_is_replicated_and_is_a_version_that_older_writes_lose_to() -> None:
    world = two()
    world.write(EAST, "a", {"v": 1})
    world.settle()
    world.cut = {(EAST, WEST), (WEST, EAST)}
    world.write(EAST, "a", {"v": 2})
    world.run_until(world.now_ns + S)
    world.write(WEST, "a", None)
    world.cut.clear()
    world.settle()
    assert shown(world, "a") == {EAST: None, WEST: None}


def test_with_clocks_that_differ_an_acknowledged_write_loses_to_an_older_one() -> None:
    pairs = {}
    for skew_ns in (0, 5 * S):
        world = two(skew_ns={EAST: skew_ns})
        world.write(EAST, "a", {"v": "older"})
        world.run_until(S // 2)
        world.write(WEST, "a", {"v": "newer"})
        world.settle()
        pairs[skew_ns] = shown(world, "a")
    assert pairs == {0: {EAST: "newer", WEST: "newer"}, 5 * S: {EAST: "older", WEST: "older"}}


def test_a_write_over_one_that_is_shown_never_loses_to_it_whatever_the_clocks_say() -> None:
    world = two(skew_ns={EAST: 5 * S})
    world.write(EAST, "a", {"v": "older"})
    world.settle()
    world.write(WEST, "a", {"v": "newer"})
    world.settle()
    assert shown(world, "a") == {EAST: "newer", WEST: "newer"}


def test_a_new_replica_gets_what_another_one_shows() -> None:
    item, _ = model.step(Item(), model.Written(EAST, 5, {"v": 1}, {}), 5)
    item, effects = model.step(item, model.Joined((EAST, WEST), 0), 10)
    assert effects == (model.Wake((EAST, WEST), 10),)
    item, effects = model.step(item, model.Due((EAST, WEST)), 10)
    assert effects == (model.Send((EAST, WEST), Version(Stamp(5, EAST), {"v": 1})),)


def test_nothing_goes_to_a_region_that_is_no_replica_any_more() -> None:
    item, _ = model.step(Item(), model.Written(EAST, 5, {"v": 1}, {WEST: 10, OTHER: 10}), 5)
    item, _ = model.step(item, model.Left(WEST), 6)
    assert set(item.waiting) == {(EAST, OTHER)}


def test_a_write_that_slipped_in_under_an_older_change_is_put_back() -> None:
    older, newer = Version(Stamp(5, EAST), {"v": "east"}), Version(Stamp(9, WEST), {"v": "west"})
    item, _ = model.step(Item(), model.Written(WEST, 9, {"v": "west"}, {}), 9)
    _, effects = model.step(item, model.Landed(WEST, older), 10)
    assert effects == (model.Apply(WEST, newer, older),)


def test_an_answer_about_an_older_change_does_not_settle_a_newer_one() -> None:
    item, _ = model.step(Item(), model.Written(EAST, 5, {"v": 1}, {WEST: 10}), 5)
    item, _ = model.step(item, model.Due((EAST, WEST)), 15)
    item, _ = model.step(item, model.Written(EAST, 16, {"v": 2}, {WEST: 10}), 16)
    item, effects = model.step(item, model.Settled((EAST, WEST), Stamp(5, EAST)), 17)
    assert effects == (model.Replicated((EAST, WEST), 12), model.Wake((EAST, WEST), 26))
    item, effects = model.step(item, model.Settled((EAST, WEST), Stamp(5, EAST)), 18)
    assert (effects, item.waiting[EAST, WEST].version.image) == ((), {"v": 2})
