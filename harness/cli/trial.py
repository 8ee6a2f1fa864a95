"""Starts a subject in a fresh world with no fault, and tries it through both regions' edges."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

from harness.drill.options import RunOptions
from harness.errors import DrillError, SubjectError, VerdictReached
from harness.kit.address import Address
from harness.live.backend import LiveWorld
from harness.live.ground import warm
from harness.names import CLIENTS
from harness.outcome import Outcome
from harness.rendering import rendered
from harness.wire.ask import NoAnswer, ask
from harness.wire.exchange import Response
from harness.witness.outcomes import with_answer
from harness.workload import Function, Request
from harness.world.diagnosis import Diagnosis, State

_TIMEOUT_S = 5.0
_BODY_SHOWN = 120


def try_subject(options: RunOptions) -> list[Diagnosis]:
    """Whether it starts, serves writes where DNS leads, and what each edge answers to PUT, GET and DELETE."""
    found: list[Diagnosis] = []
    try:
        with ExitStack() as stack:
            world = stack.enter_context(LiveWorld(options, warm(stack, options)))
            world.start_subject()
            found.append(Diagnosis("subject starts", State.OK, "every component with a port answers"))
            found.append(_serves(world))
            for region in world.edges:
                address = world.net.edge(CLIENTS, region)
                found.extend(try_edge(options, region, address))
            found.extend(Diagnosis("component", State.FAIL, death, "see its output") for death in world.deaths())
    except (SubjectError, VerdictReached) as error:
        found.append(Diagnosis("subject starts", State.FAIL, str(error), "run its command by hand in its folder"))
    except DrillError as error:
        found.append(Diagnosis("world starts", State.FAIL, str(error)))
    return found


def _serves(world: LiveWorld) -> Diagnosis:
    what = "serves writes"
    try:
        world.wait_serving()
    except DrillError as error:
        return Diagnosis(what, State.FAIL, str(error), "a drill would find no steady state, and be INVALID")
    return Diagnosis(what, State.OK, f"where {world.environment.edge.record} leads")


def try_edge(options: RunOptions, region: str, address: Address) -> Iterator[Diagnosis]:
    """What a PUT, a GET and a DELETE come to at `address`, the edge of `region`; only the primary must serve."""
    workload, host = options.subject.workload, options.environment.edge.record
    primary = region == options.environment.primary.name
    value = f"doctor-{os.getpid()}-{region}"
    key, written = value, False
    functions: tuple[Function, ...] = ("put", "get", "delete")
    for f in functions:
        request = workload.request(f)
        if request is None:
            continue
        name = f.upper()
        what = f"{name} at {region}"
        try:
            answer = _ask(request, key, value, address, host)
        except NoAnswer as error:
            state = State.FAIL if primary else State.WARN
            yield Diagnosis(what, state, f"no answer: {error}", _hint(primary, None))
            continue
        status, body = answer.status, answer.body
        seen = with_answer(f, status, answer.headers, body, request)
        accepted = seen.outcome is Outcome.OK
        if f == "put" and accepted:
            key, written = seen.k or key, True
        if f == "get" and seen.error is not None:
            yield _read(what, status, seen.error, seen.v, value if written else None)
        elif not accepted:
            shown = body[:_BODY_SHOWN].decode(errors="replace")
            state = State.FAIL if primary else State.OK if 400 <= status < 500 or status == 503 else State.WARN
            yield Diagnosis(what, state, f"{status} {shown}".strip(), _hint(primary, status))
        elif f == "get":
            yield _read(what, status, seen.error, seen.v, value if written else None)
        else:
            yield Diagnosis(what, State.OK, str(status))


def _read(what: str, status: int, error: str | None, found: str | None, put: str | None) -> Diagnosis:
    """A read is right when it gives back what has just been put through the same edge."""
    if error is not None:
        return Diagnosis(what, State.FAIL, f"{status}, and no value in it", "see `workload:` in the subject file")
    if put is not None and found != put:
        return Diagnosis(what, State.FAIL, f"{status}, but not what was put ({found!r})", "reads must see own writes")
    return Diagnosis(what, State.OK, f"{status}" + ("" if put is None else ", what was put"))


def _hint(primary: bool, status: int | None) -> str:
    if primary:
        return "in steady state the primary region must serve"
    if status == 503 or (status is not None and status < 500):
        return "fine for a standby that is not active: it refuses"
    return "a standby that is not active had better refuse, with 503"


def _ask(request: Request, key: str, value: str, address: Address, host: str) -> Response:
    sent = rendered(request, {"id": key, "value": value, "amount": "1", "op": value}, os.environ)
    return ask(
        address, sent.method, sent.path, timeout_s=_TIMEOUT_S, headers=sent.headers, body=sent.body,
        host=sent.host or host,
    )  # fmt: skip
