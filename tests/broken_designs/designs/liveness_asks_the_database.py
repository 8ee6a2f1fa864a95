"""The liveness probe asks the database, as readiness does: while that is lost, all pods are restarted over and over."""

ENVIRONMENT = "kubernetes"
ROWS = (29,)
CAUGHT_BY = {"liveness-on-database": (r"probes ended pods of nyc3 \d+ times", "liveness probe failed", "back-off")}


def manifest(document) -> None:
    if (document["kind"], document["metadata"]["name"]) == ("Deployment", "storefront"):
        for container in document["spec"]["template"]["spec"]["containers"]:
            container["livenessProbe"]["httpGet"]["path"] = "/ready"
