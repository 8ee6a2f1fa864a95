"""The edge of a place of an existing stack: nothing is started, and who dials goes straight there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.names import CHECKERS
from harness.parts.edge.external.spec import External as Spec
from harness.wire.secured import context_of
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import LoadBalancer, edge_arrows, tls_of
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
        found = [arrow for arrow in every if arrow.link.source != CHECKERS]
        tls = tls_of(self._blueprint.environment)
        if tls is None:
            return found
        told = {"tls": tls.model_dump()}
        return [arrow if arrow.probe is None else replace(arrow, probe={**arrow.probe, **told}) for arrow in found]

    def status(self) -> Sequence[StatusLine]:
        """Where it is, and that it is not ours."""
        host, port = self._address
        scheme = "http" if tls_of(self._blueprint.environment) is None else "https"
        return (StatusLine(f"application {self.place}", f"{scheme}://{host}:{port}", "not started here"),)


def build(blueprint: Blueprint, spec: Spec) -> list[External]:
    """One for each place. Raises InputError for certificates that cannot be read."""
    if (tls := tls_of(blueprint.environment)) is not None:
        context_of(tls)
    return [External(blueprint, spec, place.name) for place in blueprint.environment.places]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether each place answers at its own address; only what the named hosts allow is asked."""
    from harness.kit.reach import may_dial
    from harness.wire.ask import NoAnswer, ask_status

    terms, path = terms_of(blueprint.environment), blueprint.subject.application.health
    tls = tls_of(blueprint.environment)
    scheme = "http" if tls is None else "https"
    for place in blueprint.environment.places:
        address = (spec.addresses[place.name], blueprint.environment.edge.port)
        what, where = f"application {place.name}", f"{scheme}://{address[0]}:{address[1]}{path}"
        if terms is None or not may_dial(address[0], terms.hosts):
            yield Diagnosis(what, State.FAIL, f"{address[0]} is outside the named hosts", "name it in platform.hosts")
            continue
        try:
            status = ask_status(address, path, timeout_s=_PROBE_S, tls=tls)
        except NoAnswer as error:
            yield Diagnosis(what, State.FAIL, f"{where}: {error}", "start the stack, or mend the address")
        else:
            yield Diagnosis(what, State.OK, f"{where} answers {status}")
