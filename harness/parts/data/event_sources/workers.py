"""Handlers as processes: execution environments that are warm until they fail, or take too long or too much.

What Lambda writes to the log around each invocation is written here too (START, END, REPORT), and the last lines of it
are kept for whoever asks for the tail (Lambda API Reference, Invoke, LogType).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.kit.process import cancelled
from harness.parts.data.event_sources.registry import Function
from harness.parts.data.event_sources.variables import environment_of

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_INIT_TIMEOUT_S = 10.0
"""Developer Guide, "Understanding the Lambda execution environment lifecycle": the init phase is limited to 10
seconds."""
_WATCH_S = 0.05
_LOG_CAP_BYTES = 8 << 20
_TAIL_BYTES = 4096
_LINE_BYTES_MAX = 64 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")
_INHERITED = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Invocation:
    """How one call ended. error: as Lambda tells it, None when the handler returned; tail: the end of its log."""

    request_id: str
    result: Any = None
    error: Mapping[str, Any] | None = None
    tail: bytes = b""


class Log:
    """The log of a function: a file with a cap, and its last bytes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self.tail = b""

    def write(self, data: bytes) -> None:
        """Append; beyond the cap, and once it is closed, only the tail is kept."""
        self.tail = (self.tail + data)[-_TAIL_BYTES:]
        if not self._file.closed and self._file.tell() < _LOG_CAP_BYTES:
            self._file.write(data)

    def line(self, text: str) -> None:
        """Append a line of Lambda's own."""
        self.write(text.encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Worker:
    """One execution environment."""

    def __init__(self, function: Function, given: Mapping[str, str], log: Log) -> None:
        self.function = function
        self._given = given
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._copying: asyncio.Task[None] | None = None
        self.init_ms: float | None = None

    async def _start(self) -> Mapping[str, Any]:
        """Start the process; what it tells first. Raises TimeoutError, EOFError."""
        began = time.monotonic()
        stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        ours_in, requests = os.pipe()
        answers, ours_out = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-u", "-P", str(_BOOTSTRAP), str(ours_in), str(ours_out),
                env=environment_of(self.function, stream, self._given, inherited), cwd=self.function.folder,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                pass_fds=(ours_in, ours_out), start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(ours_in)
            os.close(ours_out)
        self._requests = os.fdopen(requests, "wb", buffering=0)
        loop = asyncio.get_running_loop()
        self._answers = asyncio.StreamReader(limit=_LINE_BYTES_MAX)
        self._pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._answers), os.fdopen(answers, "rb", buffering=0)
        )
        self._copying = asyncio.create_task(self._copy(self._process.stdout))
        async with asyncio.timeout(_INIT_TIMEOUT_S):
            told = await self._told()
        self.init_ms = (time.monotonic() - began) * 1000
        return told

    async def _copy(self, output: asyncio.StreamReader | None) -> None:
        while output is not None and (data := await output.read(65536)):
            self._log.write(data)

    async def _told(self) -> Mapping[str, Any]:
        line = await self._answers.readline()
        if not line:
            raise EOFError
        found: Mapping[str, Any] = json.loads(line)
        return found

    @property
    def alive(self) -> bool:
        """Whether it can be called (again)."""
        return self._process is None or self._process.returncode is None

    async def invoke(self, event: Any, request_id: str) -> Invocation:
        """Call the handler. Whatever it does, there is an end to it: afterwards `alive` says whether it may go on."""
        self._log.line(f"START RequestId: {request_id} Version: $LATEST")
        began, memory_mb, fresh = time.monotonic(), 0, self._process is None
        result, error = None, None
        try:
            told: Mapping[str, Any] = await self._start() if fresh else {}
            began = time.monotonic()
            if "error" not in told:
                told = await self._answered(event, request_id)
            result, error, memory_mb = told.get("result"), told.get("error"), int(told["memory_mb"])
            if error is not None and error.get("init"):
                await self.kill()
        except asyncio.CancelledError:  # nobody waits for it any more: what it still says would answer somebody else
            await self.kill()
            raise
        except TimeoutError:
            limit = self.function.timeout_s if self.init_ms is not None else _INIT_TIMEOUT_S
            text = f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds"
            error = {"errorType": "Sandbox.Timedout", "errorMessage": text}
            await self.kill()
        except (EOFError, OSError, ValueError):
            await self.kill()
            how = "signal: killed" if self._process is None or (self._process.returncode or 0) < 0 else (
                f"exit status {self._process.returncode}")  # fmt: skip
            text = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
            error = {"errorType": "Runtime.ExitError", "errorMessage": text}
        self._report(request_id, (time.monotonic() - began) * 1000, memory_mb or self._peak_mb, fresh, error)
        return Invocation(request_id, result, error, self._log.tail)

    _peak_mb = 0

    async def _answered(self, event: Any, request_id: str) -> Mapping[str, Any]:
        function = self.function
        deadline_ms = time.time() * 1000 + function.timeout_s * 1000
        request = {"id": request_id, "arn": function.arn, "deadline_ms": deadline_ms, "event": event}
        data = json.dumps(request).encode() + b"\n"
        watch = asyncio.create_task(self._watch_memory())
        try:
            async with asyncio.timeout(function.timeout_s):
                await asyncio.to_thread(self._requests.write, data)  # a handler that is loading reads it later
                return await self._told()
        finally:
            await cancelled(watch)

    async def _watch_memory(self) -> None:
        """Kill the process once it holds more than the function may."""
        while True:
            await asyncio.sleep(_WATCH_S)
            held = self._held_mb()
            self._peak_mb = max(self._peak_mb, held)
            if held > self.function.memory_mb:
                await self.kill()
                return

    def _held_mb(self) -> int:
        pid = 0 if self._process is None else self._process.pid
        try:
            with open(f"/proc/{pid}/statm", encoding="ascii") as told:
                return int(told.read().split()[1]) * _PAGE >> 20
        except OSError:
            return 0

    def _report(
        self, request_id: str, spent_ms: float, memory_mb: int, fresh: bool, error: Mapping[str, Any] | None
    ) -> None:
        if error is not None:
            self._log.line(f"{request_id} {error.get('errorType')}: {error.get('errorMessage')}")
        self._log.line(f"END RequestId: {request_id}")
        init = f"\tInit Duration: {self.init_ms:.2f} ms" if fresh and self.init_ms is not None else ""
        size = self.function.memory_mb
        self._log.line(
            f"REPORT RequestId: {request_id}\tDuration: {spent_ms:.2f} ms\tBilled Duration: {int(spent_ms) + 1} ms"
            f"\tMemory Size: {size} MB\tMax Memory Used: {memory_mb} MB{init}"
        )

    async def kill(self) -> None:
        """End the process, and all that it has started."""
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            await self._process.wait()
        if self._copying is not None:
            await cancelled(self._copying)
            self._copying = None
            self._pipe.close()
            self._requests.close()


class Workers:
    """The execution environments of all functions. given: variables of the world; concurrency: of one function."""

    def __init__(self, logs: Path, given: Mapping[str, str], concurrency: int) -> None:
        self._logs_folder = logs
        self.given = given
        self._concurrency = concurrency
        self._idle: dict[str, list[Worker]] = {}
        self._busy: dict[str, int] = {}
        self._all: set[Worker] = set()
        self._logs: dict[str, Log] = {}

    def has_room(self, name: str) -> bool:
        """Whether one more call of a function may be under way."""
        return self._busy.get(name, 0) < self._concurrency

    async def invoke(self, function: Function, event: Any) -> Invocation:
        """Call a function in an environment that is warm, or in a new one."""
        name = function.name
        self._busy[name] = self._busy.get(name, 0) + 1
        worker = self._take(function)
        try:
            return await worker.invoke(event, str(uuid.uuid4()))
        finally:
            self._busy[name] -= 1
            if worker.alive and worker in self._all:
                self._idle.setdefault(name, []).append(worker)
            else:
                self._all.discard(worker)
                await worker.kill()

    def _take(self, function: Function) -> Worker:
        idle = self._idle.get(function.name, [])
        while idle:
            worker = idle.pop()
            if worker.alive and worker.function == function:
                return worker
            self._all.discard(worker)
        log = self._logs.get(function.name)
        if log is None:
            log = self._logs[function.name] = Log(self._logs_folder / f"function.{function.region}.{function.name}.log")
        worker = Worker(function, self.given, log)
        self._all.add(worker)
        return worker

    async def close(self) -> None:
        """End all of them."""
        workers, self._all = list(self._all), set()
        self._idle.clear()
        for worker in workers:
            await worker.kill()
        for log in self._logs.values():
            log.close()
        self._logs.clear()
