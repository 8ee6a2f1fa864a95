"""Starts and ends the detached supervisor of a standing world; what `drill env up` and `down` do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from harness.errors import WorldError
from harness.live.standing import world_file
from harness.live.standing.world_file import StandingWorld

LOG = "world.log"
_END_TIMEOUT_S = 10.0
_POLL_S = 0.02
_TAIL_LINES = 20


def start(given: Mapping[str, Any], path: Path, told: Callable[[str], None]) -> StandingWorld:
    """Start a supervisor and wait until its world is ready. given: options, seed included. told: hears of each step.

    Raises WorldError with what the supervisor says when it fails. However this is left early, nothing stays.
    """
    world_file.make_folder(path.parent)
    log = path.with_name(LOG)
    asked = json.dumps({"given": dict(given), "path": str(path.absolute())})
    with log.open("wb") as errors:
        supervisor = subprocess.Popen(
            # -P: a file in the user's folder must not pass for a module of the library.
            [sys.executable, "-P", "-m", "harness.live.standing.supervisor", asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    try:
        _await_ready(supervisor.stdout, supervisor, log, told)
        world = world_file.running(path)
        if world is None:
            raise WorldError(f"the world is ready, but has left no state at {path}")
        supervisor.stdin.write(b"go\n")
        supervisor.stdin.flush()
    except BaseException:
        _end(supervisor)
        raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            supervisor.stdin.close()
        supervisor.stdout.close()
    supervisor.returncode = 0  # it is nobody's child any more: without this, Popen warns when it is forgotten
    return world


def _await_ready(lines: IO[bytes], supervisor: subprocess.Popen[bytes], log: Path, told: Callable[[str], None]) -> None:
    for line in lines:
        body = json.loads(line)
        if "step" in body:
            told(str(body["step"]))
        elif "error" in body:
            raise WorldError(str(body["error"]))
        elif "ready" in body:
            return
    code = supervisor.wait()
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    said = "".join(f"\n    {line}" for line in tail)
    raise WorldError(f"the world's supervisor ended with code {code}; its output is in {log}{said}")


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.terminate()
    try:
        supervisor.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # the kernel and the fork servers take down the rest
        supervisor.wait()


def end(world: StandingWorld, path: Path) -> bool:
    """End a standing world, and return when its processes are gone. False: it had to be killed."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(world.pid, signal.SIGTERM)
    gently = _gone(world)
    if not gently:
        with contextlib.suppress(ProcessLookupError):
            os.kill(world.pid, signal.SIGKILL)
        _gone(world)
    world_file.remove(world, path)
    return gently


def _gone(world: StandingWorld) -> bool:
    until = time.monotonic() + _END_TIMEOUT_S
    while world.alive:
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_S)
    return True
