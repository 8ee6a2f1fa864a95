"""How many operations a second this machine carries: a closed-loop burst through the edge, before any drill.

Keys start with `CALIBRATION` and appear in no history.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from harness.clock import monotonic_ns
from harness.history import wording
from harness.names import CALIBRATION as PREFIX
from harness.outcome import Outcome
from harness.units import to_ns, to_s
from harness.witness import outcomes
from harness.witness.channel import ExchangeError
from harness.witness.client import WRITES, render
from harness.witness.lateness import Durations
from harness.witness.ledger import Offers, Planned
from harness.witness.outcomes import Seen
from harness.witness.routes import Dial
from harness.witness.written import Note, nothing
from harness.workload import Workload

_CONFLICTS = (409, 412)


@dataclass
class Burst:
    """The result of a burst. Rates count acknowledged operations only; times are in nanoseconds.

    refused: what else was seen, `HTTP 403 for writes` or `no answer in time for reads`, and how often. misfits: by
    function, how many of the answers were accepted, and do not have in them what the subject file says.
    """

    done: int
    failed: int
    took_ns: int
    latency: Durations
    refused: dict[str, int] = field(default_factory=dict)
    misfits: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """ops_per_s, ok, failed, refused, misfits, and the latency's p50 and p99 in seconds."""
        return {
            "ops_per_s": self.done / to_s(self.took_ns),
            "ok": self.done,
            "failed": self.failed,
            "refused": self.refused,
            "misfits": self.misfits,
            "p50_s": to_s(self.latency.percentile_ns(0.5)),
            "p99_s": to_s(self.latency.percentile_ns(0.99)),
        }


@dataclass(frozen=True)
class Target:
    """Where the burst goes. address: as the name's current answer says. key_prefix: how its keys begin.

    written: hears of each key before it is written.
    """

    address: str
    host: str
    workload: Workload
    timeout_s: float
    dial: Dial
    key_prefix: str = ""
    written: Note = nothing


async def calibrate(target: Target, seconds: float, concurrency: int, prefix: str) -> Burst:
    """Write and read in turn, `concurrency` at once, over new connections, for `seconds`."""
    burst = Burst(0, 0, 0, Durations())
    started_ns = monotonic_ns()
    until_ns = started_ns + to_ns(seconds)
    ids = iter(range(1_000_000_000))

    async def work() -> None:
        while monotonic_ns() < until_ns:
            value = f"{PREFIX}{prefix}-{next(ids)}"
            key = f"{target.key_prefix}{value}"
            if "put" in target.workload.functions:
                written = await _attempt(target, Planned(key, 0, "put", key, value), burst)
                if written.outcome is not Outcome.OK:
                    continue
                key = written.k or key
            elif "add" in target.workload.functions:
                await _attempt(target, Planned(key, 0, "add", key, "1"), burst)
            if "get" in target.workload.functions:
                await _attempt(target, Planned(key, 0, "get", key, None), burst)

    await asyncio.gather(*(work() for _ in range(concurrency)))
    burst.took_ns = monotonic_ns() - started_ns
    return burst


async def tried(target: Target, offers: Offers, prefix: str) -> Offers:
    """Offers without what the application refuses: to put a key again, or again after a delete. One key is tried.

    Only a refusal in so many words counts: an application that does not answer may answer later.
    """
    if not offers.has("put") or not offers.names_keys:
        return offers
    key = f"{target.key_prefix}{PREFIX}{prefix}-again"
    if (await _put(target, key, 1))[0] is not Outcome.OK:
        return offers
    offers = replace(offers, rewrites=not await _refused(target, key, 2))
    if offers.has("delete"):
        deleted, _ = await _outcome(target, Planned(f"{key}-3", 0, "delete", key, None))
        if deleted.outcome is Outcome.OK:
            offers = replace(offers, recreates=not await _refused(target, key, 4))
    return offers


async def _put(target: Target, key: str, number: int) -> tuple[Outcome, int | None]:
    """What came of a put of one more value, and the status where there was an answer."""
    op = f"{key.removeprefix(target.key_prefix)}-{number}"
    seen, status = await _outcome(target, Planned(op, 0, "put", key, op))
    return seen.outcome, status


async def _refused(target: Target, key: str, number: int) -> bool:
    """Whether one more value was refused; a conflict is a refusal, too, where nothing was sent twice."""
    outcome, status = await _put(target, key, number)
    return status is not None and (outcome is Outcome.FAIL or status in _CONFLICTS)


async def _attempt(target: Target, planned: Planned, burst: Burst) -> Seen:
    sent_ns = monotonic_ns()
    seen, status = await _outcome(target, planned)
    if seen.outcome is Outcome.OK:
        burst.done += 1
        burst.latency.add(monotonic_ns() - sent_ns)
    else:
        burst.failed += 1
        word = wording.got(status, seen.error, planned.f)
        burst.refused[word] = burst.refused.get(word, 0) + 1
        if seen.error == outcomes.GARBAGE:
            burst.misfits[planned.f] = burst.misfits.get(planned.f, 0) + 1
        await asyncio.sleep(_BACKOFF_S)
    return seen


_BACKOFF_S = 0.01
"""After a failure: an edge that refuses at once must not turn the burst into a busy loop."""


async def _outcome(target: Target, planned: Planned) -> tuple[Seen, int | None]:
    """What came of it, and the status where there was an answer."""
    template = target.workload.request(planned.f)
    assert template is not None, "only operations that the application has are tried"
    if planned.f in WRITES:
        target.written(planned.k)
    request = render(template, target.host, planned, keepalive=False)
    try:
        async with asyncio.timeout(target.timeout_s):
            channel = await target.dial(target.address)
            try:
                response = await channel.exchange(request)
            finally:
                channel.close()
    except TimeoutError:
        return outcomes.without_answer(outcomes.TIMEOUT), None
    except ExchangeError as error:
        return outcomes.without_answer(error.word), None
    seen = outcomes.with_answer(planned.f, response.status, response.headers, response.body, template)
    if planned.f in WRITES and seen.k is not None:
        target.written(seen.k)  # the server made it
    return seen, response.status
