"""A history in the form that Elle reads, so that somebody else's checker can be asked about the same requests. Pure.

Elle (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020) knows
registers that are written and read in transactions (`rw-register`): each value is written once, and nothing was there
at first. So a put is a transaction of one write, a read one of one read, and a group one of all its writes. What a
register cannot do is left out, with every operation of its key: keys that were deleted, and those that are counted on.

Jepsen's processes do one thing at a time, and one whose operation ended unknown does nothing more. Our clients send on
an even grid, whatever became of what they sent before; so each of them is as many processes as it had requests under
way at once, and one more after each that was never answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.history.events import Operation
from harness.outcome import Outcome

Form = Literal["elle-edn", "elle-json"]
FORMS: tuple[Form, ...] = ("elle-edn", "elle-json")
SUFFIX: Mapping[str, str] = {"elle-edn": ".elle.edn", "elle-json": ".elle.json"}
"""How a file's name ends: elle-cli tells the form by what comes after the last dot."""


@dataclass(frozen=True)
class Exported:
    """rows: what happened, in order of time. kept, left_out: operations; keys_left_out: keys that are no registers."""

    rows: Sequence[Mapping[str, Any]]
    kept: int
    left_out: int
    keys_left_out: int


def exported(operations: Iterable[Operation]) -> Exported:
    """Operations as Elle's transactions. Reads of a key that nobody wrote are kept: they show that it was not there."""
    known = sorted(operations, key=lambda o: o.sent_ns)
    no_registers = {o.invoke.k for o in known if o.invoke.f in ("delete", "add")}
    kept = [o for o in known if o.invoke.k not in no_registers]
    requests: dict[str, list[Operation]] = {}
    for o in kept:
        requests.setdefault(o.invoke.group or o.invoke.op, []).append(o)
    moments: list[tuple[int, int, Mapping[str, Any]]] = []
    processes = _Processes()
    for number, together in enumerate(requests.values()):
        first = together[0]
        process = processes.of(first)
        asked = [_asked(o) for o in together]
        moments.append((first.sent_ns, number, _row(process, "invoke", first.sent_ns, asked)))
        if first.completion is not None:
            known_values = asked if first.outcome is not Outcome.OK else [_answered(o) for o in together]
            row = _row(process, first.outcome.value, first.completion.mono_ns, known_values)
            moments.append((first.completion.mono_ns, number, row))
    # A completion comes before what is sent at the same moment: its process may be the one that sends.
    moments.sort(key=lambda moment: (moment[0], moment[2]["type"] == "invoke", moment[1]))
    rows = [{"index": index, **row} for index, (_, _, row) in enumerate(moments)]
    return Exported(rows, len(kept), len(known) - len(kept), len(no_registers))


def lines(rows: Sequence[Mapping[str, Any]], form: Form) -> Iterator[str]:
    """The file: in EDN a map a line, in JSON one list, since that is what a JSON file is."""
    if form == "elle-edn":
        yield from (f"{_edn_map(row)}\n" for row in rows)
        return
    for at, row in enumerate(rows):
        yield f"{'[' if at == 0 else ' '}{json.dumps(row)}{',' if at + 1 < len(rows) else ''}\n"
    yield "]\n" if rows else "[]\n"


def _row(process: int, kind: str, time_ns: int, value: list[list[Any]]) -> Mapping[str, Any]:
    return {"type": kind, "process": process, "time": time_ns, "f": "txn", "value": value}


def _asked(o: Operation) -> list[Any]:
    return ["w", o.invoke.k, o.invoke.v] if o.invoke.f == "put" else ["r", o.invoke.k, None]


def _answered(o: Operation) -> list[Any]:
    completion = o.completion
    if o.invoke.f == "put" or completion is None:
        return ["w", o.invoke.k if completion is None else completion.k, o.invoke.v]
    return ["r", completion.k, completion.v]


@dataclass
class _Processes:
    """Which process does what: the first of its client's with nothing under way. busy: until when; None: for ever."""

    busy: dict[str, dict[int, int | None]] = field(default_factory=dict)
    count: int = 0

    def of(self, o: Operation) -> int:
        """The process of the next operation, in the order of sending."""
        own = self.busy.setdefault(o.invoke.client, {})
        free = (process for process, until_ns in own.items() if until_ns is not None and until_ns <= o.sent_ns)
        process = next(free, self.count)
        self.count += process == self.count
        own[process] = None if o.outcome is Outcome.INFO else o.returned_ns
        return process


def _edn_map(row: Mapping[str, Any]) -> str:
    """Names and words are keywords; keys and values of items stay texts."""
    told = {**row, "type": f":{row['type']}", "f": f":{row['f']}"}
    told["value"] = f"[{' '.join(f'[:{f} {_edn(k)} {_edn(v)}]' for f, k, v in row['value'])}]"
    return "{" + ", ".join(f":{name} {value}" for name, value in told.items()) + "}"


def _edn(text: str | None) -> str:
    """A text as readers of EDN know it: its escapes are those of JSON, and what is beyond ASCII is one of them."""
    return "nil" if text is None else json.dumps(text)
