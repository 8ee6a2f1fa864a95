"""`drill watch`."""

EXAMPLES = ""


def watch() -> None:
    """Later."""
