"""A world that stays up for exploring by hand: started, published in its state file, supervised, taken down.

`python -m harness.live.standing.supervisor JSON` is the detached supervisor behind `drill env up`. It tells its
progress as JSON lines on standard output ({"step": ...}, then {"ready": true} or {"error": ...}), and lives on only
when the starter has answered `go` on its standard input: a starter that is killed meanwhile leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from harness.clock import wall_time
from harness.drill.options import RunOptions, resolve
from harness.errors import DrillError, InputError, WorldError
from harness.kit.address import Address
from harness.live.backend import LiveWorld
from harness.live.ground import BROWSER_PROXY, warm
from harness.live.standing import world_file
from harness.live.standing.world_file import EdgeState, Line, ProcessState, StandingWorld
from harness.names import CLIENTS
from harness.processes import process_tree
from harness.processes.fork_servers import ForkServers
from harness.processes.interruption import EXIT_INTERRUPTED
from harness.world.part import LIGHT
from harness.world.terms import terms_of

READY_TIMEOUT_S = 20.0
EXIT_ERROR = 3
WATCH_LOCK = "watch.lock"
"""Held by whoever records with a standing world's witness."""
_POLL_S = 0.25
_ADOPTION_TIMEOUT_S = 30.0

Told = Callable[[str], None]


def refuse_visit(options: RunOptions) -> None:
    """Raises InputError for a stack that is not ours: it stands already, and nobody may be led there unwatched."""
    if terms_of(options.environment) is not None:
        name = options.environment.environment
        raise InputError(f"{name} runs already, and is not ours to keep up: `drill watch -e {name}`, or `drill run`")


@contextmanager
def standing(options: RunOptions, path: Path, origin: str, told: Told) -> Iterator[tuple[LiveWorld, StandingWorld]]:
    """Start a world with its subject, and publish it at `path` while the block runs. told: hears of each step.

    Raises InputError at once when a world runs or starts there already, and whatever starting one raises.
    """
    refuse_visit(options)
    with ExitStack() as stack:
        if not stack.enter_context(world_file.claimed(path)):
            raise InputError(world_file.TAKEN)
        servers = warm(stack, options)
        told("starting the places, their databases and edges, and the links between them")
        world = stack.enter_context(LiveWorld(options, servers))
        told("starting the subject")
        world.start_subject()
        yield world, stack.enter_context(published(world, servers, options, path, origin))


@contextmanager
def published(
    world: LiveWorld, servers: ForkServers, options: RunOptions, path: Path, origin: str
) -> Iterator[StandingWorld]:
    """Write the state file of a started world in a folder that is claimed; the end of the block removes it."""
    refuse_visit(options)
    world_file.running(path)  # removes what a killed one may have left
    state = described(world, servers, options, origin)
    world_file.write(state, path)
    try:
        yield state
    finally:
        path.unlink(missing_ok=True)


def described(world: LiveWorld, servers: ForkServers, options: RunOptions, origin: str) -> StandingWorld:
    """The state of a started world, which gets a browser proxy of its own. origin: the command that holds it."""
    net, seams = world.net, world.seams
    listening = {place: net.edge(CLIENTS, place) for place in net.edges}
    proxy = _browser_proxy(world, options, listening)
    pid = os.getpid()
    return StandingWorld(
        pid=pid,
        started=process_tree.start_of(pid),
        origin=origin,
        since=wall_time().isoformat(timespec="seconds"),
        environment=options.environment,
        environment_folder=options.environment.folder,
        subject=options.subject,
        subject_folder=options.subject.folder,
        subject_file=options.subject_file.resolve(),
        profile=options.timing.profile,
        seed=options.seed,
        typed=dict(options.typed),
        folder=servers.folder,
        logs=servers.logs,
        links=dict(seams.links.handle()),
        dns=seams.steering.dns,
        browser_proxy=proxy,
        edges={place: EdgeState(answered=e.answered, listen=listening[place]) for place, e in net.edges.items()},
        witness=world.clients.address,
        processes=_processes(world),
        status=tuple(Line(**asdict(line)) for part in net.parts for line in part.status()),
        commands=tuple(Line(what=what, where=line) for part in net.parts for what, line in part.commands()),
        events=tuple(path for part in net.parts for path in part.events()),
        versions=dict(world.versions()),
        capabilities=dict(world.capabilities()),
    )


def _browser_proxy(world: LiveWorld, options: RunOptions, listening: Mapping[str, Address]) -> Address:
    edge = options.environment.edge
    config = {
        "dns": list(world.seams.steering.dns),
        "zone": edge.hosted_zone,
        "port": world.net.edges[options.environment.primary.name].port,
        "address_book": {world.edges[place]: list(at) for place, at in listening.items()},
    }
    process = world.ground.spawn(LIGHT, "browser-proxy", BROWSER_PROXY, config)
    host, port = process.ready(READY_TIMEOUT_S)["listen"]
    return str(host), int(port)


def _processes(world: LiveWorld) -> dict[str, ProcessState]:
    return {
        running.instance: ProcessState(
            pid=running.tree.pid,
            started=running.tree.started,
            adopter=running.tree.adopter,
            marker=running.tree.marker,
            log=str(running.log),
            endpoint=running.environment.get("AWS_ENDPOINT_URL", ""),
            environment=dict(running.environment),
            renewed=running.renewed,
            live=running.live,
        )
        for running in world.seams.platform.trees()
    }


def stay(world: LiveWorld, path: Path | None, told: Told) -> None:
    """Until KeyboardInterrupt: tell of components that end, and stop a recording that nobody waits for any more.

    path: of its state file; None when it has none, so that nobody can record with its clients. Raises WorldError when a
    process of the world itself has ended.
    """
    known: set[str] = set()
    while True:
        for sentence in world.deaths():
            if sentence not in known:
                known.add(sentence)
                told(sentence)
        world.refuse_dead()
        if path is not None:
            _stop_abandoned_recording(world, path.with_name(WATCH_LOCK))
        time.sleep(_POLL_S)


def _stop_abandoned_recording(world: LiveWorld, lock: Path) -> None:
    """A `drill watch` that was killed cannot stop the clients; its lock tells, because the kernel released it."""
    if not lock.exists():
        return
    with world_file.locked(lock) as abandoned:
        if abandoned:
            world.stop_workload()
            lock.unlink(missing_ok=True)  # last: until then, the next one who wants to record waits


# --- the detached supervisor -----------------------------------------------------------------------------------------


class _Interrupts:
    """The first SIGTERM or SIGINT interrupts; later ones must not interrupt the taking down."""

    def __init__(self) -> None:
        self._seen = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if not self._seen:
            self._seen = True
            raise KeyboardInterrupt

    def over(self) -> None:
        """Everything has been taken down, and only the reason is still told: nothing is left to interrupt."""
        self._seen = True


class _Starter:
    """Whoever started this process, and reads what it says. What a part prints goes to the log instead."""

    def __init__(self) -> None:
        self._lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, **body: Any) -> None:
        """One line, at once."""
        with suppress(BrokenPipeError):  # a starter that is gone needs no words, and ends us by another way
            self._lines.write(json.dumps(body) + "\n")
            self._lines.flush()


def _await_go(adopted: threading.Event) -> None:
    """Runs in a thread: the starter says `go`, or is gone."""
    if sys.stdin.readline().strip() == "go":
        adopted.set()
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Supervise one world; see the module's text. arguments: one JSON object with `given` (options) and `path`.

    What is wrong with the user's files, the world or the subject is told in words, to the starter and in the log; a
    traceback there is a mistake of ours.
    """
    try:
        return _supervise(arguments)
    except KeyboardInterrupt:  # while an error was already on its way
        return EXIT_INTERRUPTED


def _supervise(arguments: list[str]) -> int:
    asked: Mapping[str, Any] = json.loads(arguments[0])
    path = Path(asked["path"])
    adopted = threading.Event()
    threading.Thread(target=_await_go, args=(adopted,), daemon=True).start()
    interrupts = _Interrupts()
    starter = _Starter()
    try:
        options = resolve(asked["given"], os.environ, Path.cwd(), int(asked["given"]["seed"]))
        with standing(options, path, "drill env up", lambda step: starter.say(step=step)) as (world, _):
            starter.say(ready=True)
            if not adopted.wait(_ADOPTION_TIMEOUT_S):
                raise WorldError("nobody took the world over")
            stay(world, path, _log)
    except DrillError as error:
        interrupts.over()  # the starter ends us as soon as it knows
        _log(str(error))
        if not adopted.is_set():
            starter.say(error=str(error))
        return EXIT_ERROR
    except KeyboardInterrupt:
        return 0 if adopted.is_set() else EXIT_INTERRUPTED
    return 0


def _log(sentence: str) -> None:
    sys.stderr.write(f"{wall_time():%Y-%m-%d %H:%M:%S} {sentence}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
