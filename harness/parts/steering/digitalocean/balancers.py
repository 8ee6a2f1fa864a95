"""Load balancers: `new` while they are made, `active` with an address after that.

Health checks are every 10 s with 5 s for an answer. Of the thresholds DigitalOcean documents two sets:
unhealthy after 5 and healthy after 3 (the schema's defaults), unhealthy after 3 and healthy after 5 (its examples,
Terraform, the cloud controller manager); which one a new balancer has is a rule of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.digitalocean.calls import Call, Rules, chosen, field_of, within
from harness.parts.steering.digitalocean.offers import region
from harness.parts.steering.digitalocean.values import Account, Reply, Thing, not_found, unprocessable, uuid_of, without

_ENTRY = ("http", "https", "http2", "http3", "tcp", "udp")
_TARGET = ("http", "https", "http2", "tcp", "udp")
_NAME_MAX = 255
_FLAGS = ("redirect_http_to_https", "enable_proxy_protocol", "enable_backend_keepalive")
_PORT_MAX = 65_535


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/load_balancers"""
    number = account.made
    body = _checked(account, call, call.body)
    if any(thing.body["name"] == body["name"] for thing in account.balancers.values()):
        raise unprocessable("name is already in use")
    id_ = call.new_uuid(account)
    first = not any(thing.body["region"]["slug"] == body["region"]["slug"] for thing in account.balancers.values())
    address = call.rules.edges.get(body["region"]["slug"], "") if first else ""
    made = {
        "id": id_,
        **body,
        "ip": address or f"203.0.113.{1 + number % 254}",
        "created_at": call.written(call.now_ns),
        "vpc_uuid": uuid_of(call.rules.seed, -3),
        "project_id": uuid_of(call.rules.seed, -4),
    }
    thing = Thing(id_, made, call.now_ns)
    account = replace(account.counted(), balancers={**account.balancers, id_: thing})
    return account, Reply(202, {"load_balancer": shown(account, call, thing)})


def list_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/load_balancers"""
    things = account.balancers.values()
    return account, call.listed("load_balancers", things, lambda thing: shown(account, call, thing))


def get(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/load_balancers/{lb_id}"""
    return account, Reply(200, {"load_balancer": shown(account, call, call.found(account.balancers))})


def update(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT /v2/load_balancers/{lb_id}: the whole balancer anew; what is left out has its default again."""
    thing = call.found(account.balancers)
    body = _checked(account, call, call.body)
    if body["region"]["slug"] != thing.body["region"]["slug"]:
        raise unprocessable("region cannot be changed")
    others = [one for one in account.balancers.values() if one.id != thing.id]
    if any(one.body["name"] == body["name"] for one in others):
        raise unprocessable("name is already in use")
    account, thing = _with(account, thing, body)
    return account, Reply(200, {"load_balancer": shown(account, call, thing)})


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/load_balancers/{lb_id}"""
    return replace(account, balancers=without(account.balancers, call.found(account.balancers).id)), Reply(204)


def delete_cache(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/load_balancers/{lb_id}/cache: only a global balancer has one."""
    call.found(account.balancers)
    return account, Reply(204)


def add_droplets(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/load_balancers/{lb_id}/droplets"""
    thing = call.found(account.balancers)
    ids = _droplets(account, call.body, thing.body["region"]["slug"], required=True)
    merged = list(dict.fromkeys([*thing.body["droplet_ids"], *ids]))
    return _with(account, thing, {"droplet_ids": merged, "tag": ""})[0], Reply(204)


def remove_droplets(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/load_balancers/{lb_id}/droplets"""
    thing = call.found(account.balancers)
    gone = set(_numbers(call.body, "droplet_ids", required=True))
    if not gone <= set(thing.body["droplet_ids"]):
        raise not_found()
    left = [one for one in thing.body["droplet_ids"] if one not in gone]
    return _with(account, thing, {"droplet_ids": left})[0], Reply(204)


def add_rules(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/load_balancers/{lb_id}/forwarding_rules"""
    thing = call.found(account.balancers)
    rules = [*thing.body["forwarding_rules"], *_rules(call.body)]
    _refuse_double(rules)
    return _with(account, thing, {"forwarding_rules": rules})[0], Reply(204)


def remove_rules(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/load_balancers/{lb_id}/forwarding_rules"""
    thing = call.found(account.balancers)
    gone = _rules(call.body)
    left = [rule for rule in thing.body["forwarding_rules"] if rule not in gone]
    if not left:
        raise unprocessable("forwarding_rules must have at least one rule")
    return _with(account, thing, {"forwarding_rules": left})[0], Reply(204)


def shown(account: Account, call: Call, thing: Thing) -> Json:
    """A balancer as the API tells it now."""
    active = call.made_since(thing, call.rules.balancer_ns)
    body = {**thing.body, "status": "active" if active else "new"}
    if not active:
        body["ip"] = ""
    if body["tag"]:
        body["droplet_ids"] = [
            int(one.id) for one in account.droplets.values()
            if body["tag"] in one.body["tags"] and one.body["region"]["slug"] == body["region"]["slug"]
        ]  # fmt: skip
    return body


def _checked(account: Account, call: Call, body: Json) -> dict[str, Any]:
    name = field_of(body, "name", str, required=True)
    if len(name) > _NAME_MAX:
        raise unprocessable(f"name is too long (maximum is {_NAME_MAX} characters)")
    where = region(field_of(body, "region", str, required=True))
    tag = field_of(body, "tag", str, default="")
    if tag and body.get("droplet_ids"):
        raise unprocessable("droplet_ids and tag cannot both be given")
    rules = _rules(body)
    _refuse_double(rules)
    return {
        "name": name,
        "region": where,
        "size_unit": within(body, "size_unit", 1, 200, 1),
        "size": "lb-small",
        "algorithm": chosen(body, "algorithm", ("round_robin", "least_connections"), "round_robin"),
        "forwarding_rules": rules,
        "health_check": _health_check(body, call.rules),
        "sticky_sessions": _sticky(body),
        **{flag: field_of(body, flag, bool, default=False) for flag in _FLAGS},
        "http_idle_timeout_seconds": within(body, "http_idle_timeout_seconds", 30, 600, 60),
        "type": chosen(body, "type", ("REGIONAL", "REGIONAL_NETWORK"), "REGIONAL"),
        "network": chosen(body, "network", ("EXTERNAL", "INTERNAL"), "EXTERNAL"),
        "droplet_ids": _droplets(account, body, where["slug"], required=False),
        "tag": tag,
        "disable_lets_encrypt_dns_records": field_of(body, "disable_lets_encrypt_dns_records", bool, default=False),
        "firewall": {"deny": [], "allow": []},
    }


def _rules(body: Json) -> list[dict[str, Any]]:
    given = field_of(body, "forwarding_rules", list, required=True)
    if not given:
        raise unprocessable("forwarding_rules can't be blank")
    return [_rule(rule) for rule in given]


def _rule(rule: Any) -> dict[str, Any]:
    if not isinstance(rule, Mapping):
        raise unprocessable("forwarding_rules is not a valid array")
    entry, target = chosen(rule, "entry_protocol", _ENTRY), chosen(rule, "target_protocol", _TARGET)
    if (entry == "udp") is not (target == "udp"):
        raise unprocessable("entry_protocol and target_protocol must both be udp")
    for name in ("entry_port", "target_port"):
        field_of(rule, name, int, required=True)
    return {
        "entry_protocol": entry,
        "entry_port": within(rule, "entry_port", 1, _PORT_MAX),
        "target_protocol": target,
        "target_port": within(rule, "target_port", 1, _PORT_MAX),
        "certificate_id": field_of(rule, "certificate_id", str, default=""),
        "tls_passthrough": field_of(rule, "tls_passthrough", bool, default=False),
    }


def _refuse_double(rules: Sequence[Json]) -> None:
    ports = [(rule["entry_protocol"] == "udp", rule["entry_port"]) for rule in rules]
    if len(set(ports)) < len(ports):
        raise unprocessable("forwarding_rules has several rules for one entry port")


def _health_check(body: Json, rules: Rules) -> dict[str, Any]:
    given = field_of(body, "health_check", dict, default={})
    protocol = chosen(given, "protocol", ("http", "https", "tcp"), "http")
    path = field_of(given, "path", str, default="/")
    if protocol != "tcp" and not path.startswith("/"):
        raise unprocessable("health_check.path must begin with /")
    return {
        "protocol": protocol,
        "port": within(given, "port", 1, _PORT_MAX, 80),
        **({} if protocol == "tcp" else {"path": path}),
        "check_interval_seconds": within(given, "check_interval_seconds", 3, 300, 10),
        "response_timeout_seconds": within(given, "response_timeout_seconds", 3, 300, 5),
        "unhealthy_threshold": within(given, "unhealthy_threshold", 2, 10, rules.unhealthy_threshold),
        "healthy_threshold": within(given, "healthy_threshold", 2, 10, rules.healthy_threshold),
    }


def _sticky(body: Json) -> dict[str, Any]:
    given = field_of(body, "sticky_sessions", dict, default={})
    if chosen(given, "type", ("none", "cookies"), "none") == "none":
        return {"type": "none"}
    name = field_of(given, "cookie_name", str, required=True)
    if not 2 <= len(name) <= 40 or not all(c.isalnum() or c in "-_" for c in name):
        raise unprocessable("cookie_name must be 2 to 40 letters, digits, - and _")
    field_of(given, "cookie_ttl_seconds", int, required=True)
    ttl = within(given, "cookie_ttl_seconds", 1, 34_650)
    return {"type": "cookies", "cookie_name": name, "cookie_ttl_seconds": ttl}


def _numbers(body: Json, name: str, *, required: bool) -> list[int]:
    given = field_of(body, name, list, required=required, default=[])
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in given):
        raise unprocessable(f"{name} is not a valid array of numbers")
    return list(dict.fromkeys(given))


def _droplets(account: Account, body: Json, where: str, *, required: bool) -> list[int]:
    ids = _numbers(body, "droplet_ids", required=required)
    for one in ids:
        thing = account.droplets.get(str(one))
        if thing is None or thing.body["region"]["slug"] != where:
            raise unprocessable(f"Droplet {one} is not in the region of the load balancer")
    return ids


def _with(account: Account, thing: Thing, changes: Json) -> tuple[Account, Thing]:
    thing = replace(thing, body={**thing.body, **changes})
    return replace(account, balancers={**account.balancers, thing.id: thing}), thing
