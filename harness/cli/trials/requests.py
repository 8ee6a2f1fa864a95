"""What each edge answers to the requests of a subject's workload."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from harness.asking import Asked
from harness.cli.trials.answers import ABOUT_WHO_ASKS, HEADERS_HINT, hint, id_hint, refuses, told, value_hint
from harness.drill.options import RunOptions
from harness.history import wording
from harness.kit.address import Address
from harness.kit.tls import Tls
from harness.outcome import Outcome
from harness.rendering import rendered
from harness.wire.ask import NoAnswer, ask
from harness.wire.exchange import Response
from harness.witness.outcomes import GARBAGE, Seen, with_answer
from harness.workload import Function, Request
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import tls_of

TIMEOUT_S = 5.0
_ABSENT_HINT = "`absent:` in the workload says how an answer tells that nothing is there"


@dataclass(frozen=True)
class Edge:
    """The edge of a place, as clients dial it. primary: it must serve; well: clients may be sent there; tls: how they
    speak it, None: not at all."""

    place: str
    address: Address
    host: str
    primary: bool
    well: bool = False
    tls: Tls | None = None

    @classmethod
    def of(cls, options: RunOptions, place: str, address: Address, *, well: bool = False) -> Edge:
        """One of an environment's."""
        environment = options.environment
        primary = place == environment.primary.name
        return cls(place, address, environment.edge.record, primary, well, tls_of(environment))

    def ask(self, request: Asked, key: str, value: str) -> Response:
        """One request's answer. Raises NoAnswer."""
        other = {"other_id": f"{key}-other", "other_value": f"{value}-other"}
        sent = rendered(request, {"id": key, "value": value, "amount": "1", "op": value} | other, os.environ)
        return ask(
            self.address, sent.method, sent.path, timeout_s=TIMEOUT_S, headers=sent.headers, body=sent.body,
            host=sent.host or self.host, tls=self.tls,
        )  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """What an edge answered to one operation of each kind. reads: to the GET in a way that a read is answered."""

    rows: tuple[Diagnosis, ...]
    reads: bool


def try_edge(options: RunOptions, region: str, address: Address, *, well: bool = False) -> Tried:
    """What a PUT, a GET and a DELETE come to at `address`, the edge of `region`; only the primary must serve.

    well: its health checks find nothing wrong there.
    """
    edge, workload = Edge.of(options, region, address, well=well), options.subject.workload
    value = f"doctor-{os.getpid()}-{region}"
    key, written, reads, rows = value, False, False, list[Diagnosis]()
    functions: tuple[Function, ...] = ("put", "get", "delete")
    for f in functions:
        request = workload.request(f)
        if request is None:
            continue
        what = f"{f.upper()} at {region}"
        try:
            answer = edge.ask(request, key, value)
        except NoAnswer as error:
            state = State.FAIL if edge.primary else State.WARN
            rows.append(Diagnosis(what, state, f"no answer: {error}", hint(None, primary=edge.primary, well=edge.well)))
            continue
        seen = with_answer(f, answer.status, answer.headers, answer.body, request)
        if f == "put" and seen.outcome is Outcome.OK:
            key, written = seen.k or key, True
        if f == "get" and (seen.outcome is Outcome.OK or seen.error is not None):
            reads = True
            rows.append(_read(what, answer, seen, request, value if written else None))
        elif seen.outcome is Outcome.OK:
            named = f", and names it {seen.k}" if seen.k is not None else ""
            rows.append(Diagnosis(what, State.OK, f"{answer.status}{named}"))
        elif f == "put" and seen.error == GARBAGE:
            text = f"{told(answer)}: {wording.misfit(f)}"
            rows.append(Diagnosis(what, State.FAIL, text, id_hint(answer)))
        else:
            rows.append(_unserved(what, edge, f, answer, seen))
    if (group := workload.group_request()) is not None:
        rows.append(_group(edge, group, workload.request("get"), f"{value}-group"))
        _taken_away(edge, workload.request("delete"), f"{value}-group")
    return Tried(tuple(rows), reads)


def _group(edge: Edge, group: Request, get: Request | None, value: str) -> Diagnosis:
    """Two items written at once: both must be there afterwards."""
    what = f"a group of two at {edge.place}"
    try:
        answer = edge.ask(group, value, value)
        seen = with_answer("put", answer.status, answer.headers, answer.body, group)
        if seen.outcome is not Outcome.OK:
            return _unserved(what, edge, "put", answer, seen)
        for name in (value, f"{value}-other"):
            if get is None:
                break
            found = edge.ask(get, name, "")
            shown = with_answer("get", found.status, found.headers, found.body, get).v
            if shown != name:
                text = f"{answer.status}, and then {name} is read as {shown!r}"
                return Diagnosis(what, State.FAIL, text, "`group:` in the workload must write both items, or neither")
    except NoAnswer as error:
        state = State.FAIL if edge.primary else State.WARN
        return Diagnosis(what, state, f"no answer: {error}", hint(None, primary=edge.primary, well=edge.well))
    return Diagnosis(what, State.OK, f"{answer.status}, both are there")


def _taken_away(edge: Edge, delete: Request | None, value: str) -> None:
    """What a group wrote does not stay, where it can be deleted and somebody answers."""
    if delete is None:
        return
    with suppress(NoAnswer):
        for name in (value, f"{value}-other"):
            edge.ask(delete, name, "")


def _unserved(what: str, edge: Edge, f: Function, answer: Response, seen: Seen) -> Diagnosis:
    """A standby may refuse as long as nobody is sent there; what is about who asks serves nobody on any side."""
    status = answer.status
    refused = refuses(status)
    if edge.primary or status in ABOUT_WHO_ASKS:
        state = State.FAIL
    else:
        state = State.OK if refused and not edge.well else State.WARN
    text = hint(status, primary=edge.primary, well=edge.well)
    if f != "get" and not edge.primary and refused and seen.outcome is Outcome.INFO:
        text += f"; `refused: {status}` in the workload, where that certainly had no effect"
    return Diagnosis(what, state, told(answer), text)


def try_absence(options: RunOptions, place: str, address: Address, *, reads: bool = True) -> Iterator[Diagnosis]:
    """How an item looks that was never there, and one that was deleted. reads: reads are answered there at all."""
    edge, workload = Edge.of(options, place, address), options.subject.workload
    get, put, delete = workload.request("get"), workload.request("put"), workload.request("delete")
    if get is None:
        return
    if not reads:
        text = f"not tried: no GET is served at {place}"
        yield Diagnosis(f"an absent item at {place}", State.SKIPPED, text)
        return
    key = workload.absent_id or f"doctor-{os.getpid()}-absent"
    try:
        yield _absent(f"an absent item at {place}", edge, get, key)
        if put is None or delete is None:
            return
        value = f"doctor-{os.getpid()}-{place}-deleted"
        answer = edge.ask(put, value, value)
        created = with_answer("put", answer.status, answer.headers, answer.body, put)
        if created.outcome is not Outcome.OK:
            return
        key = created.k or value
        deleted = edge.ask(delete, key, value)
        if with_answer("delete", deleted.status, deleted.headers, deleted.body, delete).outcome is Outcome.OK:
            yield _absent(f"a deleted item at {place}", edge, get, key)
        else:
            text = f"the delete of an item that was put: {told(deleted)}"
            instead = "`delete: null` in the workload where there is no such operation; `ok:` of it where that is fine"
            yield Diagnosis(f"a deleted item at {place}", State.FAIL, text, instead)
    except NoAnswer as error:
        yield Diagnosis(f"an absent item at {place}", State.WARN, f"no answer: {error}")


def _absent(what: str, edge: Edge, get: Request, key: str) -> Diagnosis:
    answer = edge.ask(get, key, "")
    seen = with_answer("get", answer.status, answer.headers, answer.body, get)
    if seen.outcome is Outcome.OK and seen.v is None:
        return Diagnosis(what, State.OK, f"{answer.status}: nothing is there")
    if seen.outcome is Outcome.OK:
        return Diagnosis(what, State.FAIL, f"{told(answer)}: is read as {seen.v!r}", _ABSENT_HINT)
    if answer.status in ABOUT_WHO_ASKS:
        return Diagnosis(what, State.FAIL, told(answer), HEADERS_HINT)
    if refuses(answer.status) and not edge.primary:
        return Diagnosis(what, State.OK, told(answer), "fine for a standby that is not active: it refuses")
    return Diagnosis(what, State.FAIL, f"{told(answer)}: counts as an outage, not as an absent item", _ABSENT_HINT)


def _read(what: str, answer: Response, seen: Seen, get: Request, put: str | None) -> Diagnosis:
    """A read is right when it gives back what has just been put through the same edge."""
    if seen.error is not None:
        text = f"{told(answer)}, and {wording.misfit('get')}"
        return Diagnosis(what, State.FAIL, text, value_hint(answer, get, put))
    if put is not None and seen.v != put:
        text = f"{answer.status}, but not what was put ({seen.v!r})"
        elsewhere = put.encode() in answer.body
        return Diagnosis(
            what, State.FAIL, text, value_hint(answer, get, put) if elsewhere else "reads must see own writes"
        )
    return Diagnosis(what, State.OK, f"{answer.status}" + ("" if put is None else ", what was put"))
