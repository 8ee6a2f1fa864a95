"""Which handler answers which call: the paths of the OpenAPI description."""

from __future__ import annotations

from harness.engines.provider.routing import Routes
from harness.parts.steering.digitalocean import balancers, clusters, droplets, offers, records, reserved_ips
from harness.parts.steering.digitalocean.calls import Handler
from harness.parts.steering.digitalocean.values import Refusal, not_found

_TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v2/domains", records.list_domains),
    ("POST", "/v2/domains", records.create_domain),
    ("GET", "/v2/domains/{}", records.get_domain),
    ("DELETE", "/v2/domains/{}", records.delete_domain),
    ("GET", "/v2/domains/{}/records", records.list_records),
    ("POST", "/v2/domains/{}/records", records.create_record),
    ("GET", "/v2/domains/{}/records/{}", records.get_record),
    ("PUT", "/v2/domains/{}/records/{}", records.update_record),
    ("PATCH", "/v2/domains/{}/records/{}", records.update_record),
    ("DELETE", "/v2/domains/{}/records/{}", records.delete_record),
    ("GET", "/v2/load_balancers", balancers.list_all),
    ("POST", "/v2/load_balancers", balancers.create),
    ("GET", "/v2/load_balancers/{}", balancers.get),
    ("PUT", "/v2/load_balancers/{}", balancers.update),
    ("DELETE", "/v2/load_balancers/{}", balancers.delete),
    ("DELETE", "/v2/load_balancers/{}/cache", balancers.delete_cache),
    ("POST", "/v2/load_balancers/{}/droplets", balancers.add_droplets),
    ("DELETE", "/v2/load_balancers/{}/droplets", balancers.remove_droplets),
    ("POST", "/v2/load_balancers/{}/forwarding_rules", balancers.add_rules),
    ("DELETE", "/v2/load_balancers/{}/forwarding_rules", balancers.remove_rules),
    ("GET", "/v2/droplets", droplets.list_all),
    ("POST", "/v2/droplets", droplets.create),
    ("DELETE", "/v2/droplets", droplets.delete_tagged),
    ("GET", "/v2/droplets/{}", droplets.get),
    ("DELETE", "/v2/droplets/{}", droplets.delete),
    ("GET", "/v2/droplets/{}/actions", droplets.list_actions),
    ("POST", "/v2/droplets/{}/actions", droplets.post_action),
    ("GET", "/v2/droplets/{}/actions/{}", droplets.get_action),
    ("GET", "/v2/actions", droplets.list_every_action),
    ("GET", "/v2/actions/{}", droplets.get_any_action),
    ("GET", "/v2/reserved_ips", reserved_ips.list_all),
    ("POST", "/v2/reserved_ips", reserved_ips.create),
    ("GET", "/v2/reserved_ips/{}", reserved_ips.get),
    ("DELETE", "/v2/reserved_ips/{}", reserved_ips.delete),
    ("GET", "/v2/reserved_ips/{}/actions", reserved_ips.list_actions),
    ("POST", "/v2/reserved_ips/{}/actions", reserved_ips.post_action),
    ("GET", "/v2/reserved_ips/{}/actions/{}", reserved_ips.get_action),
    ("GET", "/v2/kubernetes/clusters", clusters.list_all),
    ("POST", "/v2/kubernetes/clusters", clusters.create),
    ("GET", "/v2/kubernetes/clusters/{}", clusters.get),
    ("PUT", "/v2/kubernetes/clusters/{}", clusters.update),
    ("DELETE", "/v2/kubernetes/clusters/{}", clusters.delete),
    ("GET", "/v2/kubernetes/clusters/{}/node_pools", clusters.list_pools),
    ("GET", "/v2/kubernetes/clusters/{}/node_pools/{}", clusters.get_pool),
    ("GET", "/v2/kubernetes/clusters/{}/kubeconfig", clusters.kubeconfig),
    ("GET", "/v2/kubernetes/clusters/{}/status_messages", clusters.status_messages),
    ("GET", "/v2/kubernetes/options", clusters.options),
    ("GET", "/v2/account", offers.get_account),
    ("GET", "/v2/regions", offers.list_regions),
    ("GET", "/v2/sizes", offers.list_sizes),
)


_ROUTES = Routes(_TABLE)


def route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """The handler of a call, and what its path names. Raises Refusal."""
    found = _ROUTES.find(path)
    if found is None:
        raise not_found()
    if method not in found.handlers:
        raise Refusal(405, "method_not_allowed", "The method is not allowed for this resource.", found.allow)
    return found.handlers[method], found.ids


served = _ROUTES.served
