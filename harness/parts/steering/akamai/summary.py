"""An account as lines for people: its domains and how far their last change has come, what is handed out, who is up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.parts.steering.akamai.handout import handout
from harness.parts.steering.akamai.liveness import scores_of
from harness.parts.steering.akamai.model import State
from harness.parts.steering.akamai.properties import Property

_SHOWN = 50
Line = dict[str, str]


def lines(state: State, blindness: str | None, places: Mapping[str, str], now_ns: int) -> list[Line]:
    """One for each. blindness: of the agents. places: by the addresses of their edges."""
    found = [*_troubles(state, blindness), *_domains(state, now_ns)]
    for prop in state.now.properties.values():
        found += [_property(prop, state, places), *_servers(prop, state, places)]
    left = len(found) - _SHOWN
    return [*found[:_SHOWN], *([{"what": f"{left} more", "where": "", "about": "see the API"}] if left > 0 else [])]


def _troubles(state: State, blindness: str | None) -> Iterator[Line]:
    if state.lost is not None:
        yield {"what": "API", "where": "", "about": f"lost: {state.lost}"}
    if blindness is not None:
        yield {"what": "liveness tests", "where": "", "about": f"blind: {blindness}"}


def _domains(state: State, now_ns: int) -> Iterator[Line]:
    for domain in state.account.domains.values():
        about = "pending: name servers answer by what was before" if now_ns < domain.change.due_ns else "complete"
        yield {"what": f"domain {domain.name}", "where": "", "about": about}


def _property(prop: Property, state: State, places: Mapping[str, str]) -> Line:
    out = handout(prop, lambda server: state.liveness.up(prop.name, server))
    servers = [server for target in out.targets for server in (target.servers or (target.cname or "",))]
    where = [out.backup] if out.backup else servers
    named = " + ".join(places.get(server, server) for server in where)
    return {"what": f"property {prop.name}", "where": ", ".join(where), "about": f"{prop.type}, hands out {named}"}


def _servers(prop: Property, state: State, places: Mapping[str, str]) -> Iterator[Line]:
    scores = scores_of(state.liveness, prop)
    for server in prop.servers:
        score = f"score {scores[server]:.2f}" if server in scores else "not tested yet"
        up = "up" if state.liveness.up(prop.name, server) else "down"
        agents = f"{state.liveness.known(prop.name, server)} agents"
        yield {"what": f"server {places.get(server, server)}", "where": server, "about": f"{up}, {score}, {agents}"}
