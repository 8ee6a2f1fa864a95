"""An account as lines for people: its load balancers, its records and where they lead, the trouble its API is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.engines.dns.names import normalise
from harness.parts.steering.digitalocean.calls import Rules
from harness.parts.steering.digitalocean.model import Provider, State
from harness.parts.steering.digitalocean.records import absolute
from harness.parts.steering.digitalocean.values import Account, Domain, Record

_OWN = ("SOA", "NS")
"""Records that a domain has by itself."""
_SHOWN = 50


def lines(provider: Provider, state: State, places: Mapping[str, str], now_ns: int) -> list[dict[str, str]]:
    """One for each. places: by the addresses of their edges."""
    found = [
        *(
            {"what": "API", "where": "", "about": f"in trouble: {kind}"}
            for kind in sorted(set(state.troubles.values()))
        ),
        *_balancers(state.account, provider.rules, now_ns),
        *(
            _record(record, domain, provider, state, places)
            for domain in state.account.domains.values()
            for record in domain.records
            if record.type not in _OWN
        ),
    ]
    left = len(found) - _SHOWN
    return [*found[:_SHOWN], *([{"what": f"{left} more", "where": "", "about": "see the API"}] if left > 0 else [])]


def _balancers(account: Account, rules: Rules, now_ns: int) -> Iterator[dict[str, str]]:
    for thing in account.balancers.values():
        active, check = now_ns - thing.created_ns >= rules.balancer_ns, thing.body["health_check"]
        state, where = ("active", str(thing.body["ip"])) if active else ("new", "")
        about = f"{state}, in {thing.body['region']['slug']}, asks {check.get('path') or 'by tcp'}"
        yield {"what": f"load balancer {thing.body['name']}", "where": where, "about": about}


def _record(
    record: Record, domain: Domain, provider: Provider, state: State, places: Mapping[str, str]
) -> dict[str, str]:
    name = absolute(record.name, domain)
    parts = [
        f"leads to {places[record.data]}" if record.data in places else "",
        f"TTL {record.ttl} s",
        f"id {record.id}",
    ]
    if record.type == "A" and normalise(name) in state.frozen:
        parts.append(f"name servers still answer {', '.join(provider.possible(state, name)[0]) or 'nothing'}")
    return {"what": f"record {record.type} {name}", "where": record.data, "about": ", ".join(p for p in parts if p)}
