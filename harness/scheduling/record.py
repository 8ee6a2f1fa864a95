"""The history of a schedule: a line when a run begins, one when it ends, one where an overlap kept it from beginning.

`state_of` folds the lines into what has to be known of them. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from harness.kit.config import Strict
from harness.scheduling.planned import COUNTED, NONE_MISSED, SHOWN, Missed
from harness.scheduling.schedule import CHANNELS_MAX, Moment, moment, told
from harness.storable_text import json_text

ENTRIES_MAX = 1000
"""Older lines are dropped."""
LINE_MAX = 16_384
WHY_MAX = 500
Word = Annotated[str, Field(max_length=40)]


class _Accounted(Strict):
    """accounted: every moment up to this one is known to have had its run or not. planned: whose run it is.

    missed, missed_count, missed_capped: what had none since the line before; see planned.Missed.
    """

    at: Moment
    accounted: Moment
    planned: Moment | None = None
    missed: Annotated[tuple[Moment, ...], Field(max_length=SHOWN)] = ()
    missed_count: Annotated[int, Field(ge=0, le=COUNTED)] = 0
    missed_capped: bool = False

    @property
    def without_run(self) -> Missed:
        """The moments that were missed."""
        return Missed(tuple(moment(one) for one in self.missed), self.missed_count, self.missed_capped)


class Began(_Accounted):
    """A run begins. pid: of `drill schedule run`."""

    event: Literal["began"] = "began"
    pid: Annotated[int, Field(ge=0)]


class _Told(Strict):
    """notified: the channels that were told. unsent: why others could not be."""

    notified: Annotated[tuple[str, ...], Field(max_length=CHANNELS_MAX)] = ()
    unsent: Annotated[tuple[Annotated[str, Field(max_length=WHY_MAX)], ...], Field(max_length=CHANNELS_MAX)] = ()


class Ended(_Told):
    """It has ended. why: the first reason in words. removed: how many old runs were taken away.

    told: which verdict each channel was told last, by its number.
    """

    event: Literal["ended"] = "ended"
    at: Moment
    told: Annotated[dict[str, Word], Field(max_length=CHANNELS_MAX)] = Field(default_factory=dict)
    verdict: Word
    exit_code: Annotated[int, Field(ge=-255, le=255)]
    run_id: Annotated[str, Field(max_length=100)] | None = None
    why: Annotated[str, Field(max_length=WHY_MAX)] = ""
    removed: Annotated[int, Field(ge=0)] = 0


class Overlap(_Accounted, _Told):
    """Nothing was begun, because a run still went on. of: which."""

    event: Literal["overlap"] = "overlap"
    of: Annotated[str, Field(max_length=200)]


Entry = Annotated[Began | Ended | Overlap, Field(discriminator="event")]
_ENTRY: TypeAdapter[Began | Ended | Overlap] = TypeAdapter(Entry)


@dataclass(frozen=True)
class State:
    """What a history comes to. accounted: see above, None: nothing yet. began: a run that has not ended.

    missed: by the last line that began something. overlaps: how many in a row, since a run began. broken: lines that
    cannot be read, or runs that were cut short without a word.
    """

    accounted: datetime | None = None
    began: Began | None = None
    last: Ended | None = None
    missed: Missed = NONE_MISSED
    overlaps: int = 0
    told: dict[str, str] = field(default_factory=dict)
    cut_short: int = 0


def line_of(entry: Began | Ended | Overlap) -> str:
    """One line of the file."""
    return json_text(entry.model_dump(mode="json", exclude_defaults=True) | {"event": entry.event}) + "\n"


def entries_of(lines: Iterable[str]) -> Iterator[Began | Ended | Overlap]:
    """The entries; lines that cannot be read (a machine that lost its power while it wrote) are left out."""
    for line in lines:
        if len(line) <= LINE_MAX:
            try:
                yield _ENTRY.validate_python(json.loads(line))
            except (ValueError, RecursionError, ValidationError):
                continue


def state_of(entries: Iterable[Began | Ended | Overlap]) -> State:
    """What they come to."""
    state = State()
    for entry in entries:
        if isinstance(entry, Ended):
            state = replace(state, began=None, last=entry, told=dict(entry.told))
            continue
        accounted = max(filter(None, (state.accounted, moment(entry.accounted))))
        state = replace(state, accounted=accounted, missed=entry.without_run)
        if isinstance(entry, Overlap):
            state = replace(state, overlaps=state.overlaps + 1)
        else:
            cut_short = state.cut_short + (state.began is not None)
            state = replace(state, began=entry, overlaps=0, cut_short=cut_short)
    return state


def as_fields(missed: Missed) -> dict[str, object]:
    """What was missed, as the fields of a line."""
    return {
        "missed": tuple(told(one) for one in missed.first),
        "missed_count": missed.count,
        "missed_capped": missed.capped,
    }
