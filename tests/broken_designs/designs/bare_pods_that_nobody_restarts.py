"""The application is a pod by itself that is never started again: restart policy Never, and no Deployment keeps it."""

ENVIRONMENT = "kubernetes"
ROWS = (30,)
CAUGHT_BY = {"pods-of-a-place-killed": ("nyc3|served by sfo3",)}


def manifest(document) -> None:
    if (document["kind"], document["metadata"]["name"]) == ("Deployment", "storefront"):
        template = document["spec"]["template"]
        document |= {"apiVersion": "v1", "kind": "Pod"}
        document["metadata"]["labels"] = template["metadata"]["labels"]
        document["spec"] = {**template["spec"], "restartPolicy": "Never"}
