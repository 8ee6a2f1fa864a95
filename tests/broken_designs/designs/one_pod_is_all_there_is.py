"""There is one pod in each place: whatever it suffers, all clients of that place suffer."""

ENVIRONMENT = "kubernetes"
ROWS = (30,)
CAUGHT_BY = {"pod-frozen": ("of 25 %|error budget|no need",)}


def manifest(document) -> None:
    if document["kind"] == "Deployment":
        document["spec"]["replicas"] = 1
