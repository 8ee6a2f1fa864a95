"""Canaries: the witness's own small requests through the links that faults hit, to see whether a fault bites.

A canary asks one thing only: did anything answer? What the answer says does not matter, but for the canaries that try
one operation, or ask how something is: theirs has failed when the answer says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import psutil

from harness.clock import monotonic_ns
from harness.history.events import CanaryProbe
from harness.units import to_ns
from harness.wire.exchange import render_request
from harness.witness import outcomes
from harness.witness.channel import Channel, ExchangeError, dial
from harness.witness.dns_canary import DnsProbe
from harness.witness.grid import Grid
from harness.witness.models import (
    CallCanary,
    Canary,
    DnsCanary,
    DynamoDbCanary,
    HttpCanary,
    ProcessCanary,
    WitnessConfig,
)
from harness.witness.stream import Stream
from harness.witness.tasks import TaskSet

_SIGNATURE = "0" * 64
"""Emulators do not verify signatures; what they, and our gateway, read is the credential scope."""


def http_request(canary: HttpCanary) -> bytes:
    """GET, with the link's address for a host unless another is given."""
    host = canary.host or f"{canary.address[0]}:{canary.address[1]}"
    return render_request("GET", canary.path, host, {"Accept": "*/*"}, None, keepalive=canary.keepalive)


def dynamodb_request(canary: DynamoDbCanary | CallCanary) -> bytes:
    """ListTables, or its call, in the JSON protocol (Amazon DynamoDB Developer Guide, "DynamoDB low-level API")."""
    operation, body = (canary.operation, canary.body) if isinstance(canary, CallCanary) else ("ListTables", "{}")
    scope = f"20260101/{canary.region}/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=canary/{scope}, "
        f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={_SIGNATURE}",
    }
    host = f"dynamodb.{canary.region}.amazonaws.com"
    return render_request("POST", "/", host, headers, body.encode(), keepalive=canary.keepalive)


class Probe(Protocol):
    """One way to look for a sign of life."""

    async def once(self) -> str | None:
        """None when there was one, else the error's word."""
        ...

    def close(self) -> None:
        """Let go of what is kept between probes."""
        ...


class SocketProbe:
    """Over a new connection each time, or over one that is kept until it breaks."""

    def __init__(self, canary: HttpCanary | DynamoDbCanary | CallCanary, timeout_s: float) -> None:
        self._bad = () if isinstance(canary, DynamoDbCanary) else tuple(text.encode() for text in canary.bad)
        self._address = canary.address
        self._request = http_request(canary) if isinstance(canary, HttpCanary) else dynamodb_request(canary)
        self._keepalive = canary.keepalive
        self._tls = canary.tls if isinstance(canary, HttpCanary) else None
        self._timeout_s = timeout_s
        self._kept: Channel | None = None

    async def once(self) -> str | None:
        kept, self._kept = self._kept, None
        channel = kept if kept is not None and kept.open else None
        try:
            async with asyncio.timeout(self._timeout_s):
                if channel is None:
                    channel = await dial(self._address, self._tls)
                answer = await channel.exchange(self._request)
        except TimeoutError:
            return outcomes.CONNECT_TIMEOUT if channel is None else outcomes.TIMEOUT
        except ExchangeError as error:
            return error.word
        if self._keepalive and channel.open:
            self._kept = channel
            channel.watch(lambda: None)
        else:
            channel.close()
        return next((text.decode().strip('"') for text in self._bad if text in answer.body), None)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()


class ProcessProbe:
    """The process that had this id at the first look is alive and not stopped."""

    def __init__(self, canary: ProcessCanary) -> None:
        self._pid = canary.pid
        self._process: psutil.Process | None = None

    async def once(self) -> str | None:
        try:
            if self._process is None:
                self._process = psutil.Process(self._pid)
            if not self._process.is_running():  # also tells a new process with the same id from this one
                return "dead"
            status = self._process.status()
        except psutil.NoSuchProcess:
            return "dead"
        if status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
            return "stopped"
        return "dead" if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD) else None

    def close(self) -> None:
        """Nothing is kept open."""


def probe_of(canary: Canary, timeout_s: float) -> Probe:
    """The way to look that a canary's description asks for."""
    match canary:
        case ProcessCanary():
            return ProcessProbe(canary)
        case DnsCanary():
            return DnsProbe(canary, timeout_s)
    return SocketProbe(canary, timeout_s)


class CanaryRunner:
    """Sends one canary's probes and records them.

    A kept connection carries one probe at a time, so its slots pass while one is under way: a second connection
    would tell nothing about the first.
    """

    def __init__(self, canary: Canary, timeout_s: float, tasks: TaskSet, record: Callable[[CanaryProbe], None]) -> None:
        self._link = canary.link
        self._kind = canary.kind
        self._alone = isinstance(canary, ProcessCanary) or canary.keepalive
        self._probe = probe_of(canary, timeout_s)
        self._tasks = tasks
        self._record = record
        self._busy = 0
        self._closed = False

    def fire(self, planned_ns: int) -> None:
        """Probe now."""
        if not (self._alone and self._busy):
            self._busy += 1
            self._tasks.spawn(self._once())

    async def _once(self) -> None:
        sent_ns = monotonic_ns()
        error = await self._probe.once()
        self._busy -= 1
        self._record(CanaryProbe(self._link, error is None, sent_ns, monotonic_ns(), error, self._kind))
        if self._closed and not self._busy:
            self._probe.close()

    def close(self) -> None:
        """Let go of a kept connection, now or as soon as the probe on it has ended."""
        self._closed = True
        if not self._busy:
            self._probe.close()


class CanaryRound:
    """All canaries of a witness, one after the other within their period. record: hears of every probe."""

    def __init__(self, config: WitnessConfig, tasks: TaskSet, record: Callable[[CanaryProbe], None]) -> None:
        self._config = config
        self._tasks = tasks
        self._record = record
        self._streams: list[Stream] = []
        self._runners: list[CanaryRunner] = []

    def start(self, canaries: Sequence[Canary]) -> None:
        """Probe from now on."""
        period_ns = to_ns(self._config.canary_period_s)
        for place, canary in enumerate(canaries):
            first_ns = monotonic_ns() + period_ns * place // len(canaries)
            runner = CanaryRunner(canary, self._config.canary_timeout_s, self._tasks, self._record)
            stream = Stream(Grid(first_ns, period_ns), runner.fire)
            self._runners.append(runner)
            self._streams.append(stream)
            stream.start()

    def stop(self) -> None:
        """Probe no more; those under way are still recorded."""
        for stream in self._streams:
            stream.stop()
        for runner in self._runners:
            runner.close()
        self._streams, self._runners = [], []
