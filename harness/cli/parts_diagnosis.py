"""What the parts of an environment ask of this machine, and whether they can be had at all."""

from __future__ import annotations

from collections.abc import Iterator

from harness.drill.options import RunOptions
from harness.engines.addresses import can_listen, edge_addresses
from harness.errors import DrillError
from harness.topology import kinds
from harness.world.assembly import build, preloads
from harness.world.diagnosis import Diagnosis, State, port
from harness.world.load_balancer import edges_given
from harness.world.part import Blueprint


def parts(options: RunOptions) -> Iterator[Diagnosis]:
    """The edges' own port, whether every part can be imported and built, and whatever they want looked at."""
    found = [*_edge_ports(options), *_buildable(options), *_asked(options)]
    yield from found or [Diagnosis("ports", State.OK, "the environment asks for none in particular")]


def _edge_ports(options: RunOptions) -> Iterator[Diagnosis]:
    environment = options.environment
    if edges_given(environment) is not None:
        return
    hosts = {edge.host for edge in edge_addresses([place.name for place in environment.places]).values()}
    wanted = environment.edge.port
    for host in sorted(hosts) if wanted else ():
        yield port("edge.port", host, wanted, free=can_listen(host, wanted))


def _buildable(options: RunOptions) -> Iterator[Diagnosis]:
    try:
        preloads(options.environment)
        build(_blueprint(options))
    except DrillError as error:
        yield Diagnosis("parts", State.FAIL, str(error))


def _asked(options: RunOptions) -> Iterator[Diagnosis]:
    """A part that cannot be imported has been told of by whoever tried to build it."""
    for section, given in kinds.chosen(options.environment):
        try:
            diagnose = getattr(kinds.load(section, given.kind, "part"), "diagnose", None)
            if diagnose is not None:
                yield from diagnose(_blueprint(options), kinds.checked(section, given))
        except DrillError as error:
            yield Diagnosis(f"part {section.key}", State.FAIL, str(error))


def _blueprint(options: RunOptions) -> Blueprint:
    return Blueprint(options.environment, options.subject, options.timing, options.seed)
