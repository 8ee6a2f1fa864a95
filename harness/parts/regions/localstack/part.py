"""LocalStack as a region's server: one that runs already where there is one, else a process of the world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.errors import InputError
from harness.kit.address import Address, is_loopback, join_address
from harness.parts.regions.localstack import health, running
from harness.parts.regions.localstack.addresses import addresses
from harness.parts.regions.localstack.install import RECIPE
from harness.parts.regions.localstack.spec import Localstack as Spec
from harness.parts.regions.localstack.started import COMPOSE, StartedLocalstack, database_program
from harness.wire.ask import takes_connections
from harness.world.diagnosis import Diagnosis, State
from harness.world.installed import found_or_told, installed
from harness.world.part import Blueprint
from harness.world.regions import RegionServer

_PROBE_S = 0.5


def build(blueprint: Blueprint, spec: Spec) -> list[RegionServer]:
    """One for each region that has a database."""
    databases = blueprint.environment.databases
    found = _running(blueprint, spec)
    if found is None:
        return [StartedLocalstack(blueprint, spec, region) for region in databases]
    return list(running.build(blueprint, spec, found))


def _running(blueprint: Blueprint, spec: Spec) -> Mapping[str, Address] | None:
    """Where servers that run are to be used; None: processes are to be started. One of them is enough: that another one
    is missing is told."""
    if spec.use == "started":
        return None
    found = addresses(spec, blueprint.environment.databases)
    listening = [address for address in found.values() if takes_connections(address, _PROBE_S)]
    return found if listening or spec.use == "running" else None


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """The servers that run, or else whether it is installed with the database behind it."""
    try:
        found = _running(blueprint, spec)
    except InputError as error:
        yield Diagnosis("LocalStack", State.FAIL, str(error), "mend the address")
        return
    if found is None:
        whole = installed(RECIPE) if database_program() is not None else None
        told = found_or_told("LocalStack", whole, RECIPE)
        hint = f"{told.hint}, or with Docker `{COMPOSE}`" if told.hint else ""
        yield Diagnosis(told.what, told.state, told.text, hint)
        return
    for region, address in found.items():
        yield _of(region, address)


def _of(region: str, address: Address) -> Diagnosis:
    what, at = f"LocalStack {region}", join_address(address)
    if not takes_connections(address, _PROBE_S):
        return Diagnosis(what, State.FAIL, f"nothing answers at {at}", f"start it (`{COMPOSE}`), or say `use: started`")
    seen = running.look(address)
    if seen.verdict is health.Verdict.NEVER:
        return Diagnosis(what, State.FAIL, f"{at} {seen.text}", "mend that, or name another address")
    if seen.verdict is health.Verdict.NOT_YET:
        return Diagnosis(what, State.WARN, f"{at} {seen.text}", "a drill waits for it")
    text = f"LocalStack {seen.version} at {at}, not started by a drill"
    if not is_loopback(address[0]):
        return Diagnosis(what, State.WARN, f"{text}, which is not this machine", "a drill writes to its tables there")
    return Diagnosis(what, State.OK, text)
