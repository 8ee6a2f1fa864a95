"""The records of both sides on disk, in buckets by place, so that memory holds one bucket at a time, whatever the size.

Buckets follow the order of places: bucket by bucket, and sorted within each, results come out in one order. What was
written after the last mark is cut off when a comparison goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.comparison.records import Record
from harness.errors import InputError

BUCKET_BYTES = 24 << 20
BUCKETS_MIN, BUCKETS_MAX = 16, 512
"""At most as many files are open as buckets: below the usual limit of 1,024."""
_DIGITS = 4
_BUFFER = 1 << 16


def buckets_for(size_bytes: int) -> int:
    """How many buckets keep each small: a power of two."""
    wanted = max(BUCKETS_MIN, -(-size_bytes // BUCKET_BYTES))
    return min(BUCKETS_MAX, 1 << (wanted - 1).bit_length())


class Side:
    """The buckets of one side. lengths: of each at the last mark; what is beyond is cut off."""

    def __init__(self, folder: Path, buckets: int, lengths: Sequence[int] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = [folder / f"{number:03d}" for number in range(buckets)]
        self._shift = 4 * _DIGITS - (buckets - 1).bit_length()
        self._files = [path.open("ab", buffering=_BUFFER) for path in self._paths]
        for file, length in zip(self._files, lengths or [0] * buckets, strict=True):
            file.truncate(length)

    def add(self, record: Record) -> None:
        """Keep a record."""
        line = f"{record.place}\t{record.text}\n".encode("ascii")
        self._files[int(record.place[:_DIGITS], 16) >> self._shift].write(line)

    def flushed(self) -> list[int]:
        """Write everything; the length of each bucket. Raises InputError when the disk is full."""
        try:
            for file in self._files:
                file.flush()
        except OSError as error:
            raise InputError(f"{self._paths[0].parent}: {error.strerror}; name another folder with --work") from error
        return [path.stat().st_size for path in self._paths]

    def close(self) -> None:
        """Nothing is added any more."""
        for file in self._files:
            file.close()

    def bucket(self, number: int) -> Iterator[tuple[bytes, bytes]]:
        """Place and text of each record of a bucket, in the order in which they were added."""
        with self._paths[number].open("rb", buffering=1 << 20) as file:
            for line in file:
                yield line[:32], line[33:-1]

    def drop(self, number: int) -> None:
        """A bucket that has been compared takes no room any more."""
        self._paths[number].unlink(missing_ok=True)


def room_for(folder: Path, size_bytes: int) -> None:
    """Raises InputError when a disk has less room than that."""
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        text = f"{size_bytes >> 20} MB are needed for a while, and {free >> 20} MB are free"
        raise InputError(f"{folder}: {text}: name another folder with --work")
