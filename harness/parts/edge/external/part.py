"""The edge of a place of an existing stack: nothing is started, and who dials goes straight there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.names import CHECKERS
from harness.parts.edge.external.spec import External as Spec
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import LoadBalancer, edge_arrows
from harness.world.part import Blueprint, Ground, StatusLine
from harness.world.terms import terms_of
from harness.world.wires import Arrow

_PROBE_S = 2.0


class External(LoadBalancer):
    """One place's own address."""

    def __init__(self, blueprint: Blueprint, spec: Spec, place: str) -> None:
        super().__init__(place)
        self._blueprint = blueprint
        self._address = (spec.addresses[place], blueprint.environment.edge.port)

    def start(self, ground: Ground) -> None:
        """Nothing is started; the links need to know where the edges are."""
        self._edge = ground.edges[self.place]

    def arrows(self) -> Sequence[Arrow]:
        """From clients and canaries. Whoever checks its health is not ours, and is not seen."""
        every = edge_arrows(self._blueprint, self._edge, self._address)
        return [arrow for arrow in every if arrow.link.source != CHECKERS]

    def status(self) -> Sequence[StatusLine]:
        """Where it is, and that it is not ours."""
        host, port = self._address
        return (StatusLine(f"application {self.place}", f"http://{host}:{port}", "not started here"),)


def build(blueprint: Blueprint, spec: Spec) -> list[External]:
    """One for each place."""
    return [External(blueprint, spec, place.name) for place in blueprint.environment.places]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether each place answers at its own address; only what the named hosts allow is asked."""
    from harness.kit.reach import may_dial
    from harness.wire.ask import NoAnswer, ask_status

    terms, path = terms_of(blueprint.environment), blueprint.subject.application.health
    for place in blueprint.environment.places:
        address = (spec.addresses[place.name], blueprint.environment.edge.port)
        what, where = f"application {place.name}", f"http://{address[0]}:{address[1]}{path}"
        if terms is None or not may_dial(address[0], terms.hosts):
            yield Diagnosis(what, State.FAIL, f"{address[0]} is outside the named hosts", "name it in platform.hosts")
            continue
        try:
            status = ask_status(address, path, timeout_s=_PROBE_S)
        except NoAnswer as error:
            yield Diagnosis(what, State.FAIL, f"{where}: {error}", "start the stack, or mend the address")
        else:
            yield Diagnosis(what, State.OK, f"{where} answers {status}")
