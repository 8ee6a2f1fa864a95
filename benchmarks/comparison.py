"""How fast two exports are compared, and with how much memory: our engines beside others, in one run.

    python benchmarks/comparison.py [--items 100000] [--repeat 3] [--only "NAME;NAME"] [--folder FOLDER]

Two exports are generated (`made_exports.py`; about 330 bytes an item as JSON); `--folder` keeps them for another run.
Each contestant (`contestants.py`) runs in a process of its own, so that its memory and its processors' time are its
own; rounds take them in turn. Promised of `drill diff` by DuckDB and by Python: what differs is found, at least a
million items of a side a minute and core, below 1 GB. Exit code 1 where it was not so.

Memory is the most that the process had, or that all its processes together had where that is more (what they share is
counted in each). Spark runs in Java: its time and memory are looked at five times a second.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from baseline import machine
from contestants import CONTESTANTS
from made_exports import Made, made

from harness.errors import InputError

_LOOK_S = 0.2
_FASTER, _BELOW_MB = 1.0, 1000
_PROMISED = ("drill diff, python", "drill diff, duckdb")
_ROOM_BYTES = {"plain loop": 550, "Polars": 1_700}
"""Of memory for each item, for those who keep everything there."""


@dataclass(frozen=True)
class Ran:
    """One run. found: keys that differ; memory_mb: the most."""

    found: int
    took_s: float
    cpu_s: float
    memory_mb: float


def _child(name: str, sides: tuple[str, str], folder: Path, told: Any) -> None:
    folder.mkdir()
    began = time.monotonic()
    try:
        found: int | str = CONTESTANTS[name](sides, folder)
    except (ImportError, InputError) as error:
        found = f"left out: {error}"
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told.put((
        found, time.monotonic() - began, sum(one.ru_utime + one.ru_stime for one in spent),
        max(one.ru_maxrss for one in spent) / 1024,
    ))  # fmt: skip


def watched(process: Any) -> tuple[float, float]:
    """Processors' time in s, and the most memory in MB, of a process and all that it starts, until it ends."""
    seen: dict[int, float] = {}
    most = 0
    while process.is_alive():
        try:
            tree = [(root := psutil.Process(process.pid)), *root.children(recursive=True)]
        except psutil.Error:
            break
        together = 0
        for one in tree:
            try:
                with one.oneshot():
                    times = one.cpu_times()
                    seen[one.pid] = times.user + times.system
                    together += one.memory_info().rss
            except psutil.Error:
                continue
        most = max(most, together)
        process.join(_LOOK_S)
    return sum(seen.values()), most / 2**20


def run(name: str, sides: tuple[str, str], folder: Path) -> Ran | str:
    """One contestant once; why not, where it could not."""
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    work = folder / "work"
    process = context.Process(target=_child, args=(name, sides, work, told))
    process.start()
    try:
        cpu_s, memory_mb = watched(process)
        process.join()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if told.empty():
        return f"failed, exit code {process.exitcode}"
    found, took_s, own_cpu_s, own_mb = told.get()
    return found if isinstance(found, str) else Ran(found, took_s, max(cpu_s, own_cpu_s), max(memory_mb, own_mb))


def too_large(name: str, items: int) -> str | None:
    """Why a contestant that keeps everything in memory does not run on so many items; None: it does."""
    wanted = _ROOM_BYTES.get(name, 0) * items
    free = psutil.virtual_memory().available
    if wanted < 0.7 * free:
        return None
    return f"left out: it would take about {wanted / 1e9:.0f} GB of memory, {free / 1e9:.0f} GB are free"


def contest(names: Sequence[str], given: Made, folder: Path, repeat: int) -> dict[str, list[Ran] | str]:
    """Each contestant on the same two exports, so many times in turn."""
    results: dict[str, list[Ran] | str] = {name: too_large(name, given.items) or [] for name in names}
    for number in range(repeat):
        for name, before in results.items():
            if isinstance(before, str):
                continue
            found = run(name, given.sides, folder)
            if isinstance(found, str):
                results[name] = found
            else:
                before.append(found)
                print(f"  {number + 1} of {repeat}: {name} {found.took_s:.1f} s", file=sys.stderr, flush=True)
    return results


def spread(values: Sequence[float], digits: int) -> str:
    """Median, and in brackets least and most."""
    told = f"{median(values):,.{digits}f}"
    return told if len(values) == 1 else f"{told} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def show(results: dict[str, list[Ran] | str], given: Made) -> None:
    """The table."""
    print(f"{'':20}{'found':>8}{'s':>20}{'CPU s':>20}{'M items/min/core':>20}{'MB':>20}")
    for name, runs in results.items():
        if isinstance(runs, str):
            print(f"{name:20}  {runs}")
            continue
        rates = [given.items / one.cpu_s * 60 / 1e6 for one in runs]
        print(
            f"{name:20}{runs[0].found:>8}{spread([one.took_s for one in runs], 1):>20}"
            f"{spread([one.cpu_s for one in runs], 1):>20}{spread(rates, 1):>20}"
            f"{spread([one.memory_mb for one in runs], 0):>20}"
        )


def broken(results: dict[str, list[Ran] | str], given: Made) -> list[str]:
    """The promises that were not kept."""
    found = []
    for name, runs in results.items():
        if name not in _PROMISED or isinstance(runs, str):
            continue
        if any(one.found != given.different for one in runs):
            found.append(f"{name}: {given.different} keys differ, it found {runs[0].found}")
        if given.items / median(one.cpu_s for one in runs) * 60 / 1e6 < _FASTER:
            found.append(f"{name}: fewer than a million items a minute and core")
        if max(one.memory_mb for one in runs) > _BELOW_MB:
            found.append(f"{name}: more than {_BELOW_MB} MB")
    return found


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--differences", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="contestants, by semicolons")
    parser.add_argument("--folder", type=Path, help="where the exports are made, or are already, and stay")
    parser.add_argument("--generate-only", action="store_true", help="make the exports, and stop; with --folder")
    given = parser.parse_args()
    names = [name.strip() for name in given.only.split(";") if name.strip()] or list(CONTESTANTS)
    if any(name not in CONTESTANTS for name in names):
        parser.error(f"there are {', '.join(CONTESTANTS)}")
    with tempfile.TemporaryDirectory(prefix="drill-bench-", dir=given.folder) as text:
        exports = made(given.folder or Path(text), given.items, given.differences)
        print(machine())
        print(
            f"{exports.items:,} items a side, {exports.size_bytes / 1e6:,.0f} MB of packed files in all; "
            f"{exports.different} keys differ, and {exports.as_texts} as texts"
        )
        if given.generate_only:
            return 0
        results = contest(names, exports, Path(text), given.repeat)
    show(results, exports)
    missed = broken(results, exports)
    for one in missed:
        print(f"not kept: {one}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
