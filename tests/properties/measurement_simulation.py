"""Clients, outages and replication whose truth is known, for the properties beside this file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.history.events import Commit, Completion, Function, Invoke, Operation
from harness.outcome import Outcome
from harness.units import NS_PER_MS, NS_PER_S

A, B = "127.0.1.10", "127.0.2.10"
Mode = Literal["refuse", "black-hole", "retransmit"]
RETRANSMIT_NS = 200 * NS_PER_MS


@dataclass(frozen=True)
class Outage:
    """The link is down in [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    mode: Mode

    def down(self, moment_ns: int) -> bool:
        return self.start_ns <= moment_ns < self.end_ns


@dataclass(frozen=True)
class Loop:
    """An open-loop client: one operation a period; each way takes at most one_way_ns."""

    period_ns: int
    one_way_ns: int
    timeout_ns: int = NS_PER_S


def make(
    op: str, client: str, f: Function, key: str, sent_ns: int, end_ns: int | None, outcome: Outcome,
    address: str = A, value: str | None = None,
) -> Operation:  # fmt: skip
    """An operation; end_ns None: it never returned."""
    cohort = client.rpartition("-")[0]
    invoke = Invoke(op, 0, client, cohort, f, key, op if f == "put" else None, sent_ns, sent_ns)
    if end_ns is None:
        return Operation(invoke, None)
    return Operation(invoke, Completion(op, 0, client, cohort, f, key, value, outcome, end_ns, address=address))


def traffic(
    source: random.Random, client: str, f: Function, loop: Loop, outage: Outage, until_ns: int
) -> Iterator[Operation]:
    """What a client sees of an outage: a request fails when the link is down as it, or its reply, crosses it."""
    sent_ns = source.randrange(loop.period_ns)
    while sent_ns < until_ns:
        name = f"{client}.{f}.{sent_ns}"
        end_ns, outcome = _request(source, sent_ns, loop, outage)
        yield make(name, client, f, name, sent_ns, end_ns, outcome)
        sent_ns += loop.period_ns


def _request(source: random.Random, sent_ns: int, loop: Loop, outage: Outage) -> tuple[int, Outcome]:
    try_ns = sent_ns
    while True:
        there_ns = try_ns + source.randint(0, loop.one_way_ns)
        back_ns = there_ns + source.randint(0, loop.one_way_ns)
        if not outage.down(there_ns) and not outage.down(back_ns):
            if back_ns <= sent_ns + loop.timeout_ns:
                return back_ns, Outcome.OK
            return sent_ns + loop.timeout_ns, Outcome.INFO
        if outage.mode == "refuse":
            return (there_ns if outage.down(there_ns) else back_ns), Outcome.FAIL
        try_ns += RETRANSMIT_NS
        if outage.mode == "black-hole" or try_ns >= sent_ns + loop.timeout_ns:
            return sent_ns + loop.timeout_ns, Outcome.INFO


def commit(key: str, value: str | None, at_ns: int, seq: int) -> Commit:
    """A commit of the survivor."""
    return Commit("us-west-2", "items", key, value, seq, at_ns)
