"""A rollout ends the old pods first, and then starts the new ones: a version that never gets ready leaves none."""

ENVIRONMENT = "kubernetes"
ROWS = (30,)
CAUGHT_BY = {"bad-deploy": ("error budget|no need|failed",)}


def manifest(document) -> None:
    if document["kind"] == "Deployment":
        document["spec"]["strategy"] = {"type": "Recreate"}
