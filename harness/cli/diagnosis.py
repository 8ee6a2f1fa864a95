"""What `drill doctor` looks at on this machine. Changes nothing, and starts nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from harness.cli.parts_diagnosis import parts
from harness.cli.trials.both_sides import in_files
from harness.drill.options import RunOptions
from harness.drill.stopping.command import missing
from harness.engines.addresses import can_listen, edge_addresses
from harness.errors import InputError
from harness.live.leftovers import journal
from harness.live.standing import world_file
from harness.processes import process_tree, world_folder
from harness.storable_text import storable
from harness.world.diagnosis import Diagnosis, State
from harness.world.load_balancer import edges_given

if sys.platform != "win32":
    import resource

DISTRIBUTION = "drill-harness"
_FILES_WANTED = 1024
_FILES_NEEDED = 256
_DISK_WANTED_BYTES = 1 << 30
_FORK_SERVER = "harness.processes.forkserver_main"


def machine(options: RunOptions) -> list[Diagnosis]:
    """Everything that drills need of this machine."""
    return [
        *_python(),
        *_addresses(options),
        *parts(options),
        *in_files(options),
        *_stop_command(options),
        *_limits(),
        _scheduling(),
        _disk(),
        _standing_world(),
        *_leftovers(),
    ]


def _stop_command(options: RunOptions) -> Iterator[Diagnosis]:
    """Whether the command that may stop a drill can be run, where there is one."""
    stated = options.environment.stop.command
    if stated is not None:
        told = missing(options.environment)
        state = State.OK if told is None else State.FAIL
        yield Diagnosis(
            "stop command", state, f"every {stated.every_s:g} s, {stated.timeout_s:g} s to answer", told or ""
        )


def _python() -> Iterator[Diagnosis]:
    new_enough = sys.version_info >= (3, 11)
    hint = "" if new_enough else "3.11 or newer is needed"
    yield Diagnosis("Python", State.OK if new_enough else State.FAIL, platform.python_version(), hint)
    system = f"{platform.system()} {platform.release()}"
    if platform.system() == "Linux":
        yield Diagnosis("platform", State.OK, system)
    else:
        hint = "on Linux each edge has an address of its own, and a black hole is a true one; here some things are not "
        yield Diagnosis("platform", State.WARN, system, f"{hint}measurable, and reports say which")
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Diagnosis("packages", State.WARN, f"{DISTRIBUTION} is not installed", "pip install it, or `make setup`")
        return
    wrong = list(wrong_versions(required))
    hint = "install what the project asks for: `make setup`" if wrong else ""
    yield Diagnosis(
        "packages", State.FAIL if wrong else State.OK, "; ".join(wrong) or f"{len(required)} as asked", hint
    )


def wrong_versions(required: Iterable[str]) -> Iterator[str]:
    """A sentence for each requirement (PEP 508) that is not fulfilled here."""
    for text in required:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield f"{requirement.name} is missing"
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement.name} {version} is not {requirement.specifier}"


def _addresses(options: RunOptions) -> Iterator[Diagnosis]:
    if edges_given(options.environment) is not None:
        return  # they are somebody else's; their part looks at them
    for region, edge in edge_addresses([place.name for place in options.environment.places]).items():
        works = can_listen(edge.host, 0)
        hint = "" if works else f"loopback must have {edge.host}: ip address add {edge.host}/8 dev lo"
        text = edge.host if works else f"{edge.host} cannot be bound"
        yield Diagnosis(f"edge of {region}", State.OK if works else State.FAIL, text, hint)


def _limits() -> Iterator[Diagnosis]:
    if sys.platform != "win32":
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        enough = files == resource.RLIM_INFINITY or files >= _FILES_WANTED
        state = State.OK if enough else State.WARN if files >= _FILES_NEEDED else State.FAIL
        text = "no limit" if files == resource.RLIM_INFINITY else f"{files} at once"
        yield Diagnosis("open files", state, text, "" if enough else f"ulimit -n {4 * _FILES_WANTED}")
    cores = os.cpu_count() or 1
    hint = "" if cores > 1 else "expect a late witness, and brackets as wide as that"
    yield Diagnosis("cores", State.OK if cores > 1 else State.WARN, str(cores), hint)


def _scheduling() -> Diagnosis:
    what, hint = "real-time scheduling", "without it the witness may be later, and says so in its brackets"
    if sys.platform != "linux":
        return Diagnosis(what, State.WARN, "not on this platform", hint)
    if _may_be_realtime():
        return Diagnosis(what, State.OK, "allowed")
    return Diagnosis(what, State.WARN, "not allowed", f"{hint}; CAP_SYS_NICE or `ulimit -r 1` allow it")


def _may_be_realtime() -> bool:
    """Tried by a thread of its own: on Linux the class is a thread's, so nothing of it stays."""
    allowed = []

    def attempt() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        except OSError:
            return
        allowed.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return bool(allowed)


def _disk() -> Diagnosis:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    enough = free >= _DISK_WANTED_BYTES
    hint = "" if enough else "a world keeps its logs and histories there; TMPDIR names another place"
    return Diagnosis("disk", State.OK if enough else State.WARN, f"{free / 2**30:.1f} GiB free in {folder}", hint)


def _standing_world() -> Diagnosis:
    what, path = "standing world", world_file.path_in(Path.cwd())
    try:
        world = world_file.read(path)
    except InputError as error:
        return Diagnosis(what, State.WARN, str(error), f"rm {path}")
    if world is None:
        return Diagnosis(what, State.OK, "none here")
    if world.alive:
        return Diagnosis(what, State.OK, f"pid {world.pid} ({world.origin})", "`drill env down` ends it")
    return Diagnosis(what, State.WARN, f"{path} is stale: pid {world.pid} has ended", "`drill env down` removes it")


def _leftovers() -> Iterator[Diagnosis]:
    """What earlier runs should have taken with them."""
    alive = left_processes()
    text = ", ".join(f"{pid} ({name})" for pid, name in alive) or "none"
    hint = f"kill -9 {' '.join(str(pid) for pid, _ in alive)}" if alive else ""
    yield Diagnosis("processes left", State.WARN if alive else State.OK, text, hint)
    folders = world_folder.abandoned()
    text = ", ".join(map(str, folders)) or "none"
    hint = "`drill heal` removes them, and so does the next run" if folders else ""
    yield Diagnosis("folders left", State.WARN if folders else State.OK, text, hint)
    broken = list(journaled())
    hint = "`drill heal` undoes it, and so does the next run" if broken else ""
    yield Diagnosis("broken still", State.WARN if broken else State.OK, "\n".join(broken) or "nothing", hint)


def journaled() -> Iterator[str]:
    """What harnesses that are gone have left elsewhere: faults that may hold still, tables, proxies."""
    for path in journal.files():
        leftover = journal.read(path)
        if leftover is None:
            if path.exists():  # else somebody has just undone it
                yield f"{path}, which this version cannot read"
        elif leftover.abandoned:
            yield storable(f"{leftover.what}, of process {leftover.pid}, which is gone")


def left_processes() -> list[tuple[int, str]]:
    """(pid, name) of components of subjects whose fork server has ended; the kernel ends everything else with it."""
    processes = list(psutil.process_iter(["name", "cmdline", "status"]))
    servers = [process.pid for process in processes if _FORK_SERVER in (process.info["cmdline"] or ())]
    kept = {row.pid for row in process_tree.descendants(process_tree.table(), servers)}
    return [
        (process.pid, str(process.info["name"]))
        for process in processes
        if process.pid not in kept and process.info["status"] != psutil.STATUS_ZOMBIE and _lost_its_server(process)
    ]


def _lost_its_server(process: psutil.Process) -> bool:
    try:
        marker = process.environ().get(process_tree.MARKER_VARIABLE, "")
    except (psutil.Error, OSError):  # another user's, or ended meanwhile
        return False
    server = marker.partition("-")[0]
    return server.isdigit() and not psutil.pid_exists(int(server))
