"""The edge asks every thirty seconds and believes the tenth failure: clients are sent to a dead region meanwhile."""

ROWS = (20,)
CAUGHT_BY = {"region-lost-refused": ("not served again|never recovered|objective 20 s",)}


def environment(document) -> None:
    document["health_checks"] |= {"request_interval_s": 30, "failure_threshold": 10}
