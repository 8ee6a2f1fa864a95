"""The witness as an object: start, stop, change rate, go on in another file. One event loop, one DNS socket."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.clock import monotonic_ns
from harness.errors import InputError, WorldError
from harness.history.events import Event
from harness.units import NS_PER_S, to_ns
from harness.witness import cohorts, scheduling
from harness.witness.calibration import Burst, Target, calibrate, tried
from harness.witness.canaries import CanaryRound
from harness.witness.client import Tally
from harness.witness.dns_client import DnsFailure
from harness.witness.grid import Grid
from harness.witness.models import Canary, WitnessConfig
from harness.witness.names_asked import NamesAsked, open_names
from harness.witness.prober import DnsProber
from harness.witness.recorder import Recorder
from harness.witness.stream import Stream
from harness.witness.surroundings import Surroundings
from harness.witness.tasks import TaskSet
from harness.witness.visitors import Visitors
from harness.witness.written import Written, nothing

log = logging.getLogger(__name__)

_LEAD_NS = to_ns(0.05)
"""From a start to its first slot: time to open the pinned connections."""
_DRAIN_MARGIN_S = 0.5
_CLOSELY = 16
"""No client looks more closely than at so many parts of its period."""
_TIDY_PERIOD_S = 1.0


class Witness:
    """Create inside a running event loop, then `open`. The first error of our own ends up in `failed`."""

    def __init__(self, config: WitnessConfig) -> None:
        self.config = config
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._recorder = Recorder(Path(config.history), self.fail)
        self._written = None if config.written is None else Written(Path(config.written))
        self._note = nothing if self._written is None else self._written.note
        self._id_space = f"{config.key_prefix}{secrets.token_hex(6)}"
        self._histories = 0
        self._calibrations = 0
        self._operations = TaskSet(self.fail)
        self._probes = TaskSet(self.fail)
        self._tally = Tally()
        self._scale = 1.0
        self._closely = _CLOSELY
        self._offers = cohorts.known(config.workload)
        self._clients: list[cohorts.Scheduled] = []
        self._streams: list[Stream] = []
        self._visitors: Visitors | None = None
        self._side_streams: list[Stream] = []
        self._canaries = tuple(config.canaries)
        self._round = CanaryRound(config, self._probes, self._record)
        self._names: NamesAsked | None = None
        self._prober: DnsProber | None = None
        self._skipped = 0
        self._turn = asyncio.Lock()
        self.running = False

    async def open(self) -> None:
        """Open the DNS sockets."""
        self._names = await open_names(self.config)

    def _asked(self) -> NamesAsked:
        assert self._names is not None, "open() comes first"
        return self._names

    def fail(self, error: BaseException) -> None:
        """An error of our own: log it, and end in `failed`, as a WorldError."""
        log.error("the witness failed: %r", error, exc_info=error)
        if not self.failed.done():
            said = str(error) if isinstance(error, WorldError) else repr(error)
            failure = WorldError(f"the witness failed: {said}")
            failure.__cause__ = error
            self.failed.set_exception(failure)

    def _record(self, event: Event) -> None:
        self._recorder.record(self.config.behind(event))

    async def start(self) -> None:
        """Start all clients, the DNS prober and the canaries, with empty caches and in a new id space."""
        async with self._turn:
            if not self.running:
                self._start()

    def _start(self) -> None:
        names = self._asked()
        self.running = True
        self._histories += 1
        self._tally = Tally()
        self._skipped = 0
        origin_ns = monotonic_ns() + _LEAD_NS
        prefix = f"{self._id_space}-{self._histories}"
        around = Surroundings(
            self.config, prefix, origin_ns, names.lookups, self._operations, self._tally, self._record, self._offers,
            self._note,
        )  # fmt: skip
        self._clients = cohorts.build(around)
        self._visitors = Visitors(around)
        cohorts.warm(self._clients, self._probes, self.config.timeout_s)
        self._prober = DnsProber(self.config.record, names.authoritative, self._probes, self._record)
        probe_grid = Grid(monotonic_ns(), to_ns(self.config.dns_probe_period_s))
        self._side_streams = [Stream(probe_grid, self._prober.probe)]
        for stream in self._side_streams:
            stream.start()
        self._round.start(self._canaries)
        self._schedule(origin_ns)
        log.info("started %d clients, history %s", len(self._clients), self._recorder.path)

    def _schedule(self, origin_ns: int) -> None:
        self._streams = []
        if self._scale == 0:
            return
        for scheduled in self._clients:
            writes, reads = scheduled.grids(origin_ns, self._scale)
            self._streams += [Stream(writes, scheduled.client.write), Stream(reads, scheduled.client.read)]
            scheduled.client.look_closely(writes, reads, min(scheduled.closely, self._closely))
        for stream in self._streams:
            stream.start()
        if self._visitors is not None:
            self._visitors.schedule(origin_ns)

    def _unschedule(self) -> None:
        for stream in self._streams:
            stream.stop()
            self._skipped += stream.skipped
        self._streams = []
        if self._visitors is not None:
            self._visitors.rest()
        for scheduled in self._clients:
            scheduled.client.look_no_more()

    def attention(self) -> None:
        """A fault is about to begin: those clients that can look more closely do so for a while."""
        for scheduled in self._clients if self.running else ():
            if scheduled.closely > 1:
                scheduled.client.call()

    def set_rate(self, scale: float, closely: int | None = None) -> None:
        """Multiply every client's rate by `scale` from now on; 0 pauses. closely: at most so many times as often does
        any client look where it hurts. Raises InputError.
        """
        if not 0 <= scale <= 100:
            raise InputError(f"scale: {scale} is not within 0 to 100")
        self._scale = scale
        self._closely = self._closely if closely is None else closely
        if self.running:
            self._unschedule()
            self._schedule(monotonic_ns() + _LEAD_NS)

    def set_canaries(self, canaries: Sequence[Canary]) -> None:
        """Replace all canaries; those under way are still recorded. Raises InputError beyond the named hosts."""
        try:
            self.config.refuse_canaries(canaries)
        except ValueError as error:
            raise InputError(str(error)) from None
        self._canaries = tuple(canaries)
        self._round.stop()
        if self.running:
            self._round.start(self._canaries)

    async def stop(self) -> None:
        """Send nothing more, wait for what is outstanding (a time-out at most), and write everything."""
        async with self._turn:
            await self._stop()

    async def _stop(self) -> None:
        self.running = False
        self._unschedule()
        for stream in self._side_streams:
            stream.stop()
        self._round.stop()
        self._recorder.flush()
        patience_s = max(cohorts.longest_s(self._clients), self.config.canary_timeout_s) + _DRAIN_MARGIN_S
        if self.failed.done():
            patience_s = 0.0  # nothing of it can be recorded any more, and whoever waits shall hear of that at once
        abandoned = sum(await asyncio.gather(self._operations.drain(patience_s), self._probes.drain(patience_s)))
        if abandoned:
            log.warning("%d operations or probes did not end in time", abandoned)
        for scheduled in self._clients:
            scheduled.client.route.close()
        self._recorder.flush()

    async def rotate(self, history: Path) -> None:
        """Go on in another file and another id space: running as before, with empty caches and new connections.

        What is outstanding is waited for, and belongs to the old file. Raises OSError when the file cannot be opened.
        """
        recorder = Recorder(history, self.fail)
        async with self._turn:
            was_running = self.running
            await self._stop()
            self._recorder.close()
            self._recorder = recorder
            if was_running:
                self._start()

    async def calibrate(self, seconds: float, concurrency: int) -> Burst:
        """Measure what the arrangement carries; see harness.witness.calibration.

        Raises InputError: running, out of range, or the name has no address now.
        """
        if not (0 < seconds <= 60 and 1 <= concurrency <= 256):
            raise InputError(f"calibrate: {seconds} s (0 to 60) or concurrency {concurrency} (1 to 256) out of range")
        async with self._turn:
            if self.running:
                raise InputError("calibrate: stop the workload first")
            return await self._calibrate(seconds, concurrency)

    async def _calibrate(self, seconds: float, concurrency: int) -> Burst:
        names = self._asked()
        try:
            reply = await names.authoritative.query(self.config.record)
        except DnsFailure as error:
            raise InputError(f"calibrate: {error}") from error
        if not reply.addresses:
            raise InputError(f"calibrate: {self.config.record} has no address")
        self._calibrations += 1
        around = Surroundings(self.config, "", 0, names.lookups, self._operations, self._tally, self._record)
        target = Target(
            reply.addresses[0], self.config.record, self.config.workload, self.config.timeout_s, around.dial,
            self.config.key_prefix, self._note,
        )  # fmt: skip
        prefix = f"{self._id_space}-{self._calibrations}"
        with scheduling.normal_class():
            burst = await calibrate(target, seconds, concurrency, prefix)
            if self.config.keys == "shared" and burst.done and not burst.failed:
                self._offers = await tried(target, self._offers, prefix)
            return burst

    def status(self) -> dict[str, Any]:
        """Numbers since the last start, for people and for the drill's report."""
        names, prober = self._names, self._prober
        failure = self.failed.exception() if self.failed.done() and not self.failed.cancelled() else None
        return {
            "running": self.running,
            "failed": None if failure is None else str(failure),
            "history": str(self._recorder.path),
            "lines": self._recorder.lines,
            "rate_scale": self._scale,
            "cohorts": self._tally.by_cohort,
            "outstanding": len(self._operations),
            "skipped": self._skipped + sum(stream.skipped for stream in self._streams),
            "lateness_ns": self._tally.lateness.summary(),
            "latency_ns": self._tally.latency.summary(),
            "canaries": [canary.link for canary in self._canaries],
            "dns_probes": prober.probes if prober else 0,
            "dns_probe_failures": prober.failures if prober else 0,
            "dns_failures": names.lookups.failures if names else 0,
            "scheduling": scheduling.current(),
        } | ({} if self._visitors is None else self._visitors.status())

    async def keep_tidy(self) -> None:
        """Collect garbage where it delays no operation; runs until it is cancelled."""
        while True:
            await asyncio.sleep(_TIDY_PERIOD_S)
            due_ns = min((stream.next_ns for stream in self._streams), default=monotonic_ns() + NS_PER_S)
            scheduling.collect_when_idle((due_ns - monotonic_ns()) / NS_PER_S)

    async def close(self) -> None:
        """Stop, and close every file and socket."""
        await self.stop()
        self._recorder.close()
        if self._written is not None:
            self._written.close()
        if self._names is not None:
            self._names.close()
            self._names = None
        if not self.failed.cancel() and not self.failed.cancelled():
            self.failed.exception()  # seen: it was logged when it happened
