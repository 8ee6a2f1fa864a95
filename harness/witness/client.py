"""One client: sends each operation when its grid says so, and records what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from harness.clock import monotonic_ns
from harness.history.events import Completion, Event, Invoke
from harness.names import HEADER_EPOCH, HEADER_REGION
from harness.outcome import Outcome
from harness.units import NS_PER_S, to_ns
from harness.witness import ledger, outcomes
from harness.witness.channel import ExchangeError
from harness.witness.dns_client import DnsFailure
from harness.witness.http_wire import Response, render_request
from harness.witness.lateness import Durations
from harness.witness.outcomes import Seen
from harness.witness.routes import Attempt, FreshRoute, PooledRoute
from harness.witness.tasks import TaskSet
from harness.workload import Request, Workload

_TIMED_OUT: Final = {"dns": outcomes.DNS, "connect": outcomes.CONNECT_TIMEOUT, "answer": outcomes.TIMEOUT}


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

    def fill(template: str) -> str:
        return template.replace("{id}", planned.k).replace("{value}", planned.v or "")

    body = None if request.body is None else fill(request.body).encode()
    headers = {"Accept": "*/*"} | ({} if body is None else {"Content-Type": request.content_type})
    return render_request(request.method, fill(request.path), host, headers, body, keepalive=keepalive)


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
        self._requests = {"put": workload.put, "get": workload.get, "delete": workload.delete}
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
        attempt = Attempt()
        response, error = await self._exchange(planned, sent_ns, attempt)
        returned_ns = monotonic_ns()
        seen = self._judge(planned, response, error)
        self._book, _ = ledger.step(self._book, ledger.Settled(planned, seen.outcome), returned_ns)
        self._tally.count(self.cohort, seen.outcome.value)
        if seen.outcome is Outcome.OK:
            self._tally.latency.add(returned_ns - sent_ns)
        headers = response.headers if response is not None else {}
        self._record(
            Completion(
                planned.op,
                planned.p,
                self.name,
                self.cohort,
                planned.f,
                planned.k,
                seen.v,
                seen.outcome,
                returned_ns,
                address=attempt.address,
                status=response.status if response is not None else None,
                error=seen.error,
                region=outcomes.region_of(headers.get(HEADER_REGION.lower())),
                epoch=outcomes.epoch_of(headers.get(HEADER_EPOCH.lower())),
            )
        )

    async def _exchange(self, planned: ledger.Planned, sent_ns: int, attempt: Attempt) -> tuple[Response | None, str]:
        """The answer, or the word for what came instead of one."""
        request = render(self._requests[planned.f], self._host, planned, keepalive=self.route.keepalive)
        remaining_s = (sent_ns + self._timeout_ns - monotonic_ns()) / NS_PER_S
        try:
            async with asyncio.timeout(remaining_s):
                lease = await self.route.acquire(attempt)
                attempt.stage = "answer"
                try:
                    return await lease.channel.exchange(request), ""
                finally:
                    self.route.release(lease)
        except TimeoutError:
            return None, _TIMED_OUT[attempt.stage]
        except DnsFailure:
            return None, outcomes.DNS
        except ExchangeError as error:
            return None, error.word

    def _judge(self, planned: ledger.Planned, response: Response | None, error: str) -> Seen:
        if response is None:
            return outcomes.without_answer(error)
        value = self._requests[planned.f].value
        return outcomes.with_answer(planned.f, response.status, response.headers, response.body, value)
