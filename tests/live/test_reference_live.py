"""The reference subject as processes, in a world that breaks: the incidents it is made for."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_reference_world import EAST, WEST, World, client_of, wait_until, world_of

pytestmark = [pytest.mark.live, pytest.mark.slow]
NOBODY_WRITES_S = 5.0
"""In a handover, on a busy machine whose databases share one process; a drill is the one to measure it."""
BLIP_S = 0.7
"""A call that began in it hangs for a second more: together that must leave a busy machine some of a lease of 3 s."""


class Writer:
    """Writes unique items to one region, all the time, and keeps what was acknowledged, when, and under which epoch."""

    def __init__(self, world: World, region: str, threads: int = 3) -> None:
        self._world = world
        self.region = region
        self.acked: list[tuple[float, str, int]] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(threads)]

    def _write(self, number: int) -> None:
        count = 0
        while not self._stop.wait(0.06):
            count += 1
            item = f"{self.region}-{number}-{count}"
            status, _, epoch = self._world.request(self.region, "PUT", f"/items/{item}", item)
            if status == 200:
                self.acked.append((time.monotonic(), item, epoch))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def writing(world: World, threads: int = 3) -> Iterator[dict[str, Writer]]:
    writers = {region: Writer(world, region, threads) for region in (EAST, WEST)}
    for writer in writers.values():
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers.values():
            writer.stop()


def assert_one_writer_at_a_time(writers: dict[str, Writer]) -> None:
    """No two regions acknowledge under one epoch, and no epoch comes back after a later one."""
    acks = sorted((when, epoch, writer.region) for writer in writers.values() for when, _, epoch in writer.acked)
    regions: dict[int, str] = {}
    for _, epoch, region in acks:
        assert regions.setdefault(epoch, region) == region
    epochs = [epoch for _, epoch, _ in acks]
    assert epochs == sorted(epochs)


def converged(world: World) -> bool:
    return world.table(EAST) == world.table(WEST)


@pytest.mark.parametrize("mode", ["black-hole", "refuse"])
def test_a_lost_primary_is_replaced_within_seconds_and_takes_over_again_after_it_healed(
    tmp_path: Path, mode: str
) -> None:
    with world_of(tmp_path) as world:
        with writing(world) as writers:
            wait_until(lambda: len(writers[EAST].acked) > 20, 30, "writes go through")
            onset = time.monotonic()
            world.break_region(EAST, mode)
            took_s = wait_until(lambda: world.active(WEST), 30, "the standby is active")
            assert 2.5 < took_s < 15.0
            wait_until(lambda: len(writers[WEST].acked) > 20, 30, "writes go through the standby")
            assert max(when for when, _, _ in writers[EAST].acked) < min(when for when, _, _ in writers[WEST].acked)
            assert not world.active(EAST)
            assert world.request(WEST, "GET", "/items/canary")[0] == 200
            world.heal()
            assert not world.active(EAST)  # healed, and not yet caught up
            assert world.request(EAST, "GET", "/items/canary")[0] == 503
            wait_until(lambda: world.request(EAST, "GET", "/items/canary")[0] == 200, 30, "it serves reads again")
            assert not world.active(EAST)  # before it accepts writes
            wait_until(lambda: world.active(EAST), 30, "the primary is active again")
            back_at = time.monotonic()
            wait_until(lambda: writers[EAST].acked[-1][0] > back_at, 30, "writes go through the primary")
        assert_one_writer_at_a_time(writers)
        gap_s = min(w for w, _, _ in writers[EAST].acked if w > onset + 5) - writers[WEST].acked[-1][0]
        assert gap_s < NOBODY_WRITES_S, gap_s  # the time in which nobody accepted writes during failback
        wait_until(lambda: converged(world), 30, "both tables are the same")
        held = world.table(EAST)
        missing = [item for writer in writers.values() for _, item, _ in writer.acked if item not in held]
        assert missing == []


def test_a_blip_shorter_than_the_lease_moves_nothing(tmp_path: Path) -> None:
    with world_of(tmp_path) as world, writing(world) as writers:
        wait_until(lambda: len(writers[EAST].acked) > 20, 30, "writes go through")
        for mode in ("black-hole", "refuse"):
            world.break_region(EAST, mode)
            blip_ends = time.monotonic() + BLIP_S
            wait_until(lambda end=blip_ends: time.monotonic() > end, 3, "the blip")
            world.heal()
            wait_until(lambda: world.active(EAST), 30, "the primary is active")
            healed = time.monotonic()
            wait_until(lambda at=healed: writers[EAST].acked[-1][0] > at + 3, 30, "the primary goes on writing")
        assert writers[WEST].acked == []
        assert {epoch for _, _, epoch in writers[EAST].acked} == {1}


def test_a_region_that_fails_a_third_of_all_calls_is_left_without_losing_a_write(tmp_path: Path) -> None:
    with world_of(tmp_path) as world, writing(world) as writers:
        wait_until(lambda: len(writers[EAST].acked) > 20, 30, "writes go through")
        world.break_region(EAST, "gray")
        wait_until(lambda: world.active(WEST), 30, "the standby is active")
        seen = len(writers[WEST].acked)
        wait_until(lambda: len(writers[WEST].acked) > seen + 20, 30, "writes go through the standby")
        time_of_first = writers[WEST].acked[0][0]
        assert max(when for when, _, _ in writers[EAST].acked) < time_of_first
        held = world.table(WEST)
        assert [item for _, item, _ in writers[EAST].acked if item not in held] == []
        assert_one_writer_at_a_time(writers)


def test_a_database_lost_for_the_storefront_alone_is_noticed_by_its_missing_beats(tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        world.router.faults = {(f"storefront.{EAST}", EAST): "black-hole"}
        wait_until(lambda: world.active(WEST), 30, "the standby is active")
        assert world.request(EAST, "GET", "/live")[0] == 200
        assert world.request(EAST, "GET", "/ready")[0] == 503


def test_a_restarted_monitor_goes_on_where_it_was_and_nobody_notices(tmp_path: Path) -> None:
    with world_of(tmp_path) as world, writing(world) as writers:
        wait_until(lambda: len(writers[EAST].acked) > 20, 30, "writes go through")
        assert world.stop("monitor.outside") == 0
        world.start("monitor", "outside")
        restarted = time.monotonic()
        wait_until(lambda: writers[EAST].acked[-1][0] > restarted + 5, 30, "the primary goes on writing")
        times = [when for when, _, _ in writers[EAST].acked if when > restarted - 1]
        assert max(b - a for a, b in itertools.pairwise(times)) < NOBODY_WRITES_S
        assert {epoch for _, _, epoch in writers[EAST].acked} == {1}
        assert writers[WEST].acked == []


def test_without_a_monitor_a_lost_primary_is_not_replaced(tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        world.stop("monitor.outside")
        world.break_region(EAST, "refuse")
        wait_until(lambda: not world.active(EAST), 30, "the primary's lease is over")
        assert not world.put(WEST, "nobody-asked-me")
        assert not world.active(WEST)


def test_an_operator_moves_the_active_region_and_it_stays_there(tmp_path: Path) -> None:
    with world_of(tmp_path) as world, writing(world) as writers:
        command = world.start("monitor", "operator", "set", WEST, AWS_REGION=EAST)
        assert command.wait(30) == 0
        answer = json.loads((tmp_path / "monitor.operator.log").read_text().splitlines()[-1])
        assert (answer["active"], answer["epoch"]) == (WEST, 2)
        wait_until(lambda: world.active(WEST), 30, "the standby is active")
        moved = time.monotonic()
        wait_until(lambda: writers[WEST].acked and writers[WEST].acked[-1][0] > moved + 8, 30, "it stays there")
        assert {epoch for _, _, epoch in writers[WEST].acked} == {2}
        assert_one_writer_at_a_time(writers)


def test_a_deleted_item_stays_deleted_in_both_regions(tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        assert world.put(EAST, "a", "1")
        assert world.request(EAST, "DELETE", "/items/a")[0] == 200
        assert world.request(EAST, "DELETE", "/items/never-there")[0] == 200
        wait_until(lambda: world.table(WEST).get("a", ("",))[0] is None, 30, "the tombstone was replicated")
        wait_until(lambda: world.request(WEST, "GET", "/items/a")[0] == 404, 30, "the standby knows that it is gone")
        assert world.put(EAST, "a", "2")
        wait_until(lambda: world.table(WEST)["a"][:3] == ("2", 1, 3), 30, "the new value was replicated")


def test_a_restarted_replicator_repeats_some_records_and_skips_none(tmp_path: Path) -> None:
    with world_of(tmp_path) as world, writing(world) as writers:
        for _ in range(3):
            assert world.stop(f"replicator.{WEST}") == 0
            count = len(writers[EAST].acked)
            wait_until(lambda n=count: len(writers[EAST].acked) > n + 10, 30, "writes go on")
            world.start("replicator", WEST)
            item = writers[EAST].acked[-1][1]
            wait_until(lambda name=item: name in world.table(WEST), 30, "the replication caught up")
        for writer in writers.values():
            writer.stop()
        wait_until(lambda: converged(world), 30, "both tables are the same")


def test_the_storefront_refuses_what_it_cannot_store(tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        assert world.request(EAST, "PUT", "/items/a")[0] == 400
        status, body, _ = world.request(WEST, "PUT", "/items/a", "1")
        assert (status, body["error"]) == (503, "this region is not active")
        assert world.request(EAST, "GET", "/items/unknown")[0] == 404


def test_a_record_that_makes_no_sense_is_parked_and_holds_up_nothing(tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        client = client_of(world.moto_port, EAST)
        poison = {"id": {"S": "bad"}, "epoch": {"S": "one"}, "seq": {"N": "1"}, "origin": {"S": EAST}}
        client.put_item(TableName="items", Item=poison)
        client.close()
        assert world.put(EAST, "after")
        west = client_of(world.moto_port, WEST)

        def has(table: str, count: int) -> bool:
            return len(west.scan(TableName=table)["Items"]) == count

        wait_until(lambda: has("items-parked", 1), 30, "the record is parked")
        wait_until(lambda: has("items", 2), 30, "the canary and the next record were replicated")
        world.stop(f"replicator.{WEST}")
        assert world.start("replicator", WEST, "replay").wait(30) == 1  # it still makes no sense, and is kept
        assert has("items-parked", 1)
        west.close()
