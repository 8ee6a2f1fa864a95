"""What each edge answers to the requests of a subject's workload."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from harness.drill.options import RunOptions
from harness.kit.address import Address
from harness.outcome import Outcome
from harness.rendering import rendered
from harness.wire.ask import NoAnswer, ask
from harness.wire.exchange import Response
from harness.witness.outcomes import GARBAGE, Seen, with_answer
from harness.workload import Function, Request
from harness.world.diagnosis import Diagnosis, State

TIMEOUT_S = 5.0
_BODY_SHOWN = 120
_ABSENT_HINT = "`absent:` in the workload says how an answer tells that nothing is there"
_HTTPS_HINT = "an application that redirects to https wants `scheme: https` in the workload"


@dataclass(frozen=True)
class Edge:
    """The edge of a place, as clients dial it. primary: it must serve."""

    place: str
    address: Address
    host: str
    primary: bool

    @classmethod
    def of(cls, options: RunOptions, place: str, address: Address) -> Edge:
        """One of an environment's."""
        environment = options.environment
        return cls(place, address, environment.edge.record, place == environment.primary.name)

    def ask(self, request: Request, key: str, value: str) -> Response:
        """One request's answer. Raises NoAnswer."""
        sent = rendered(request, {"id": key, "value": value, "amount": "1", "op": value}, os.environ)
        return ask(
            self.address, sent.method, sent.path, timeout_s=TIMEOUT_S, headers=sent.headers, body=sent.body,
            host=sent.host or self.host,
        )  # fmt: skip


def try_edge(options: RunOptions, region: str, address: Address) -> Iterator[Diagnosis]:
    """What a PUT, a GET and a DELETE come to at `address`, the edge of `region`; only the primary must serve."""
    edge, workload = Edge.of(options, region, address), options.subject.workload
    value = f"doctor-{os.getpid()}-{region}"
    key, written = value, False
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
            yield Diagnosis(what, state, f"no answer: {error}", _hint(edge.primary, None))
            continue
        status = answer.status
        seen = with_answer(f, status, answer.headers, answer.body, request)
        if f == "put" and seen.outcome is Outcome.OK:
            key, written = seen.k or key, True
        if f == "get" and (seen.outcome is Outcome.OK or seen.error is not None):
            yield _read(what, answer, seen, value if written else None)
        elif seen.outcome is Outcome.OK:
            named = f", and names it {seen.k}" if seen.k is not None else ""
            yield Diagnosis(what, State.OK, f"{status}{named}")
        elif f == "put" and seen.error == GARBAGE:
            hint = "`id:` of the put says where the answer has it"
            yield Diagnosis(what, State.FAIL, f"{told(answer)}: no id of the new item in it", hint)
        else:
            state = State.FAIL if edge.primary else State.OK if _refuses(status) else State.WARN
            hint = _HTTPS_HINT if 300 <= status < 400 else _hint(edge.primary, status)
            if f != "get" and not edge.primary and _refuses(status) and seen.outcome is Outcome.INFO:
                hint += f"; `refused: {status}` in the workload, where that certainly had no effect"
            yield Diagnosis(what, state, told(answer), hint)


def try_absence(options: RunOptions, place: str, address: Address) -> Iterator[Diagnosis]:
    """How an item looks that was never there, and one that was deleted; only where the edge serves."""
    edge, workload = Edge.of(options, place, address), options.subject.workload
    get, put, delete = workload.request("get"), workload.request("put"), workload.request("delete")
    if get is None:
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
            hint = "`delete: null` in the workload where there is no such operation; `ok:` of it where that is fine"
            yield Diagnosis(f"a deleted item at {place}", State.FAIL, text, hint)
    except NoAnswer as error:
        yield Diagnosis(f"an absent item at {place}", State.WARN, f"no answer: {error}")


def _absent(what: str, edge: Edge, get: Request, key: str) -> Diagnosis:
    answer = edge.ask(get, key, "")
    seen = with_answer("get", answer.status, answer.headers, answer.body, get)
    if seen.outcome is Outcome.OK and seen.v is None:
        return Diagnosis(what, State.OK, f"{answer.status}: nothing is there")
    if seen.outcome is Outcome.OK:
        return Diagnosis(what, State.FAIL, f"{told(answer)}: is read as {seen.v!r}", _ABSENT_HINT)
    if _refuses(answer.status) and not edge.primary:
        return Diagnosis(what, State.OK, told(answer), "fine for a standby that is not active: it refuses")
    return Diagnosis(what, State.FAIL, f"{told(answer)}: counts as an outage, not as an absent item", _ABSENT_HINT)


def _read(what: str, answer: Response, seen: Seen, put: str | None) -> Diagnosis:
    """A read is right when it gives back what has just been put through the same edge."""
    if seen.error is not None:
        hint = "see `workload:` in the subject file: `value:` of the get says where it is"
        return Diagnosis(what, State.FAIL, f"{told(answer)}, and no value in it", hint)
    if put is not None and seen.v != put:
        text = f"{answer.status}, but not what was put ({seen.v!r})"
        return Diagnosis(what, State.FAIL, text, "reads must see own writes")
    return Diagnosis(what, State.OK, f"{answer.status}" + ("" if put is None else ", what was put"))


def told(answer: Response) -> str:
    """An answer as far as a row of a table has room for it."""
    shown = answer.body[:_BODY_SHOWN].decode(errors="replace")
    if 300 <= answer.status < 400 and "location" in answer.headers:
        shown = f"to {answer.headers['location']}"
    return f"{answer.status} {shown}".strip()


def _refuses(status: int) -> bool:
    return 400 <= status < 500 or status == 503


def _hint(primary: bool, status: int | None) -> str:
    if primary:
        return "in steady state the primary region must serve"
    if status is not None and (status == 503 or status < 500):
        return "fine for a standby that is not active: it refuses"
    return "a standby that is not active had better refuse, with 503"
