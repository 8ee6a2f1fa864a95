"""How columns come about: from operations, from the events of a history, or straight from its file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import WorldError
from harness.history.codes import ABSENT, FAIL, FUNCTIONS, GET, INFO, NEVER_NS, NO_EPOCH, OK, PUT, UNKNOWN, Names
from harness.history.columns import Columns
from harness.history.events import Commit, Completion, Event, Invoke, Operation
from harness.regular_files import open_text

_FUNCTION = {name: code for code, name in enumerate(FUNCTIONS)}
_OUTCOME = {"ok": OK, "fail": FAIL, "info": INFO}


class _Codes(dict[str, int]):
    """Text -> code, in the order in which texts are first seen."""

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self)
        return code


class _Gathering:
    """Rows in the order in which they were invoked; completions are joined to them by operation id."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.ops: list[str] = []
        self.keys, self.clients, self.cohorts, self.addresses, self.regions = (_Codes() for _ in range(5))
        self.sent: list[int] = []
        self.planned: list[int] = []
        self.f: list[int] = []
        self.who: list[int] = []
        self.cohort: list[int] = []
        self.key: list[int] = []
        self.returned: list[int] = []
        self.outcome: list[int] = []
        self.read: list[str | None] = []
        self.address: list[int] = []
        self.region: list[int] = []
        self.epoch: list[int] = []
        self.extra: list[bool] = []
        self.status: list[int] = []
        self.groups: dict[str, list[int]] = {}

    def invoked(
        self, op: str, client: str, cohort: str, f: str, k: str, planned_ns: int, sent_ns: int, extra: bool,
        group: str | None = None,
    ) -> None:  # fmt: skip
        if group is not None:
            self.groups.setdefault(group, []).append(len(self.sent))
        self.rows[op] = len(self.sent)
        self.ops.append(op)
        self.sent.append(sent_ns)
        self.planned.append(planned_ns)
        self.f.append(_FUNCTION[f])
        self.who.append(self.clients[client])
        self.cohort.append(self.cohorts[cohort])
        self.key.append(self.keys[k])
        self.returned.append(NEVER_NS)
        self.outcome.append(INFO)
        self.read.append(None)
        self.address.append(ABSENT)
        self.region.append(ABSENT)
        self.epoch.append(NO_EPOCH)
        self.extra.append(extra)
        self.status.append(0)

    def completed(
        self, row: int, k: str, outcome: str, returned_ns: int, v: str | None, address: str | None,
        region: str | None, epoch: int | None, status: int | None,
    ) -> None:  # fmt: skip
        self.returned[row] = returned_ns
        self.outcome[row] = code = _OUTCOME[outcome]
        self.key[row] = self.keys[k]
        if code == OK and self.f[row] == GET:
            self.read[row] = v
        if address is not None:
            self.address[row] = self.addresses[address]
        if region is not None:
            self.region[row] = self.regions[region]
        if epoch is not None:
            self.epoch[row] = max(-NEVER_NS, min(epoch, NEVER_NS))
        if status is not None and 0 < status < 1000:
            self.status[row] = status

    def columns(self) -> tuple[Columns, np.ndarray[Any, np.dtype[np.int64]]]:
        """The columns, and for each row of them the place at which it was gathered."""
        try:
            sent, returned, planned = (np.asarray(of, np.int64) for of in (self.sent, self.returned, self.planned))
        except OverflowError as error:
            raise WorldError("the history tells of a moment that no clock can show") from error
        order = np.argsort(sent, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        names = Names(
            [self.ops[n] for n in order], list(self.keys), list(self.clients), list(self.cohorts), list(self.addresses),
            list(self.regions),
        )  # fmt: skip
        values, strange = self._values(place)
        names.strange.extend(strange)
        names.grouped, names.group = self._groups(place)

        def column(values: list[int], dtype: type[np.integer[Any]]) -> Any:
            return np.asarray(values, dtype)[order]

        found = Columns(
            names, sent[order], returned[order], planned[order],
            column(self.f, np.int8), column(self.outcome, np.int8), column(self.who, np.int32),
            column(self.cohort, np.int16), column(self.key, np.int32), column(values, np.int32),
            column(self.address, np.int32), column(self.region, np.int32), column(self.epoch, np.int64),
            np.asarray(self.extra, np.bool_)[order], column(self.status, np.int16),
        )  # fmt: skip
        return found, order

    def _groups(self, place: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[Any, Any]:
        """The rows that are in a group, and the first row of each one's group."""
        pairs = [(int(place[at]), int(place[members].min())) for members in self.groups.values() for at in members]
        found = np.asarray(sorted(pairs), np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def _values(self, place: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[list[int], _Codes]:
        """What each read showed."""
        rows, f, strange = self.rows, self.f, _Codes()
        values = [ABSENT] * len(f)
        for at, read in enumerate(self.read):
            if read is not None:
                row = rows.get(read)
                known = row is not None and f[row] == PUT
                values[at] = int(place[row]) if known and row is not None else UNKNOWN - strange[read]
        return values, strange


def columns_of(operations: Iterable[Operation]) -> Columns:
    """Operations as columns, in the order of sending; columns stay what they are."""
    if isinstance(operations, Columns):
        return operations
    gathered, given = _Gathering(), list(operations)
    for row, o in enumerate(given):
        invoke, completion = o.invoke, o.completion
        gathered.invoked(
            invoke.op, invoke.client, invoke.cohort, invoke.f, invoke.k, invoke.planned_ns, invoke.mono_ns,
            invoke.extra, invoke.group,
        )  # fmt: skip
        if completion is not None:
            gathered.completed(
                row, invoke.k, completion.outcome.value, completion.mono_ns, completion.v, completion.address,
                completion.region, completion.epoch, completion.status,
            )  # fmt: skip
    columns, order = gathered.columns()
    columns.names.source = lambda row: given[order[row]]
    return columns


def columns_of_events(events: Iterable[Event | Commit]) -> Columns:
    """The operations of a history as columns; whatever else it tells is passed over."""
    gathered = _Gathering()
    invokes: list[Invoke] = []
    completions: dict[int, Completion] = {}
    early: dict[str, Completion] = {}

    def join(row: int, done: Completion) -> None:
        completions[row] = done
        gathered.completed(
            row, done.k, done.outcome.value, done.mono_ns, done.v, done.address, done.region, done.epoch,
            done.status,
        )  # fmt: skip

    for event in events:
        if isinstance(event, Invoke):
            gathered.invoked(
                event.op, event.client, event.cohort, event.f, event.k, event.planned_ns, event.mono_ns,
                event.extra, event.group,
            )  # fmt: skip
            invokes.append(event)
            if event.op in early:
                join(len(invokes) - 1, early.pop(event.op))
        elif isinstance(event, Completion):
            row = gathered.rows.get(event.op)
            if row is None:
                early[event.op] = event  # two with one time stamp may come in any order
            else:
                join(row, event)
    columns, order = gathered.columns()

    found: list[Operation | None] = [None] * len(order)

    def made(row: int) -> Operation:
        operation = found[row]
        if operation is None:
            invoke, done = invokes[order[row]], completions.get(int(order[row]))
            if done is not None and done.k != invoke.k:
                invoke = replace(invoke, k=done.k)
            found[row] = operation = Operation(invoke, done)
        return operation

    columns.names.source = made
    return columns


def read_columns(path: Path) -> Columns:
    """The operations of a history file as columns, without an object for any of its lines.

    A last line without a newline is one that is still being written: it is left out. Raises WorldError, with the
    line's number, for a line that is no event.
    """
    gathered = _Gathering()
    early: dict[str, dict[str, Any]] = {}
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                break
            try:
                _take(gathered, early, json.loads(line))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise WorldError(f"{path}:{number}: not a history event: {error!r}") from error
    return gathered.columns()[0]


def _take(gathered: _Gathering, early: dict[str, dict[str, Any]], body: dict[str, Any]) -> None:
    """One line. early: completions whose invoke has the same time stamp and comes after them."""
    tag = body["t"]
    if tag == "invoke":
        op = body["op"]
        gathered.invoked(
            op, body["client"], body["cohort"], body["f"], body["k"], body["planned_ns"], body["mono_ns"],
            bool(body.get("extra")), body.get("group"),
        )  # fmt: skip
        if op not in early:
            return
        body = early.pop(op)
    elif tag not in _OUTCOME:
        return
    row, get = gathered.rows.get(body["op"]), body.get
    if row is None:
        early[body["op"]] = body
        return
    gathered.completed(
        row, body["k"], body["t"], body["mono_ns"], body["v"], get("address"), get("region"), get("epoch"),
        get("status"),
    )  # fmt: skip
