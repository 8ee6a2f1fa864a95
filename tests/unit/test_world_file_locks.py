"""Two who start, or watch, at the same time cannot both win; and what a killed one left stops nobody."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.live.standing import world_file


def test_only_one_of_two_gets_a_lock_and_the_next_one_after_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / ".drill" / "watch.lock"
    with world_file.locked(path) as first, world_file.locked(path) as second:
        assert (first, second) == (True, False)
    with world_file.locked(path) as third:
        assert third


def test_whoever_waits_gets_the_lock_when_it_is_released(tmp_path: Path) -> None:
    path, held, got = tmp_path / "watch.lock", threading.Event(), threading.Event()

    def wait() -> None:
        held.wait(10)
        with world_file.locked(path, wait_s=30) as ours:
            assert ours
            got.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    with world_file.locked(path) as ours:
        assert ours
        held.set()
        assert not got.wait(0.1)
    assert got.wait(10)
    waiter.join()


def test_a_lock_on_a_file_that_its_holder_has_unlinked_is_none(tmp_path: Path) -> None:
    path = tmp_path / "watch.lock"
    with world_file.locked(path):
        path.unlink()
        with world_file.locked(path) as fresh:
            assert fresh
            with world_file.locked(path) as another:
                assert not another


def test_a_folder_is_claimed_for_one_world_at_a_time(tmp_path: Path) -> None:
    state = world_file.path_in(tmp_path)
    with world_file.claimed(state) as first, world_file.claimed(state) as second:
        assert (first, second) == (True, False)
    with world_file.claimed(state) as third:
        assert third


def test_what_one_that_was_killed_had_begun_to_write_goes_when_the_folder_is_claimed(tmp_path: Path) -> None:
    state = world_file.path_in(tmp_path)
    state.parent.mkdir()
    begun = state.with_name(".world.json-4711")
    begun.write_text('{"pid"')
    with world_file.claimed(state) as ours:
        assert ours
        assert not begun.exists()
        begun.write_text("{")  # as whoever holds the claim does
        with world_file.claimed(state) as second:
            assert not second
            assert begun.exists()


def test_a_place_where_no_state_can_be_kept_is_named(tmp_path: Path) -> None:
    (tmp_path / ".drill").write_text("a file where the folder should be")
    claim = world_file.claimed(world_file.path_in(tmp_path))
    with pytest.raises(InputError, match=r"\.drill: cannot be written to"), claim:
        pytest.fail("nothing can be locked there")


def test_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "world.lock").mkdir()
    lock = world_file.locked(tmp_path / "world.lock")
    with pytest.raises(InputError, match=r"world\.lock: cannot be written to"), lock:
        pytest.fail("nothing can be locked there")
