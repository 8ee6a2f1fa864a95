"""What clients did and what they got, in words for people: one place for the words of reasons, findings and reports."""

from __future__ import annotations

from collections.abc import Iterable

_OPERATIONS = {"put": ("write", "writes"), "get": ("read", "reads"), "delete": ("delete", "deletes"),
               "add": ("increment", "increments")}  # fmt: skip
_ERRORS = {
    "refused": "connection refused",
    "reset": "connection reset",
    "timeout": "no answer in time",
    "connect-timeout": "no connection in time",
    "no-tls": "no TLS connection",
    "dns": "no DNS answer",
    "no-address": "a DNS answer without an address",
    "garbage": "an answer that says nothing",
    "unreachable": "no such address",
    "absent": "nothing there",
}
"""By the one word that the history has for what came instead of an answer."""

_MISFITS = {
    "put": ("no id of the new item in it", "`id:` of the put says where the answer has it"),
    "get": ("no value in it", "see `workload:` in the subject file: `value:` of the get says where it is"),
}
"""Of an answer that was accepted and yet says nothing: what is not in it, and what the subject file has about that."""
GARBAGE = "garbage"


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
    return f"HTTP {status} with {told}" if error == GARBAGE else f"HTTP {status}"


def got(status: int | None, error: str | None, f: str) -> str:
    """`HTTP 403 for writes`: what an operation got that was not served."""
    if error != GARBAGE or status is None:
        return f"{answer(status, error)} for {operations(f)}"
    return f"HTTP {status} for {operations(f)} with an answer that the subject file does not fit: {misfit(f)}"


def misfit(f: str) -> str:
    """What is not in an answer that the subject file does not fit."""
    return _MISFITS[f][0] if f in _MISFITS else "nothing that tells what happened"


def remedies(functions: Iterable[str]) -> str:
    """What in the subject file is about that, for each of some functions."""
    return "; ".join(_MISFITS[f][1] if f in _MISFITS else "see `workload:` in the subject file" for f in functions)


def times(count: int) -> str:
    """`once`, `12 times`."""
    return "once" if count == 1 else f"{count} times"
