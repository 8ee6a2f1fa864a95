"""`drill heal`."""

EXAMPLES = ""


def heal() -> None:
    """Later."""
