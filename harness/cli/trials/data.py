"""What a subject stores, against what its file says of its tables; and whether it gets to the other database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from harness import stored
from harness.cli.trials import fitting
from harness.cli.trials.requests import Edge
from harness.errors import WorldError
from harness.live.backend import LiveWorld
from harness.live.following import REPLICATION_PATIENCE_S
from harness.names import CLIENTS
from harness.outcome import Outcome
from harness.topology.subject import Table
from harness.wire.ask import NoAnswer
from harness.witness.outcomes import GARBAGE, with_answer
from harness.workload import Workload
from harness.world.diagnosis import Diagnosis, State

_POLL_S = 0.02


def try_data(world: LiveWorld) -> Iterator[Diagnosis]:
    """A put at each edge: is it found in its database, and then in the others?"""
    table = world.subject.judged_table
    if table is None:
        text = "the subject lists none, so that nothing of its data can be judged"
        yield Diagnosis("tables", State.WARN, text, "`tables:` in the subject file")
        return
    for place in world.edges:
        edge = Edge(place, world.net.edge(CLIENTS, place), world.environment.edge.record, False)
        put = put_at(edge, world.subject.workload)
        if isinstance(put, str):
            yield Diagnosis(f"stored at {place}", State.SKIPPED, f"not tried: {put}")
            continue
        yield from _found(world, table, place, *put)


def put_at(edge: Edge, workload: Workload) -> tuple[str, str] | str:
    """(key, value) of an item that was put there; or why it was not."""
    request, place = workload.request("put"), edge.place
    if request is None:
        return "the workload has no put"
    value = f"doctor-{os.getpid()}-{place}-stored"
    try:
        answer = edge.ask(request, value, value)
    except NoAnswer as error:
        return f"the PUT at {place} had no answer: {error}"
    seen = with_answer("put", answer.status, answer.headers, answer.body, request)
    if seen.outcome is Outcome.OK:
        return seen.k or value, value
    lacks = ", and names no id of the new item" if seen.error == GARBAGE else ""
    return f"the PUT at {place} was answered {answer.status}{lacks}"


def _found(world: LiveWorld, table: Table, place: str, key: str, value: str) -> Iterator[Diagnosis]:
    home, what = world.environment.database_of(place), f"stored at {place}"
    try:
        there = (world.seams.regions[home].scan(table) or {}).get(key)
        if there != value:
            yield _elsewhere(world, table, home, what, key, value)
            return
        yield Diagnosis(what, State.OK, f"table {table.name} of {home} holds it as the subject file says")
        for other in world.environment.databases:
            if other != home:
                yield _replicated(world, table, home, other, key, value)
    except WorldError as error:
        yield Diagnosis(what, State.FAIL, str(error), "`tables:` in the subject file, or what the subject creates")


def _elsewhere(world: LiveWorld, table: Table, home: str, what: str, key: str, value: str) -> Diagnosis:
    """Where the value really is: in which attribute, under which key."""
    for item in world.seams.regions[home].items(table) or ():
        found = fitting.holder(item, value)
        if found is not None:
            held_in, place = found
            names = ", ".join(f"{name}: {stored.text_of(item[name])}" for name in sorted(item) if name != held_in)
            text = f"table {table.name} holds what was put in `{place}` of an item with {names[:200]}"
            said = f"the subject file says {fitting.written(table.key, table.value)}"
            offered = fitting.offered(table, item, key, value)
            hint = f"{offered}; {said}" if offered else f"{said}, and clients call it {key}"
            return Diagnosis(what, State.FAIL, text, hint)
    text = f"no item of table {table.name} of {home} holds what was put"
    return Diagnosis(what, State.FAIL, text, "`tables:` and `workload: {table: …}` say where clients' data is")


def _replicated(world: LiveWorld, table: Table, home: str, other: str, key: str, value: str) -> Diagnosis:
    what, subject = f"{home} to {other}", world.subject
    if subject.replication == "none":
        return Diagnosis(what, State.OK, "nothing is replicated, as the subject file says")
    began_s = time.monotonic()
    patience_s = world.timing.interval_s(REPLICATION_PATIENCE_S)
    while time.monotonic() < began_s + patience_s:
        if (world.seams.regions[other].scan(table) or {}).get(key) == value:
            return Diagnosis(what, State.OK, f"replicated within {time.monotonic() - began_s:.2f} s")
        time.sleep(_POLL_S)
    state = State.FAIL if subject.replication == "promised" else State.WARN
    hint = "`replication: none` in the subject file says that it is meant so"
    return Diagnosis(what, state, f"not replicated within {patience_s:.0f} s", hint)
