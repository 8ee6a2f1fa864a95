"""Kubernetes clusters as far as one reads them: made with their node pools, told, renamed and deleted.

Their nodes are droplets of the account, tagged with the cluster: a load balancer finds them by that tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.digitalocean import droplets
from harness.parts.steering.digitalocean.calls import Call, field_of, within
from harness.parts.steering.digitalocean.offers import region, size
from harness.parts.steering.digitalocean.values import Account, Reply, Thing, not_found, unprocessable, uuid_of, without

VERSIONS = ("1.33.1-do.0", "1.32.5-do.0", "1.31.9-do.0")
_REGIONS, _SIZES = ("nyc3", "sfo3"), ("s-1vcpu-2gb", "s-2vcpu-4gb", "s-4vcpu-8gb")
_IMAGE = "do-kubernetes-node"
_NODES_MAX, _POOLS_MAX, _LETTERS_MAX = 512, 20, 255


def create(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/kubernetes/clusters"""
    name = _name(call.body)
    where = region(field_of(call.body, "region", str, required=True))["slug"]
    version = field_of(call.body, "version", str, required=True)
    if version == "latest":
        version = VERSIONS[0]
    if version not in VERSIONS:
        raise unprocessable(f"validation error: invalid version slug; there are {', '.join(VERSIONS)}")
    pools = field_of(call.body, "node_pools", list, required=True)
    if not 1 <= len(pools) <= _POOLS_MAX:
        raise unprocessable("validation error: a cluster must have at least one node pool")
    if any(thing.body["name"] == name for thing in account.clusters.values()):
        raise unprocessable("validation error: a cluster with this name already exists")
    id_ = call.new_uuid(account)
    ipv4 = f"203.0.113.{1 + account.made % 254}"
    account, made = _pools(account, call, id_, where, pools)
    body = {
        "id": id_, "name": name, "region": where, "version": version, "cluster_subnet": "10.244.0.0/16",
        "service_subnet": "10.245.0.0/16", "vpc_uuid": uuid_of(call.rules.seed, -3),
        "ipv4": ipv4, "endpoint": f"https://{id_}.k8s.ondigitalocean.com",
        "tags": [*_tags(call.body), "k8s", f"k8s:{id_}"],
        "node_pools": made,
        "auto_upgrade": field_of(call.body, "auto_upgrade", bool, default=False),
        "surge_upgrade": field_of(call.body, "surge_upgrade", bool, default=True),
        "ha": field_of(call.body, "ha", bool, default=False), "registry_enabled": False,
        "created_at": call.written(call.now_ns), "updated_at": call.written(call.now_ns),
    }  # fmt: skip
    thing = Thing(id_, body, call.now_ns)
    account = replace(account.counted(), clusters={**account.clusters, id_: thing})
    return account, Reply(201, {"kubernetes_cluster": _shown(call, thing)})


def list_all(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/clusters"""
    things = account.clusters.values()
    return account, call.listed("kubernetes_clusters", things, lambda thing: _shown(call, thing))


def get(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/clusters/{cluster_id}"""
    return account, Reply(200, {"kubernetes_cluster": _shown(call, call.found(account.clusters))})


def update(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT /v2/kubernetes/clusters/{cluster_id}"""
    thing = call.found(account.clusters)
    changes: dict[str, Any] = {"name": _name(call.body), "updated_at": call.written(call.now_ns)}
    if "tags" in call.body:
        changes["tags"] = [*_tags(call.body), "k8s", f"k8s:{thing.id}"]
    for flag in ("auto_upgrade", "surge_upgrade", "ha"):
        changes[flag] = field_of(call.body, flag, bool, default=thing.body[flag])
    thing = replace(thing, body={**thing.body, **changes})
    account = replace(account, clusters={**account.clusters, thing.id: thing})
    return account, Reply(202, {"kubernetes_cluster": _shown(call, thing)})


def delete(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/kubernetes/clusters/{cluster_id}"""
    id_ = call.found(account.clusters).id
    nodes = tuple(thing for thing in account.droplets.values() if f"k8s:{id_}" in thing.body["tags"])
    account = droplets.gone(account, nodes)
    return replace(account, clusters=without(account.clusters, id_)), Reply(204)


def list_pools(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/clusters/{cluster_id}/node_pools"""
    thing = call.found(account.clusters)
    return account, Reply(200, {"node_pools": _shown(call, thing)["node_pools"]})


def get_pool(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/clusters/{cluster_id}/node_pools/{node_pool_id}"""
    pools = _shown(call, call.found(account.clusters))["node_pools"]
    found = next((pool for pool in pools if pool["id"] == call.ids[1]), None)
    if found is None:
        raise not_found()
    return account, Reply(200, {"node_pool": found})


def kubeconfig(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/clusters/{cluster_id}/kubeconfig; its credentials open nothing"""
    thing = call.found(account.clusters)
    user = f"do-{thing.body['region']}-{thing.body['name']}"
    text = (
        f"apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: {thing.body['endpoint']}\n  name: {user}\n"
        f"contexts:\n- context:\n    cluster: {user}\n    user: {user}-admin\n  name: {user}\ncurrent-context: {user}\n"
        f"users:\n- name: {user}-admin\n  user: {{}}\n"
    )
    return account, Reply(200, None, {"Content-Type": "application/yaml"}, text)


def status_messages(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/clusters/{cluster_id}/status_messages"""
    call.found(account.clusters)
    return account, Reply(200, {"messages": []})


def options(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/kubernetes/options"""
    told = {
        "regions": [{"name": region(slug)["name"], "slug": slug} for slug in _REGIONS],
        "versions": [
            {"slug": slug, "kubernetes_version": slug.partition("-")[0], "supported_features": ["cluster-autoscaler"]}
            for slug in VERSIONS
        ],
        "sizes": [{"name": slug, "slug": slug} for slug in _SIZES],
    }
    return account, Reply(200, {"options": told})


def _name(body: Json) -> str:
    name = str(field_of(body, "name", str, required=True))
    if len(name) > _LETTERS_MAX or not all(c.isascii() and (c.islower() or c.isdigit() or c in "-.") for c in name):
        raise unprocessable("validation error: name may have a-z, 0-9, - and .")
    return name


def _tags(body: Json) -> list[str]:
    tags = field_of(body, "tags", list, default=[])
    if not all(isinstance(tag, str) for tag in tags):
        raise unprocessable("tags is not a valid array of strings")
    return list(tags)


def _pools(
    account: Account, call: Call, cluster: str, where: str, given: list[Any]
) -> tuple[Account, list[dict[str, Any]]]:
    """The account with the droplets of all pools, which are checked first: a call does all or nothing."""
    wanted = [(number, pool, *_pool(pool)) for number, pool in enumerate(given)]
    first, written, found = account.made, call.written(call.now_ns), []
    for number, pool, name, of_size, count in wanted:
        id_ = uuid_of(call.rules.seed, (first + 1) * 10_000 + number * 1_000)
        nodes = []
        for n in range(count):
            tags = ["k8s", f"k8s:{cluster}", "k8s:worker"]
            account, droplet = droplets.made(account, call, f"{name}-{n}", region(where), of_size, _IMAGE, tags)
            nodes.append(
                {
                    "id": uuid_of(call.rules.seed, (first + 1) * 10_000 + number * 1_000 + 1 + n),
                    "name": f"{name}-{n}", "droplet_id": droplet.id, "created_at": written, "updated_at": written,
                }
            )  # fmt: skip
        found.append(
            {
                "id": id_, "name": name, "size": of_size["slug"], "count": count, "tags": ["k8s", "k8s:worker"],
                "labels": None, "taints": [], "auto_scale": field_of(pool, "auto_scale", bool, default=False),
                "min_nodes": 0, "max_nodes": 0, "nodes": nodes,
            }
        )  # fmt: skip
    return account, found


def _pool(given: Any) -> tuple[str, Json, int]:
    """Name, size and number of nodes."""
    if not isinstance(given, Mapping):
        raise unprocessable("node_pools is not a valid array")
    name, slug = field_of(given, "name", str, required=True), field_of(given, "size", str, required=True)
    field_of(given, "count", int, required=True)
    field_of(given, "auto_scale", bool, default=False)
    return name, size(slug), within(given, "count", 1, _NODES_MAX) or 1


def _shown(call: Call, thing: Thing) -> dict[str, Any]:
    running = call.made_since(thing, call.rules.cluster_ns)
    state = {"state": "running" if running else "provisioning"}
    pools = [
        {**pool, "nodes": [{**node, "status": state} for node in pool["nodes"]]} for pool in thing.body["node_pools"]
    ]
    return {**thing.body, "node_pools": pools, "status": state}
