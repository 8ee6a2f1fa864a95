"""`drill report`."""

EXAMPLES = ""


def report() -> None:
    """Later."""
