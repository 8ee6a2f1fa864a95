"""Storefronts that follow the active database, as processes: a lost database, and the planned way back."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from test_reference_live import NOBODY_WRITES_S, Writer, writing
from test_reference_world import EAST, WEST, World, wait_until, world_of

pytestmark = [pytest.mark.live, pytest.mark.slow]
HOSTAGE_S = 5.0
"""To connect (1 s), to be answered (1 s), and what a busy machine takes."""
AT_ONCE_S = 0.5
"""A call to a database that is silent takes a second at least."""


class Watcher:
    """Asks a storefront for its health and for an item, all the time; keeps what it said and how long it took."""

    def __init__(self, world: World, region: str) -> None:
        self._world, self._region = world, region
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.unwell: list[tuple[float, int, Any]] = []
        self.reads: list[tuple[float, int, float]] = []

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            status, said, _ = self._world.request(self._region, "GET", "/health")
            if status != 200:
                self.unwell.append((time.monotonic(), status, said))
            began = time.monotonic()
            status = self._world.request(self._region, "GET", "/items/canary")[0]
            self.reads.append((began, status, time.monotonic() - began))

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)


def test_a_lost_database_is_left_where_the_application_is_and_the_way_back_keeps_nobody_waiting(tmp_path: Path) -> None:
    with world_of(tmp_path, database="active") as world:
        wait_until(lambda: world.active(WEST), 10, "either place is well")
        with writing(world, threads=1) as writers, Watcher(world, EAST) as near, Watcher(world, WEST) as far:
            for region in (EAST, WEST):
                wait_until(lambda name=region: len(writers[name].acked) > 20, 30, "writes go through both places")
            before = max(writer.acked[-1][2] for writer in writers.values())
            assert origin_of(before) == EAST
            world.break_region(EAST, "black-hole")
            lost = time.monotonic()
            for region in (EAST, WEST):
                wait_until(lambda name=region: acked_by(writers[name], WEST, before), 30, "both turn to WEST")
            turned = time.monotonic()
            world.heal()
            for region in (EAST, WEST):  # on a busy machine a handover may be given up, and the next one does it
                wait_until(lambda name=region: len(acked_by(writers[name], EAST, before)) > 20, 60, "both are back")
        for watcher in (near, far):
            unwell = [one for one in watcher.unwell if lost < one[0] < turned]
            assert unwell == [], "while one database takes over from the other, nobody must be moved"
            assert max(took for _, _, took in watcher.reads) < HOSTAGE_S
            refused = [took for at, status, took in watcher.reads if lost + 2.5 < at < turned and status == 503]
            assert not refused or statistics.median(refused) < AT_ONCE_S, "a silent database is asked no more"
        for writer in writers.values():
            later = [(when, epoch) for when, _, epoch in writer.acked if when > turned]
            waits = [b - a for (a, was), (b, now) in itertools.pairwise(later) if now <= was + 1]
            assert max(waits) < NOBODY_WRITES_S
        wait_until(lambda: world.table(EAST) == world.table(WEST), 15, "both tables are the same")
        held = world.table(EAST)
        for writer in writers.values():
            for when, item, epoch in writer.acked:
                assert item in held, (item, when - lost)
                assert held[item][1:] == (epoch, 1, origin_of(epoch))


def acked_by(writer: Writer, region: str, after: int) -> list[str]:
    """What a region's database has taken since an epoch."""
    return [item for _, item, epoch in writer.acked if epoch > after and origin_of(epoch) == region]


def origin_of(epoch: int) -> str:
    """Odd epochs are the primary's."""
    return EAST if epoch % 2 else WEST
