"""Mistakes that no single field shows: roles, names that must agree, records outside of their zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.names import EACH, OUTSIDE, RESERVED, SOURCES
from harness.topology.audience import audience_mistakes
from harness.topology.environment import PRIMARY, STANDBY, Environment
from harness.topology.mistakes import Mistake
from harness.topology.stop_check import stop_mistakes
from harness.topology.subject import Component, Subject
from harness.topology.workload_check import workload_mistakes


def environment_mistakes(environment: Environment) -> list[Mistake]:
    """Everything wrong with an environment as a whole."""
    mistakes = [*_places(environment), *audience_mistakes(environment.audience)]
    zone, record = environment.edge.hosted_zone, environment.edge.record
    if record != zone and not record.endswith("." + zone):
        mistakes.append(Mistake(("edge",), f"edge.record: {record} is not in the hosted zone {zone}"))
    edge = environment.edge
    if edge.port and edge.port == edge.dns_port:
        mistakes.append(Mistake(("edge",), "edge.dns_port: must differ from edge.port"))
    port, older = environment.links.settings.get("port"), environment.toxiproxy_port
    if environment.links.kind in (None, "toxiproxy") and port and older and port != older:
        text = f"toxiproxy_port: {older}, but links.port is {port}; say one of them"
        mistakes.append(Mistake(("toxiproxy_port",), text))
    of_stop = stop_mistakes(environment.stop, environment)
    mistakes.extend(Mistake(("stop", *mistake.location), mistake.text) for mistake in of_stop)
    api = port or older
    if environment.links.kind in (None, "toxiproxy") and api and api == edge.dns_port:
        text = f"edge.dns_port: {api} is the port of Toxiproxy's API as well; two listeners cannot have one address"
        mistakes.append(Mistake(("edge", "dns_port"), text))
    return mistakes


def _places(environment: Environment) -> Iterator[Mistake]:
    places = environment.places
    roles = Counter(place.role for place in places if place.role is not None)
    if any(roles[role] != 1 for role in (PRIMARY, STANDBY)):
        listed = ", ".join(f"{place.name} ({place.role or 'no role'})" for place in places) or "none"
        yield Mistake(("places",), f"places: needs one {PRIMARY} and one {STANDBY}, got: {listed}")
    for role, count in roles.items():
        if count > 1 and role not in (PRIMARY, STANDBY):
            yield Mistake(("places",), f"places: {count} have the role {role}, so nobody knows which one is meant")
    for name, count in Counter(place.name for place in places).items():
        if count > 1:
            yield Mistake(("places",), f"places: {name} is named {count} times")
    names = {place.name for place in places}
    for index, place in enumerate(places):
        for field, given in (("name", place.name), ("database", place.database)):
            if given is not None and (given in (PRIMARY, STANDBY) or given.partition(".")[0] in RESERVED):
                yield Mistake(("places", index, field), f"places.{index}.{field}: `{given}` has a meaning of its own")
        if place.role in RESERVED:
            yield Mistake(("places", index, "role"), f"places.{index}.role: `{place.role}` has a meaning of its own")
        if place.role in names - {PRIMARY, STANDBY}:
            yield Mistake(("places", index, "role"), f"places.{index}.role: {place.role} is another place's name")
        elif place.role in environment.databases and place.role not in (PRIMARY, STANDBY):
            text = f"places.{index}.role: {place.role} is the region of a database"
            yield Mistake(("places", index, "role"), text)
        meant = environment.place_named(place.database_name)
        if meant is not None and meant.database_name != meant.name:
            text = f"{meant.name} is a place whose own database is in {meant.database_name}: name the region otherwise"
            yield Mistake(("places", index, "database"), f"places.{index}.database: {text}")


_BY_PORT = "(`port_env:` names the variable that tells it, or `{port}` stands for it in `command:` or `env:`)"


def _no_application(subject: Subject, served: Sequence[Component]) -> str:
    """Why nobody can tell which component is the one behind the load balancers."""
    if not served:
        outside = [component.name for component in subject.components if component.has_port]
        if outside:
            return f"{', '.join(outside)} runs outside, where no load balancer is: the application needs `region: each`"
        return f"none is told a port, so that none is the application behind the load balancers {_BY_PORT}"
    named = ", ".join(f"{component.name} ({component.region})" for component in served)
    if served[0].region == EACH:
        return f"only one, the application behind the load balancers, may be told a port {_BY_PORT}, got: {named}"
    return (
        f"the application is one component that runs in every place, with `region: each`, got: {named}; what differs "
        "between the places it finds by AWS_REGION"
    )


def subject_mistakes(subject: Subject, environment: Environment) -> list[Mistake]:
    """Everything wrong with a subject as a whole, in the environment that it is to run in."""
    mistakes = []
    everywhere = [c for c in subject.components if c.has_port and c.region == EACH]
    served = everywhere or [c for c in subject.components if c.has_port and c.region != OUTSIDE]
    places = (EACH, OUTSIDE, *(place.name for place in environment.places))
    for index, component in enumerate(subject.components):
        if component.region not in places:
            text = f"components.{index}.region: {component.region} is unknown here; one of: {', '.join(places)}"
            mistakes.append(Mistake(("components", index, "region"), text))
        if component.name in SOURCES:
            taken = f"has a meaning of its own, as have {', '.join(sorted(SOURCES - {component.name}))}"
            text = f"components.{index}.name: `{component.name}` {taken}"
            mistakes.append(Mistake(("components", index, "name"), text))
        if served and component.has_port and component not in served:
            field = "port_env" if component.port_env else "command"
            text = (
                f"components.{index}.{field}: only a component with `region: each` gets a port, "
                f"and {component.name} runs in {component.region}"
            )
            mistakes.append(Mistake(("components", index, field), text))
    names = [component.name for component in subject.components]
    for name, count in Counter(names).items():
        if count > 1:
            mistakes.append(Mistake(("components",), f"components: {name} is named {count} times"))
    if len(served) != 1:
        mistakes.append(Mistake(("components",), f"components: {_no_application(subject, served)}"))
    for index, name in enumerate(subject.failover.components):
        if name not in names:
            text = f"failover.components.{index}: no component {name}; one of: {', '.join(names)}"
            mistakes.append(Mistake(("failover", "components", index), text))
    for table, count in Counter(table.name for table in subject.tables).items():
        if count > 1:
            mistakes.append(Mistake(("tables",), f"tables: {table} is named {count} times"))
    written, tables = subject.workload.table, [table.name for table in subject.tables]
    mistakes += _business_mistakes(subject, tables)
    if written is not None and written not in tables:
        text = f"workload.table: no table {written}; one of: {', '.join(tables) or '(none)'}"
        mistakes.append(Mistake(("workload", "table"), text))
    return [*mistakes, *workload_mistakes(subject)]


def _business_mistakes(subject: Subject, tables: Sequence[str]) -> Iterator[Mistake]:
    """Tables that it says hold what is told of a business, and that it does not have; and what nobody counts."""
    business = subject.business
    if business is None:
        return
    named = [(("keeps", kind), table) for kind, table in business.keeps.items()]
    for at, table in [*named, *([] if business.effects is None else [(("effects",), business.effects)])]:
        if table not in tables:
            text = f"business.{'.'.join(at)}: no table {table}; one of: {', '.join(tables) or '(none)'}"
            yield Mistake(("business", *at), text)
    if business.asks and business.effects is None:
        text = "business.asks: nothing counts what was done; say `effects: TABLE` beside it"
        yield Mistake(("business", "asks"), text)
