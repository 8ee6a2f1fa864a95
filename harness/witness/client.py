"""One client: sends each operation when its grid says so, and records what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable

from harness.clock import monotonic_ns
from harness.history.events import Completion, Event, Invoke
from harness.outcome import Outcome
from harness.rendering import rendered
from harness.wire.exchange import Response, render_request
from harness.witness import attention, ledger, operation
from harness.witness.attempts import Calls
from harness.witness.grid import Grid
from harness.witness.lateness import Durations
from harness.witness.operation import Operation
from harness.witness.routes import Route
from harness.witness.samples import Samples
from harness.witness.stream import Between
from harness.witness.tasks import TaskSet
from harness.witness.workloads.mix import Part
from harness.witness.written import Note, nothing
from harness.workload import Request, Workload

WRITES = ("put", "add")
"""What leaves an item behind."""


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


def render(
    request: Request, host: str, planned: ledger.Planned, *, keepalive: bool, other: ledger.Planned | None = None
) -> bytes:
    """The bytes of an operation's request. host: the name that clients know the application by.

    other: what the same request writes beside it.
    """
    value = planned.v or ""
    fields = {"id": planned.k, "value": value, "amount": value, "op": planned.op}
    if other is not None:
        fields |= {"other_id": other.k, "other_value": other.v or ""}
    sent = rendered(request, fields, os.environ)
    return render_request(sent.method, sent.path, sent.host or host, sent.headers, sent.body, keepalive=keepalive)


class Client:
    """A client of a cohort. It tries again only where its library does (`calls`)."""

    def __init__(
        self,
        name: str,
        cohort: str,
        host: str,
        workload: Workload,
        calls: Calls,
        books: ledger.Ledgers,
        route: Route,
        tasks: TaskSet,
        tally: Tally,
        record: Callable[[Event], None],
        written: Note = nothing,
    ) -> None:
        self.name = name
        self.cohort = cohort
        self.route = route
        self.calls = calls
        self._host = host
        self._requests = {f: request for f in workload.functions if (request := workload.request(f)) is not None}
        self._count = workload.request("get", counter=True)
        self._group = workload.group_request()
        self._books = books
        self._attention = attention.AttentionState()
        self._between: tuple[Between, ...] = ()
        self._samples = Samples([os.environ.get(name, "") for name in workload.variables()])
        self._tasks = tasks
        self._tally = tally
        self._record = record
        self._written = written

    def write(self, planned_ns: int) -> None:
        """Send a write, if the application has any that is due."""
        self._send(ledger.Write(), planned_ns, monotonic_ns())

    def read(self, planned_ns: int) -> None:
        """Send a get, if the application has reads."""
        self._send(ledger.Read(), planned_ns, monotonic_ns())

    def look_closely(self, writes: Grid, reads: Grid, parts: int) -> None:
        """Send more often where it hurts: at so many parts of the periods of these grids. Stops what did so before."""
        self.look_no_more()

        def write(planned_ns: int) -> None:
            self._send(ledger.Write(extra=True), planned_ns, monotonic_ns())

        def read(planned_ns: int) -> None:
            self._send(ledger.Read(extra=True), planned_ns, monotonic_ns())

        self._between = (
            Between(writes, parts, write, lambda: self._attention.writes),
            Between(reads, parts, read, lambda: self._attention.reads(monotonic_ns())),
        )

    def look_no_more(self) -> None:
        """Send on the even grid only."""
        for between in self._between:
            between.stop()
        self._between = ()

    def call(self) -> None:
        """A fault is about to begin: look closely for a while."""
        self._attend(attention.Called())

    def _attend(self, event: attention.Event) -> None:
        self._attention, _ = attention.step(self._attention, event, monotonic_ns())
        for between in self._between:
            between.wake()

    def _send(self, event: ledger.Event, planned_ns: int, sent_ns: int) -> None:
        request = self._books.step(self.name, event, sent_ns)
        for planned in request:
            if planned.f in WRITES:
                self._written(planned.k)
        if request:
            self._tasks.spawn(self._perform(request, sent_ns))
            self._tally.lateness.add(sent_ns - planned_ns)
            self._tally.count(self.cohort, "sent")
        for planned in request:
            who = (planned.op, planned.p, self.name, self.cohort, planned.f, planned.k, planned.v)
            self._record(Invoke(*who, planned_ns, sent_ns, extra=planned.extra, group=planned.group))

    def _request(self, planned: ledger.Planned) -> Request:
        if planned.group is not None and self._group is not None:
            return self._group
        if planned.part is Part.COUNTER and planned.f == "get" and self._count is not None:
            return self._count
        return self._requests[planned.f]

    async def _perform(self, asked: tuple[ledger.Planned, ...], sent_ns: int) -> None:
        """One request: what it asks for is an operation each, and all of them fare alike."""
        first, template = asked[0], self._request(asked[0])
        other = asked[1] if len(asked) > 1 else None
        request = render(template, self._host, first, keepalive=self.route.keepalive, other=other)
        states = [Operation(planned, self.name, self.cohort, template) for planned in asked]

        def tell(event: operation.Event, answer: Response | None = None) -> None:
            now_ns = monotonic_ns()
            for at, planned in enumerate(asked):
                states[at], effects = operation.step(states[at], event, now_ns)
                for effect in effects:
                    self._settle(planned, effect.completion)
                    if planned is first:
                        self._complete(planned, sent_ns, effect.completion, answer)

        async def once() -> Response:
            lease = await self.route.acquire(tell)
            try:
                return await lease.channel.exchange(request)
            finally:
                self.route.release(lease)

        ended = await self.calls.make(once, sent_ns, template.method, tell)
        event = ended.event
        tell(operation.Deadline() if event is None else event, ended.answer)

    def _settle(self, planned: ledger.Planned, completion: Completion) -> None:
        """Note what became of one operation."""
        settled = ledger.Settled(planned, completion.outcome, completion.k, completion.address)
        self._books.step(self.name, settled, completion.mono_ns)
        self._record(completion)
        if planned.f in WRITES and completion.k is not None:
            self._written(completion.k)  # the server made it

    def _complete(self, planned: ledger.Planned, sent_ns: int, completion: Completion, answer: Response | None) -> None:
        """A request has ended, with this for its first operation."""
        returned_ns = completion.mono_ns
        self._tally.count(self.cohort, completion.outcome.value)
        if completion.outcome is Outcome.OK:
            self._tally.latency.add(returned_ns - sent_ns)
        if (
            not completion.served
            and answer is not None
            and (sample := self._samples.take(completion, answer)) is not None
        ):
            self._record(sample)
        self._attend(attention.Ended(planned.f != "get", completion.served, sent_ns))
