"""`drill doctor`."""

EXAMPLES = ""


def doctor() -> None:
    """Later."""
