"""Droplets, and the actions that are done to them: `new` and locked while they are made, `active` after that."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.digitalocean.calls import Call, chosen, field_of
from harness.parts.steering.digitalocean.offers import region, size
from harness.parts.steering.digitalocean.values import (
    Account,
    Refusal,
    Reply,
    Thing,
    not_found,
    unprocessable,
    uuid_of,
    without,
)

_FIRST_ID, _FIRST_ACTION = 3_164_444, 36_804_636
_NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
_NAME_MAX, _MANY = 255, 10
_POWER = {"power_off": "off", "shutdown": "off", "power_on": "active", "reboot": "active", "power_cycle": "active"}
_ACTIONS = (*_POWER, "rename", "enable_ipv6", "password_reset", "snapshot", "resize", "rebuild")


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/droplets: one by `name`, or up to ten by `names`."""
    names = _names(call.body)
    where = region(field_of(call.body, "region", str, default="nyc3"))
    of_size = size(field_of(call.body, "size", str, required=True))
    image = call.body.get("image")
    if not isinstance(image, str | int) or isinstance(image, bool) or not image:
        raise unprocessable("You specified an invalid image for Droplet creation.")
    tags = field_of(call.body, "tags", list, default=[])
    if not all(isinstance(tag, str) for tag in tags):
        raise unprocessable("tags is not a valid array of strings")
    things: list[Thing] = []
    links: list[Json] = []
    for name in names:
        account, thing = made(account, call, name, where, of_size, str(image), tags)
        account, action = act(account, call, "create", "droplet", int(thing.id), where)
        href = f"{call.rules.base_url}/v2/actions/{action.id}"
        things.append(thing)
        links.append({"id": int(action.id), "rel": "create", "href": href})
    told = [shown(call, thing) for thing in things]
    several = "names" in call.body
    return account, Reply(
        202, {"droplets" if several else "droplet": told if several else told[0], "links": {"actions": links}}
    )


def list_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/droplets; tag_name, name"""
    query = call.request.query
    wanted = [
        thing for thing in account.droplets.values()
        if query.get("name", thing.body["name"]) == thing.body["name"]
        and ("tag_name" not in query or query["tag_name"] in thing.body["tags"])
    ]  # fmt: skip
    return account, call.listed("droplets", wanted, lambda thing: shown(call, thing))


def get(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/droplets/{droplet_id}"""
    return account, Reply(200, {"droplet": shown(call, call.found(account.droplets))})


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/droplets/{droplet_id}"""
    return gone(account, (call.found(account.droplets),)), Reply(204)


def delete_tagged(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/droplets?tag_name=..."""
    tag = call.request.query.get("tag_name")
    if not tag:
        raise Refusal(422, "unprocessable_entity", "tag_name can't be blank")
    found = tuple(thing for thing in account.droplets.values() if tag in thing.body["tags"])
    if not found:
        raise not_found()
    return gone(account, found), Reply(204)


def post_action(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/droplets/{droplet_id}/actions"""
    thing = call.found(account.droplets)
    kind = chosen(call.body, "type", _ACTIONS)
    if not call.made_since(thing, call.rules.droplet_ns):
        raise unprocessable("Droplet already has a pending event.")
    changes: dict[str, Any] = {}
    if kind in _POWER:
        changes = {"power": _POWER[kind]}
    elif kind == "rename":
        changes = {"name": _name(field_of(call.body, "name", str, required=True))}
    thing = replace(thing, body={**thing.body, **changes})
    account = replace(account, droplets={**account.droplets, thing.id: thing})
    account, action = act(account, call, kind, "droplet", int(thing.id), thing.body["region"])
    return account, Reply(201, {"action": shown_action(call, action)})


def list_actions(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/droplets/{droplet_id}/actions"""
    thing = call.found(account.droplets)
    of_it = [a for a in account.actions.values() if a.body["resource_id"] == int(thing.id)]
    return account, call.listed("actions", of_it, lambda action: shown_action(call, action))


def get_action(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/droplets/{droplet_id}/actions/{action_id}"""
    thing = call.found(account.droplets)
    action = account.actions.get(call.ids[1])
    if action is None or action.body["resource_id"] != int(thing.id):
        raise not_found()
    return account, Reply(200, {"action": shown_action(call, action)})


def list_every_action(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/actions"""
    return account, call.listed("actions", account.actions.values(), lambda action: shown_action(call, action))


def get_any_action(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/actions/{action_id}"""
    action = account.actions.get(call.ids[0])
    if action is None:
        raise not_found()
    return account, Reply(200, {"action": shown_action(call, action)})


def act(account: Account, call: Call, kind: str, of: str, resource: int | None, where: Json) -> tuple[Account, Thing]:
    """Something is done to a thing: an action, in progress for as long as a droplet takes to be made."""
    id_ = str(_FIRST_ACTION + account.made)
    body = {
        "id": int(id_), "type": kind, "started_at": call.written(call.now_ns), "resource_id": resource,
        "resource_type": of, "region": where, "region_slug": where["slug"],
    }  # fmt: skip
    action = Thing(id_, body, call.now_ns)
    return replace(account.counted(), actions={**account.actions, id_: action}), action


def shown_action(call: Call, action: Thing) -> Json:
    """An action as the API tells it now."""
    done = call.made_since(action, call.rules.droplet_ns)
    completed = call.written(action.created_ns + call.rules.droplet_ns) if done else None
    return {**action.body, "status": "completed" if done else "in-progress", "completed_at": completed}


def shown(call: Call, thing: Thing) -> Json:
    """A droplet as the API tells it now."""
    active = call.made_since(thing, call.rules.droplet_ns)
    told = without(thing.body, "power")
    if not active:
        told["networks"] = {"v4": [], "v6": []}
    return {**told, "status": thing.body["power"] if active else "new", "locked": not active}


def made(
    account: Account, call: Call, name: str, where: Json, of_size: Json, image: str, tags: list[str]
) -> tuple[Account, Thing]:
    """The account with one more droplet."""
    number = account.made
    id_ = str(_FIRST_ID + number)
    private, public = f"10.128.{number // 250 % 250}.{2 + number % 250}", f"198.51.100.{1 + number % 254}"
    body = {
        "id": int(id_), "name": name, "memory": of_size["memory"], "vcpus": of_size["vcpus"], "disk": of_size["disk"],
        "disk_info": [{"type": "local", "size": {"amount": of_size["disk"], "unit": "gib"}}],
        "created_at": call.written(call.now_ns), "features": ["private_networking"], "backup_ids": [],
        "next_backup_window": None, "snapshot_ids": [], "image": _image(call, image), "volume_ids": [],
        "size": of_size, "size_slug": of_size["slug"], "region": where, "tags": tags,
        "networks": {
            "v4": [
                {"ip_address": private, "netmask": "255.255.0.0", "gateway": "nil", "type": "private"},
                {"ip_address": public, "netmask": "255.255.255.0", "gateway": "198.51.100.254", "type": "public"},
            ],
            "v6": [],
        },
        "vpc_uuid": uuid_of(call.rules.seed, -3), "power": "active",
    }  # fmt: skip
    thing = Thing(id_, body, call.now_ns)
    return replace(account.counted(), droplets={**account.droplets, id_: thing}), thing


def _image(call: Call, slug: str) -> Json:
    return {
        "id": 63_663_980, "name": slug, "distribution": "Ubuntu", "slug": slug, "public": True, "regions": [],
        "created_at": call.written(0), "type": "base", "min_disk_size": 20, "size_gigabytes": 2.36, "tags": [],
        "status": "available", "error_message": "",
    }  # fmt: skip


def _names(body: Json) -> list[str]:
    if "names" not in body:
        return [_name(field_of(body, "name", str, required=True))]
    names = field_of(body, "names", list, required=True)
    if not 1 <= len(names) <= _MANY or not all(isinstance(name, str) for name in names):
        raise unprocessable(f"names must be 1 to {_MANY} strings")
    return [_name(name) for name in names]


def _name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
        raise unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    return name


def gone(account: Account, things: tuple[Thing, ...]) -> Account:
    """Without droplets; balancers lose them, and reserved addresses are free again."""
    ids = {thing.id for thing in things}
    left = {id_: thing for id_, thing in account.droplets.items() if id_ not in ids}
    balancers = {
        id_: replace(b, body={**b.body, "droplet_ids": [d for d in b.body["droplet_ids"] if str(d) not in ids]})
        for id_, b in account.balancers.items()
    }
    reserved = {
        ip: replace(r, body={**r.body, "droplet": None}) if r.body["droplet"] in ids else r
        for ip, r in account.reserved_ips.items()
    }
    return replace(account, droplets=left, balancers=balancers, reserved_ips=reserved)
