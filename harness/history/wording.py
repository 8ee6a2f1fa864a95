"""What clients did and what they got, in words for people: one place for the words of reasons, findings and reports."""

from __future__ import annotations

_OPERATIONS = {"put": ("write", "writes"), "get": ("read", "reads"), "delete": ("delete", "deletes"),
               "add": ("increment", "increments")}  # fmt: skip
_ERRORS = {
    "refused": "connection refused",
    "reset": "connection reset",
    "timeout": "no answer in time",
    "connect-timeout": "no connection in time",
    "dns": "no DNS answer",
    "garbage": "an answer that says nothing",
    "unreachable": "no such address",
    "absent": "nothing there",
}
"""By the one word that the history has for what came instead of an answer."""


def operation(f: str) -> str:
    """`write`: what kind of operation a function of the history is."""
    return _OPERATIONS.get(f, (f, f))[0]


def operations(f: str) -> str:
    """`writes`: the same of several."""
    return _OPERATIONS.get(f, (f, f))[1]


def answer(status: int | None, error: str | None) -> str:
    """`HTTP 503`, `no answer in time`: what a client got that was not served."""
    told = _ERRORS.get(error or "", error or "no answer")
    if status is None:
        return told
    return f"HTTP {status} with {told}" if error == "garbage" else f"HTTP {status}"
