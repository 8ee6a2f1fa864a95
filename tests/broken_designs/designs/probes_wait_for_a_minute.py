"""The monitor's calls wait for sixty seconds, as the SDK does by default: a black hole is noticed after minutes."""

ROWS = (14,)
CAUGHT_BY = {"region-lost-black-holed": ("not served again|never recovered|only because the fault was healed",)}


def monitor() -> None:
    from reference import dynamo

    dynamo.Client.__init__.__kwdefaults__["timeout_s"] = 60.0
