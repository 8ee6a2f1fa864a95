"""Reserved addresses: bound to the region that they were reserved in, so they move no client from one to another."""

from __future__ import annotations

from dataclasses import replace

from harness.engines.provider.values import Json
from harness.parts.steering.digitalocean import droplets
from harness.parts.steering.digitalocean.calls import Call, chosen, field_of
from harness.parts.steering.digitalocean.offers import region
from harness.parts.steering.digitalocean.values import Account, Reply, Thing, not_found, unprocessable, uuid_of, without


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/reserved_ips: for a droplet, or for a region."""
    droplet = field_of(call.body, "droplet_id", int)
    if droplet is not None:
        where = _droplet(account, droplet).body["region"]
    else:
        where = region(field_of(call.body, "region", str, required=True))
    address = f"192.0.2.{1 + account.made % 254}"
    body = {"ip": address, "region": where, "droplet": None if droplet is None else str(droplet)}
    thing = Thing(address, body, call.now_ns)
    account = replace(account.counted(), reserved_ips={**account.reserved_ips, address: thing})
    links: dict[str, list[Json]] = {}
    if droplet is not None:
        account, action = droplets.act(account, call, "assign_ip", "reserved_ip", None, where)
        base = call.rules.base_url
        links = {
            "droplets": [{"id": droplet, "rel": "droplet", "href": f"{base}/v2/droplets/{droplet}"}],
            "actions": [{"id": int(action.id), "rel": "assign_ip", "href": f"{base}/v2/actions/{action.id}"}],
        }
    return account, Reply(202, {"reserved_ip": _shown(account, call, thing), "links": links})


def list_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/reserved_ips"""
    things = account.reserved_ips.values()
    return account, call.listed("reserved_ips", things, lambda thing: _shown(account, call, thing))


def get(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/reserved_ips/{reserved_ip}"""
    return account, Reply(200, {"reserved_ip": _shown(account, call, call.found(account.reserved_ips))})


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/reserved_ips/{reserved_ip}"""
    return replace(account, reserved_ips=without(account.reserved_ips, call.found(account.reserved_ips).id)), Reply(204)


def post_action(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/reserved_ips/{reserved_ip}/actions: assign it to a droplet of its region, or take it away from one."""
    thing = call.found(account.reserved_ips)
    kind = chosen(call.body, "type", ("assign", "unassign"))
    droplet = None
    if kind == "assign":
        droplet = field_of(call.body, "droplet_id", int, required=True)
        if _droplet(account, droplet).body["region"]["slug"] != thing.body["region"]["slug"]:
            raise unprocessable("The reserved IP is in another region than the Droplet.")
    elif thing.body["droplet"] is None:
        raise unprocessable("The reserved IP is not assigned to a Droplet.")
    thing = replace(thing, body={**thing.body, "droplet": None if droplet is None else str(droplet)})
    account = replace(account, reserved_ips={**account.reserved_ips, thing.id: thing})
    account, action = droplets.act(account, call, f"{kind}_ip", "reserved_ip", None, thing.body["region"])
    account = _noted(account, action, thing.id)
    return account, Reply(201, {"action": _action(call, action)})


def list_actions(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/reserved_ips/{reserved_ip}/actions"""
    thing = call.found(account.reserved_ips)
    of_it = [action for action in account.actions.values() if action.body.get("ip") == thing.id]
    return account, call.listed("actions", of_it, lambda action: _action(call, action))


def get_action(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/reserved_ips/{reserved_ip}/actions/{action_id}"""
    thing, action = call.found(account.reserved_ips), account.actions.get(call.ids[1])
    if action is None or action.body.get("ip") != thing.id:
        raise not_found()
    return account, Reply(200, {"action": _action(call, action)})


def _noted(account: Account, action: Thing, address: str) -> Account:
    action = replace(action, body={**action.body, "ip": address})
    return replace(account, actions={**account.actions, action.id: action})


def _action(call: Call, action: Thing) -> Json:
    return without(droplets.shown_action(call, action), "ip")


def _shown(account: Account, call: Call, thing: Thing) -> Json:
    droplet = account.droplets.get(thing.body["droplet"] or "")
    return {
        **thing.body,
        "droplet": None if droplet is None else droplets.shown(call, droplet),
        "locked": False,
        "project_id": uuid_of(call.rules.seed, -4),
    }


def _droplet(account: Account, number: int) -> Thing:
    found = account.droplets.get(str(number))
    if found is None:
        raise unprocessable(f"Droplet {number} does not exist")
    return found
