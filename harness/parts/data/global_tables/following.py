"""Reads what region servers append to their files of changes, line by line, soon after it is written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LOOK_S = 0.01

Changed = Callable[[str, Mapping[str, Any]], None]
"""Told the region, and one change as harness.engines.moto.change_log writes it."""


class Following:
    """The files of all regions. changed: called for each change, in the order of each file. wanted: whether it would
    make anything of one; else they are passed over unread."""

    def __init__(self, files: Mapping[str, Path], changed: Changed, wanted: Callable[[], bool] = lambda: True) -> None:
        self._files = files
        self._changed = changed
        self._wanted = wanted
        self._offsets = dict.fromkeys(files, 0)
        self._rests = dict.fromkeys(files, b"")

    def skip(self) -> None:
        """Pass over what has been written so far."""
        for region, file in self._files.items():
            self._offsets[region] = file.stat().st_size if file.exists() else 0
            self._rests[region] = b""

    def look(self) -> None:
        """Tell what is new."""
        for region, file in self._files.items():
            try:
                with file.open("rb") as opened:
                    opened.seek(self._offsets[region])
                    data = opened.read()
            except FileNotFoundError:
                continue
            if not data:
                continue
            self._offsets[region] += len(data)
            *lines, self._rests[region] = (self._rests[region] + data).split(b"\n")
            for line in lines if self._wanted() else ():
                self._changed(region, json.loads(line))

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)
