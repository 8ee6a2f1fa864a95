"""What each edge answers to the journeys of a subject, each tried once."""

from __future__ import annotations

import os
from collections.abc import Iterator

from harness.cli.trials.answers import hint, told
from harness.cli.trials.requests import Edge
from harness.drill.options import RunOptions
from harness.journeys import KEY_PREFIX, Journey
from harness.kit.address import Address
from harness.wire.ask import NoAnswer
from harness.wire.exchange import Response
from harness.witness import visits
from harness.world.diagnosis import Diagnosis, State

_HINT = "`expect:` of the journey says which answer is the right one"


def try_journeys(options: RunOptions, place: str, address: Address, *, well: bool = False) -> Iterator[Diagnosis]:
    """Whether each journey works at the edge of a place; only the primary must. well: clients may be sent there."""
    edge, workload = Edge.of(options, place, address, well=well), options.subject.workload
    state = visits.Visits(f"{KEY_PREFIX}doctor-{os.getpid()}-{place}", clients=1)
    for journey in workload.journeys:
        what = f"{journey.name} at {place}"
        state, effects = visits.step(state, visits.Due(journey, 0), 0)
        going = next((effect.visit for effect in effects if isinstance(effect, visits.Go)), None)
        if going is None:
            yield Diagnosis(what, State.SKIPPED, f"not tried: {journey.after} has not worked at {place}")
            continue
        try:
            answer = edge.ask(workload.journey_request(journey), going.key, going.visit)
        except NoAnswer as error:
            state_of = State.FAIL if edge.primary else State.WARN
            yield Diagnosis(what, state_of, f"no answer: {error}", hint(None, primary=edge.primary, well=well))
            continue
        state, effects = visits.step(state, visits.Answered(going, answer.status, answer.headers, answer.body), 0)
        worked = any(isinstance(effect, visits.Tell) and effect.made.worked for effect in effects)
        yield Diagnosis(what, State.OK, str(answer.status)) if worked else _failed(what, edge, journey, answer)


def _failed(what: str, edge: Edge, journey: Journey, answer: Response) -> Diagnosis:
    text = told(answer)
    if visits.wrong(journey.expect, answer.status, answer.body) is None:
        return Diagnosis(what, State.FAIL, f"{text}: it has no id", "`id:` of the journey says where the answer has it")
    if not edge.primary and answer.status >= 400:
        well = hint(answer.status, primary=False, well=edge.well)
        return Diagnosis(what, State.WARN if edge.well else State.OK, text, well)
    return Diagnosis(what, State.FAIL, text, _HINT)
