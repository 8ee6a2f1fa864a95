"""Asks what probes and hooks ask: over HTTP and HTTPS, by a connection, by a command.

"Configure probes" (concepts/workloads/pods/probes): a status from 200 to 399 is a success; certificates are not
verified; redirects are followed to the same host only, and one to another is a success. The kubelet's `pkg/probe/http`:
at most 10 redirects, 10 KiB of the body are read. A command succeeds with 0.
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from harness.parts.platform.kubernetes.identity import LOOPBACK
from harness.parts.platform.kubernetes.machines.probe import Result
from harness.parts.platform.kubernetes.plan import Handler
from harness.wire.body import FramingError
from harness.wire.exchange import ResponseCollector

USER_AGENT = "kube-probe/1.36"
REDIRECTS_MAX = 10
BODY_BYTES_MAX = 10 * 1024
_OUTPUT_BYTES_MAX = 10 * 1024
_READ_BYTES = 16 * 1024


@dataclass(frozen=True)
class Target:
    """The container that is asked: its ports on this machine, and what a command in it would see."""

    ports: Mapping[int, int]
    environment: Mapping[str, str]
    cwd: Path


Asked = tuple[Result, str]


async def ask(handler: Handler, target: Target) -> Asked:
    """The result, and what came, in a few words. Whoever asks gives up by cancelling."""
    if handler.kind == "http":
        return await _http(handler, target.ports[handler.port])
    if handler.kind == "tcp":
        return await _tcp(target.ports[handler.port])
    if handler.kind == "exec":
        return await run(handler.command, target)
    await asyncio.sleep(handler.wait_ns / 1e9)
    return Result.SUCCESS, ""


async def _tcp(port: int) -> Asked:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError as error:
        return Result.FAILURE, _words(error)
    writer.transport.abort()
    return Result.SUCCESS, "connected"


async def _http(handler: Handler, port: int) -> Asked:
    url = f"{handler.scheme.lower()}://{LOOPBACK}:{port}{handler.path}"
    for _ in range(REDIRECTS_MAX):
        try:
            status, location = await _get(url, handler.headers)
        except (OSError, FramingError, EOFError, ValueError) as error:
            return Result.FAILURE, _words(error)
        if status in (301, 302, 303, 307, 308) and location:
            following = urljoin(url, location)
            if urlsplit(following).hostname != LOOPBACK:
                return Result.SUCCESS, f"{status}, a redirect to another host"
            url = following
            continue
        return (Result.SUCCESS if 200 <= status < 400 else Result.FAILURE), f"status {status}"
    return Result.FAILURE, f"more than {REDIRECTS_MAX} redirects"


def _words(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    return str(error) or type(error).__name__


async def _get(url: str, headers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Status and Location of one GET over a connection of its own."""
    parts = urlsplit(url)
    secure = _unverified() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(LOOPBACK, parts.port or (443 if secure else 80), ssl=secure)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        given = {"Host": parts.netloc, "User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"}
        for name, value in headers:
            given = {key: old for key, old in given.items() if key.lower() != name.lower()} | {name: value}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        answer = ResponseCollector()
        while answer.response is None and answer.body_bytes <= BODY_BYTES_MAX:
            data = await reader.read(_READ_BYTES)
            if not data:
                if not answer.end():
                    raise EOFError("the connection ended before the answer was complete")
                break
            answer.feed(data)
        if answer.head is None:
            raise EOFError("no answer")
        fields = {name.lower(): value for name, value in answer.head.fields}
        return answer.head.status, fields.get(b"location", b"").decode("latin-1")
    finally:
        writer.transport.abort()


def _unverified() -> ssl.SSLContext:
    """ "The kubelet skips certificate verification"."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def run(command: Sequence[str], target: Target) -> Asked:
    """A command in the container, which ends with all that it started when nobody waits for it any more."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(target.environment),
            cwd=target.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Result.FAILURE, _words(error)
    try:
        assert process.stdout is not None
        said = b""
        while data := await process.stdout.read(_READ_BYTES):
            said = (said + data)[:_OUTPUT_BYTES_MAX]
        code = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    last = said.decode(errors="replace").strip().splitlines()[-1:] or [""]
    return (Result.SUCCESS if code == 0 else Result.FAILURE), f"exit code {code} {last[0][:100]}".strip()
