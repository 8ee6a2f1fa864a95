"""One client: sends each operation when its grid says so, and records what became of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

from harness.clock import monotonic_ns
from harness.history.events import Completion, Event, Invoke
from harness.outcome import Outcome
from harness.rendering import rendered
from harness.units import to_ns, to_s
from harness.wire.exchange import render_request
from harness.witness import ledger, operation, outcomes
from harness.witness.channel import ExchangeError
from harness.witness.dns_client import DnsFailure
from harness.witness.lateness import Durations
from harness.witness.operation import Operation
from harness.witness.routes import FreshRoute, PooledRoute
from harness.witness.tasks import TaskSet
from harness.workload import Request, Workload


class Tally:
    """What all clients did since the start, in numbers."""

    def __init__(self) -> None:
        self.lateness = Durations()
        self.latency = Durations()
        self.by_cohort: dict[str, dict[str, int]] = {}

    def count(self, cohort: str, what: str) -> None:
        """One more operation of a cohort was sent, or ended ok, fail or info."""
        counts = self.by_cohort.setdefault(cohort, {"sent": 0, **{outcome.value: 0 for outcome in Outcome}})
        counts[what] += 1


def render(request: Request, host: str, planned: ledger.Planned, *, keepalive: bool) -> bytes:
    """The bytes of an operation's request. host: the name that clients know the application by."""
    value = planned.v or ""
    fields = {"id": planned.k, "value": value, "amount": value, "op": planned.op}
    sent = rendered(request, fields, os.environ)
    return render_request(sent.method, sent.path, sent.host or host, sent.headers, sent.body, keepalive=keepalive)


class Client:
    """A client of a cohort. Never retries."""

    def __init__(
        self,
        name: str,
        cohort: str,
        host: str,
        workload: Workload,
        timeout_s: float,
        book: ledger.LedgerState,
        route: FreshRoute | PooledRoute,
        tasks: TaskSet,
        tally: Tally,
        record: Callable[[Event], None],
    ) -> None:
        self.name = name
        self.cohort = cohort
        self.route = route
        self._host = host
        self._requests = {f: request for f in workload.functions if (request := workload.request(f)) is not None}
        self._timeout_ns = to_ns(timeout_s)
        self._book = book
        self._tasks = tasks
        self._tally = tally
        self._record = record

    def write(self, planned_ns: int) -> None:
        """Send a put, or in its turn a delete."""
        self._send(ledger.Write(), planned_ns, monotonic_ns())

    def read(self, planned_ns: int) -> None:
        """Send a get."""
        self._send(ledger.Read(), planned_ns, monotonic_ns())

    def _send(self, event: ledger.Event, planned_ns: int, sent_ns: int) -> None:
        self._book, (planned,) = ledger.step(self._book, event, sent_ns)
        self._tasks.spawn(self._perform(planned, sent_ns))
        self._tally.lateness.add(sent_ns - planned_ns)
        self._tally.count(self.cohort, "sent")
        self._record(
            Invoke(planned.op, planned.p, self.name, self.cohort, planned.f, planned.k, planned.v, planned_ns, sent_ns)
        )

    async def _perform(self, planned: ledger.Planned, sent_ns: int) -> None:
        template = self._requests[planned.f]
        request = render(template, self._host, planned, keepalive=self.route.keepalive)
        state = Operation(planned, self.name, self.cohort, template)

        def tell(event: operation.Event) -> None:
            nonlocal state
            state, effects = operation.step(state, event, monotonic_ns())
            for effect in effects:
                self._complete(planned, sent_ns, effect.completion)

        remaining_s = to_s(sent_ns + self._timeout_ns - monotonic_ns())
        try:
            async with asyncio.timeout(remaining_s):
                lease = await self.route.acquire(tell)
                try:
                    answer = await lease.channel.exchange(request)
                finally:
                    self.route.release(lease)
        except TimeoutError:
            tell(operation.Deadline())
        except DnsFailure:
            tell(operation.Failed(outcomes.DNS))
        except ExchangeError as error:
            tell(operation.Failed(error.word))
        else:
            tell(operation.Answered(answer.status, answer.headers, answer.body))

    def _complete(self, planned: ledger.Planned, sent_ns: int, completion: Completion) -> None:
        returned_ns = completion.mono_ns
        named = replace(planned, k=completion.k)
        self._book, _ = ledger.step(self._book, ledger.Settled(named, completion.outcome), returned_ns)
        self._tally.count(self.cohort, completion.outcome.value)
        if completion.outcome is Outcome.OK:
            self._tally.latency.add(returned_ns - sent_ns)
        self._record(completion)
