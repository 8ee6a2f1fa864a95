"""Two exports of a given length that differ in known places: what `comparison.py` has compared.

Orders of about 330 bytes as JSON. Seeded differences are of four kinds in turn: another total, missing in B, only in B,
and a total that is spelt otherwise (`7` and `7.0`), which is no difference to a table, and one to a text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.comparison.exports import writer
from harness.comparison.exports.writer import Told

AT = datetime(2026, 11, 1, tzinfo=UTC)
FILE_ITEMS = 250_000
_KINDS = 4
_LINE = (
    '{"Item":{"id":{"S":"order-%09d"},"customer":{"S":"customer %d"},"total":{"N":"%s"},"paid":{"BOOL":%s},'
    '"tags":{"SS":["red","green","blue"]},"address":{"M":{"city":{"S":"city %d"},"zip":{"N":"12345"}}},'
    '"lines":{"L":[{"S":"a line"},{"N":"3"}]},"note":{"S":"made for a benchmark, and as long as notes are"}}}\n'
)


@dataclass(frozen=True)
class Made:
    """sides: where they lie; items: of A; different: keys that a comparison of tables finds; as_texts: of texts."""

    sides: tuple[str, str]
    items: int
    different: int
    as_texts: int

    @property
    def size_bytes(self) -> int:
        """Of all data files, packed."""
        return sum(file.stat().st_size for side in self.sides for file in data(side))


def data(side: str) -> list[Path]:
    """The data files of an export."""
    return sorted((Path(side) / "data").glob("*.gz"))


def lines(side: str, count: int, differences: int) -> Iterator[bytes]:
    """The lines of side `a` or `b`."""
    source, every = random.Random(1), max(1, count // differences) if differences else 0
    for number in range(count):
        total, kind = source.randrange(10**6), None
        if side == "b" and every and number % every == 0 and number // every < differences:
            kind = number // every % _KINDS
        if kind == 1:
            continue
        told = {0: str(total + 1), 3: f"{total}.0"}.get(kind, str(total)) if kind is not None else str(total)
        yield _line(number, told)
        if kind == 2:
            yield _line(count + number, told)


def _line(number: int, total: str) -> bytes:
    paid = "true" if number % 3 == 0 else "false"
    return (_LINE % (number, number // 7, total, paid, number % 100)).encode("ascii")


def items(side: str, count: int, differences: int) -> Iterator[dict[str, object]]:
    """The same as items."""
    for line in lines(side, count, differences):
        yield json.loads(line)["Item"]


def made(folder: Path, count: int, differences: int) -> Made:
    """Both sides in a folder; one that is there already is taken as it is."""
    sides = []
    for side in "ab":
        name = f"{side}-{count}-{differences}"
        told = Told("arn:aws:dynamodb:us-east-1:123456789012:table/orders", "id", "b", name, "0100", AT, AT, AT)
        where = folder / told.folder
        if not (where / "manifest-summary.json").exists():
            writer.write_lines(told, lines(side, count, differences), writer.into(folder), FILE_ITEMS)
        sides.append(str(where))
    spelt = differences // _KINDS
    return Made((sides[0], sides[1]), count, differences - spelt, differences)
