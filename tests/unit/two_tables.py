"""Two made-up tables that differ in known ways, as exports: what every engine must find."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.comparison.exports import writer
from harness.comparison.exports.writer import Told

Item = dict[str, Any]
AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"


@dataclass(frozen=True)
class Seeded:
    """kind: as `Difference.kind`, or "same" for what only looks different; path: the attribute; what: of the change."""

    kind: str
    path: str = ""
    what: str = ""


def item(number: int, source: random.Random) -> Item:
    return {
        "customer": {"S": f"c{number // 7}"},
        "order": {"N": str(number % 7 + 1)},
        "name": {"S": source.choice(("Ada", "Zoë", 'a "quoted" \\ one', "two\nlines\tand a tab", "", "日本語 🙂"))},
        "total": {"N": source.choice(("12.5", "100", "-0.001", "1E+40", "12345678901234567890123456789012345678"))},
        "paid": {"BOOL": source.random() < 0.5},
        "photo": {"B": "AAECAw=="},
        "none": {"NULL": True},
        "tags": {"SS": ["red", "green", "blue"]},
        "sizes": {"NS": ["1", "2.5", "3"]},
        "keys": {"BS": ["AAE=", "AgM="]},
        "lines": {"L": [{"S": "x"}, {"N": "3"}, {"M": {"deep": {"L": []}}}]},
        "address": {"M": {"city": {"S": "Oslo"}, "zip": {"N": "150"}, "more": {"M": {}}}},
    }


def _set(path: str, value: Any) -> Callable[[Item], None]:
    def change(one: Item) -> None:
        one[path] = value

    return change


def _drop(path: str) -> Callable[[Item], None]:
    return lambda one: one.pop(path) and None


def _city(one: Item) -> None:
    one["address"]["M"]["city"] = {"S": "Bergen"}


def _line(one: Item) -> None:
    one["lines"]["L"][2]["M"]["deep"] = {"L": [{"NULL": True}]}


def _spelt_otherwise(one: Item) -> None:
    """The same item to DynamoDB."""
    one["total"] = {"N": one["total"]["N"].replace("12.5", "1250e-2").replace("100", "1.00e2")}
    one["tags"]["SS"].reverse()
    one["sizes"] = {"NS": ["3.0", "25e-1", "1"]}
    one["order"] = {"N": one["order"]["N"] + ".0"}
    for name in sorted(one, reverse=True):
        one[name] = one.pop(name)


CHANGES: Mapping[Seeded, Callable[[Item], None]] = {
    Seeded("differs", "total", "another value"): _set("total", {"N": "12.500001"}),
    Seeded("differs", "name", "another value"): _set("name", {"S": "Adä"}),
    Seeded("differs", "paid", "another type"): _set("paid", {"S": "true"}),
    Seeded("differs", "photo", "another value"): _set("photo", {"B": "AAECBA=="}),
    Seeded("differs", "none", "missing in B"): _drop("none"),
    Seeded("differs", "name", "another type"): _set("name", {"NULL": True}),
    Seeded("differs", "more", "missing in A"): _set("more", {"S": ""}),
    Seeded("differs", "tags", "other members"): _set("tags", {"SS": ["red", "green"]}),
    Seeded("differs", "tags", "another type"): _set("tags", {"L": [{"S": "red"}]}),
    Seeded("differs", "sizes", "other members"): _set("sizes", {"NS": ["1", "2.5", "4"]}),
    Seeded("differs", "keys", "other members"): _set("keys", {"BS": ["AAE=", "AgM=", "BA=="]}),
    Seeded("differs", "lines", "another length"): _set("lines", {"L": []}),
    Seeded("differs", "lines[2].deep", "another length"): _line,
    Seeded("differs", "address.city", "another value"): _city,
    Seeded("same"): _spelt_otherwise,
}
KINDS: Sequence[Seeded] = (*CHANGES, Seeded("only in A"), Seeded("only in B"))


@dataclass(frozen=True)
class Tables:
    a: list[Item]
    b: list[Item]
    seeded: Mapping[tuple[str, str], Seeded]
    """By key, what was done to it."""

    def expected(self) -> Counter[str]:
        return Counter(one.kind for one in self.seeded.values())


def tables(count: int, differences: int, seed: int) -> Tables:
    """`count` items, of which `differences` differ, of every kind; and as many more that only look different."""
    source = random.Random(seed)
    a = [item(number, source) for number in range(count)]
    b = copy.deepcopy(a)
    chosen = source.sample(range(count), differences)
    seeded = {}
    gone: tuple[set[int], set[int]] = (set(), set())
    for place, number in enumerate(chosen):
        what = KINDS[place % len(KINDS)]
        seeded[a[number]["customer"]["S"], a[number]["order"]["N"]] = what
        if what in CHANGES:
            CHANGES[what](b[number])
        else:
            gone[what.kind == "only in A"].add(number)
    left = [one for number, one in enumerate(a) if number not in gone[0]]
    right = [one for number, one in enumerate(b) if number not in gone[1]]
    source.shuffle(right)
    return Tables(left, right, seeded)


def exported(folder: Path, name: str, items: Iterable[Item], file_items: int = 5_000, **more: Any) -> Path:
    """A full export of items; the folder in which its manifests are."""
    told = Told(ARN, "id", "bucket", name, f"0100-{name}", AT, AT, AT + timedelta(minutes=1), **more)
    put = writer.into(folder)
    writer.begin(told, put)
    writer.write_full(told, items, put, file_items)
    return folder / told.folder


def incremental(
    folder: Path, name: str, changes: Iterable[Mapping[str, Any]], begin: datetime = AT, end: datetime | None = None
) -> Path:
    """An incremental export; the folder in which its manifests are."""
    until = end or begin + timedelta(minutes=15)
    told = Told(ARN, "id", "bucket", name, f"0200-{name}", until, begin, until, begin)
    put = writer.into(folder)
    writer.begin(told, put)
    writer.write_incremental(told, changes, put)
    return folder / told.folder


class Unwatched:
    """Nobody looks on."""

    def reading(self, side: str, items: int, of: int) -> None:
        pass

    def comparing(self, done: int, of: int) -> None:
        pass
