"""A history that can no longer grow is told at once, with the file and why; and nothing more is kept for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.errors import WorldError
from harness.history.events import Mark
from harness.witness.recorder import Recorder

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this platform")
def test_a_full_disk_is_told_with_the_path_and_the_systems_words(tmp_path: Path) -> None:
    history = tmp_path / "witness.events.jsonl"
    history.symlink_to(FULL)
    told: list[WorldError] = []

    async def scene() -> Recorder:
        recorder = Recorder(history, told.append)
        recorder.record(Mark("start", 1))
        recorder.flush()
        recorder.record(Mark("later", 2))
        recorder.flush()
        recorder.close()
        return recorder

    recorder = asyncio.run(scene())
    assert [str(error) for error in told] == [f"cannot write its history {history}: No space left on device"]
    assert recorder.lines == 0


def test_a_history_that_can_be_written_is_whole(tmp_path: Path) -> None:
    told: list[WorldError] = []

    async def scene() -> Recorder:
        recorder = Recorder(tmp_path / "history.jsonl", told.append)
        recorder.record(Mark("start", 1))
        recorder.close()
        return recorder

    assert asyncio.run(scene()).lines == 1
    assert not told
