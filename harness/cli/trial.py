"""Starts a subject in a fresh world with no fault, and tries it on every side that a drill needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from harness.cli.trials.both_sides import of_running
from harness.cli.trials.components import how_they_stand, try_programs
from harness.cli.trials.data import try_data
from harness.cli.trials.health import try_health
from harness.cli.trials.journeys import try_journeys
from harness.cli.trials.requests import try_absence, try_edge
from harness.cli.trials.shop import try_shop
from harness.drill.options import RunOptions
from harness.errors import DrillError, SubjectError, VerdictReached
from harness.live.backend import LiveWorld
from harness.live.ground import warm
from harness.names import CLIENTS
from harness.wire import placeholders
from harness.world.diagnosis import Diagnosis, State

__all__ = ["try_edge", "try_subject"]


def try_subject(options: RunOptions) -> list[Diagnosis]:
    """Whether it starts, is healthy, serves writes where DNS leads, and stores and replicates what it is given."""
    found = list(try_programs(options))
    try:
        with ExitStack() as stack:
            world = stack.enter_context(LiveWorld(options, warm(stack, options)))
            found.extend(_tried(world, options))
    except DrillError as error:
        found.append(Diagnosis("world starts", State.FAIL, str(error)))
    names = list(options.subject.variables())

    def shown(text: str) -> str:
        return placeholders.hidden(text, names, os.environ)

    return [replace(one, text=shown(one.text), hint=shown(one.hint)) for one in found]


def _tried(world: LiveWorld, options: RunOptions) -> Iterator[Diagnosis]:
    try:
        world.start_subject()
    except (SubjectError, VerdictReached) as error:
        text = str(error).partition("\n")[0]
        told = world.seams.platform.starts()
        yield Diagnosis("subject starts", State.FAIL, text, "" if told else "run its command by hand in its folder")
        yield from told
        yield from how_they_stand(world)
        return
    yield Diagnosis("subject starts", State.OK, "every component with a port answers")
    yield from world.seams.platform.starts()
    yield from of_running(world.seams.platform.trees())
    yield from try_health(world)
    serves = _serves(world)
    yield serves
    complaints, reads = world.complaints(), {}
    for place in world.edges:
        tried = try_edge(options, place, world.net.edge(CLIENTS, place), well=not complaints.get(place))
        reads[place] = tried.reads
        yield from tried.rows
    for place in world.edges:
        yield from try_absence(options, place, world.net.edge(CLIENTS, place), reads=reads[place])
    for place in world.edges:
        yield from try_journeys(options, place, world.net.edge(CLIENTS, place), well=not complaints.get(place))
    yield from try_data(world)
    yield from try_shop(world)
    deaths = world.deaths()
    yield from (Diagnosis("component", State.FAIL, death, "see its output") for death in deaths)
    if deaths or serves.state is State.FAIL:
        yield from how_they_stand(world)


def _serves(world: LiveWorld) -> Diagnosis:
    what = "serves writes"
    try:
        world.wait_serving()
    except DrillError as error:
        return Diagnosis(what, State.FAIL, str(error), "a drill would find no steady state, and be MISSED")
    return Diagnosis(what, State.OK, f"where {world.environment.edge.record} leads")
