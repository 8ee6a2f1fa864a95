"""Hand-written histories as text, for the tests beside this file.

One operation per line:  ID: CLIENT FUNCTION KEY SENT..RETURNED OUTCOME ADDRESS [=VALUE] [@REGION] [eEPOCH] [%GROUP]
Times in seconds; no RETURNED: still in flight. =- is a read that found nothing. The cohort is the client's name up to
its last dash.
"""

from __future__ import annotations

from typing import Literal, cast

from harness.history.events import Completion, Function, Invoke, Operation
from harness.outcome import Outcome
from harness.units import NS_PER_S, to_ns

A, B = "127.0.1.10", "127.0.2.10"
_ADDRESSES = {"A": A, "B": B, "-": None}


def s(seconds: float) -> int:
    return to_ns(seconds)


def timeline(text: str) -> list[Operation]:
    return [_operation(line.split()) for line in text.splitlines() if line.strip()]


def _operation(words: list[str]) -> Operation:
    op, client, function, key, times = words[0].rstrip(":"), *words[1:5]
    sent, _, returned = times.partition("..")
    return operation(op, client, cast(Function, function), key, s(float(sent)), returned, words[5:])


def operation(op: str, client: str, f: Function, key: str, sent_ns: int, returned: str, rest: list[str]) -> Operation:
    cohort = client.rpartition("-")[0]
    group = next((word[1:] for word in rest if word.startswith("%")), None)
    rest = [word for word in rest if not word.startswith("%")]
    invoke = Invoke(op, 0, client, cohort, f, key, op if f == "put" else None, sent_ns, sent_ns, group=group)
    if not returned:
        return Operation(invoke, None)
    outcome, address, *more = rest
    value, region, epoch = invoke.v, None, None
    for word in more:
        if word[0] == "=":
            value = None if word == "=-" else word[1:]
        elif word[0] == "@":
            region = word[1:]
        else:
            epoch = int(word[1:])
    completion = Completion(
        op, 0, client, cohort, f, key, value, Outcome(outcome), s(float(returned)),
        address=_ADDRESSES[address], region=region, epoch=epoch,
    )  # fmt: skip
    return Operation(invoke, completion)


def pulse(
    client: str,
    kind: Literal["reads", "writes"],
    beats: str,
    *,
    period_s: float = 0.1,
    first_s: float = 0.0,
    latency_s: float = 0.01,
    timeout_s: float = 1.0,
    address: str = "A",
) -> list[Operation]:
    """One operation per character, open loop: `.` ok, `x` refused, `i` timed out, `?` in flight, space: none sent."""
    took_ns = {".": s(latency_s), "x": s(0.001), "i": s(timeout_s)}
    outcomes = {".": "ok", "x": "fail", "i": "info"}
    f: Function = "put" if kind == "writes" else "get"
    result = []
    for n, beat in enumerate(beats):
        sent_ns = s(first_s) + n * s(period_s)
        if beat == " ":
            continue
        returned = "" if beat == "?" else f"{(sent_ns + took_ns[beat]) / NS_PER_S:.9f}"
        name = f"{client}.{f}.{sent_ns}"
        result.append(operation(name, client, f, name, sent_ns, returned, [outcomes.get(beat, ""), address]))
    return result
