"""On which terms the stack may be used, which faults its owner can bring about, and what a drill would do: as the
environment file says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.faults.model import Fault
from harness.parts.platform.external.commands import shown
from harness.parts.platform.external.model import untold, way_of
from harness.parts.platform.external.spec import Breaking, External
from harness.parts.platform.external.ways import named
from harness.storable_text import storable
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.subject import Subject
from harness.topology.timing import Timing
from harness.world.load_balancer import edges_given
from harness.world.terms import Terms, steady_rate_per_s

_SYSTEM = "system"


def terms(environment: Environment) -> Terms:
    """See harness.world.terms.terms_of."""
    spec = _spec(environment)
    return Terms(spec.hosts, spec.key_prefix, spec.rate_max_per_s)


def _spec(environment: Environment) -> External:
    spec = checked(section_named("platform"), environment.platform)
    assert isinstance(spec, External)
    return spec


def no_way(environment: Environment, fault: Fault) -> str | None:
    """See harness.world.terms.no_way."""
    if way_of(_spec(environment).faults, fault.kind, fault.target, fault.mode) is None:
        return untold(fault)
    return None


def preview(
    environment: Environment, subject: Subject, timing: Timing, faults: Sequence[Fault], stops: Sequence[str]
) -> Sequence[str]:
    """See harness.world.terms.preview_of."""
    return list(_lines(environment, subject, timing, list(dict.fromkeys(faults)), stops))


def _lines(
    environment: Environment, subject: Subject, timing: Timing, faults: Sequence[Fault], stops: Sequence[str]
) -> Iterator[str]:
    spec, workload = _spec(environment), environment.workload
    edges = edges_given(environment) or {}
    probes = len(edges) + sum(way.proves is not None for way in spec.faults)
    places = ", ".join(f"{edge.host}:{edge.port} ({place})" for place, edge in edges.items())
    rate = steady_rate_per_s(workload, probes, terms(environment), subject.workload.journeys)
    yield f"{environment.environment} is no world of ours ({timing.profile} profile). What a run does there:"
    yield f"  dial    {places}; what DNS answers for {environment.edge.record}; nothing outside {', '.join(spec.hosts)}"
    yield f"  ask     {_name_server(environment)} for {environment.edge.record}"
    yield f"  send    {rate:g} requests a second, by clients and probes together, {spec.rate_max_per_s:g} at most"
    yield f"  write   items whose keys begin with {spec.key_prefix}, {_afterwards(subject)}"
    for fault in faults:
        number = way_of(spec.faults, fault.kind, fault.target, fault.mode)
        if number is None:
            yield f"  leave out {untold(fault)}"
        else:
            yield from _of_fault(fault, spec.faults[number])
    if faults:
        yield f"  heal    when a drill is over, after {spec.lease_s:g} s at the latest, and when the harness is killed"
    for text in stops if faults else ():
        yield f"  stop    {text}"


def _name_server(environment: Environment) -> str:
    """Who is asked for the application's name: it may lie outside the named hosts."""
    dns = str(environment.steering.settings.get("dns", _SYSTEM))
    return "this machine's name server" if dns == _SYSTEM else f"the name server {storable(dns)}"


def _afterwards(subject: Subject) -> str:
    workload = subject.workload
    if "delete" not in workload.functions:
        return "which stay: the application has no delete"
    if workload.put is not None and workload.put.id is not None:
        return "but for the server's own ids, which stay: nothing tells whose they are"
    return "deleted again through the application"


def _of_fault(fault: Fault, way: Breaking) -> Iterator[str]:
    yield f"  break   {fault.kind} of {fault.target} ({fault.mode})"
    if way.experiment is not None:
        one = way.experiment
        account = f" (profile {one.profile})" if one.profile else ""
        at = f", by its API at {one.endpoint}" if one.endpoint else ""
        yield f"            start: AWS FIS, experiment template {one.template} in {one.region}{account}{at}"
        yield "            heal:  AWS FIS, stop of that experiment"
    else:
        about = {"fault": fault.kind, "target": fault.target, "mode": fault.mode}
        yield f"            inject: {shown(named(way.inject or (), about))}"
        yield f"            heal:   {shown(named(way.heal or (), about))}"
    yield f"            seen by {way.proves or f'the own address of {fault.target}'}"
