"""`drill doctor`: can this machine run drills, and does a subject work at all, without any fault?"""

from __future__ import annotations

import http.client
import os
import platform
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli import options as shared
from harness.drill.options import RunOptions
from harness.errors import DrillError
from harness.live import world_file

EXAMPLES = """
Examples:

`drill doctor`

`drill doctor --subject my-app/subject.yaml`

Exit codes: 0 nothing failed, 3 something did.
"""

OK, WARN, FAIL = "ok", "warn", "fail"
EXIT_FAILED = 3
_FILES_NEEDED = 1024
_STYLES = {OK: "green", WARN: "yellow", FAIL: "bold red"}


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do about it."""

    what: str
    state: str
    text: str


def doctor(
    environment: shared.Environment = None,
    subject: shared.SubjectFile = None,
    profile: shared.ProfileName = None,
    check_subject: Annotated[
        bool, typer.Option("--check-subject", help="Start the environment's own subject too (implied by --subject).")
    ] = False,
) -> None:
    """Look at this machine; with --subject, start it without a fault and try PUT, GET and DELETE through both edges."""
    options = shared.resolved(environment=environment, subject=subject, profile=profile)
    console, failed = Console(highlight=False), False
    table = Table("what", "", "", box=None, pad_edge=False)
    findings = [*machine(options)]
    if subject is not None or check_subject:
        console.print(Text(f"starting {options.subject.subject} without any fault ..."))
        findings += subject_findings(options)
    for finding in findings:
        failed = failed or finding.state == FAIL
        table.add_row(Text(finding.what), Text(finding.state, style=_STYLES[finding.state]), Text(finding.text))
    console.print(table)
    raise typer.Exit(EXIT_FAILED if failed else 0)


def machine(options: RunOptions) -> Iterator[Finding]:
    """What drills need of this machine."""
    version = platform.python_version()
    yield Finding("Python", OK if sys.version_info >= (3, 11) else FAIL, f"{version}; 3.11 or newer is needed")
    linux = platform.system() == "Linux"
    yield Finding("platform", OK if linux else WARN, f"{platform.system()} {platform.release()}"
                  + ("" if linux else ": edges share 127.0.0.1, and a true black hole is not to be had"))  # fmt: skip
    yield from _addresses(options)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    few = 0 <= files < _FILES_NEEDED
    yield Finding(
        "open files", WARN if few else OK, f"{files} allowed" + (": raise it (ulimit -n 4096)" if few else "")
    )
    yield _scheduling()
    cores = os.cpu_count() or 1
    yield Finding("cores", OK if cores > 1 else WARN, f"{cores}" + ("" if cores > 1 else ": expect late witnesses"))
    yield _leftovers()


def _addresses(options: RunOptions) -> Iterator[Finding]:
    from harness.live.addresses import can_listen, edge_addresses

    regions = [region.name for region in options.environment.regions]
    for region, edge in edge_addresses(regions).items():
        works = can_listen(edge.host, 0)
        yield Finding(f"edge of {region}", OK if works else FAIL, edge.host + ("" if works else " cannot be bound"))
        port = options.environment.edge.port
        if port and not can_listen(edge.host, port):
            yield Finding(f"edge of {region}", FAIL, f"port {port} is in use: change edge.port, or set it to 0")
    dns_port = options.environment.edge.dns_port
    if dns_port and not can_listen("127.0.0.1", dns_port):
        yield Finding("DNS port", FAIL, f"port {dns_port} is in use: change edge.dns_port, or set it to 0")


def _scheduling() -> Finding:
    what = "real-time scheduling"
    if not hasattr(os, "sched_setscheduler"):
        return Finding(what, WARN, "not on this platform: the witness may be later, and says so")
    allowed = os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] > 0
    text = "the witness may use it" if allowed else "not allowed: the witness may be later, and says so"
    return Finding(what, OK if allowed else WARN, text)


def _leftovers() -> Finding:
    world = world_file.running(world_file.path_in(Path.cwd()))
    if world is None:
        return Finding("standing world", OK, "none here")
    return Finding("standing world", OK, f"runs here (pid {world.pid}); `drill env down` ends it")


def subject_findings(options: RunOptions) -> list[Finding]:
    """Start the subject in a world of its own, and try it through both edges."""
    from harness.live.fork_servers import start_fork_servers
    from harness.live.world import EmbeddedWorld

    try:
        with ExitStack() as stack:
            world = stack.enter_context(EmbeddedWorld(options, start_fork_servers(stack)))
            world.start_subject()
            found = [Finding("subject starts", OK, "every component with a port answers")]
            try:
                world.wait_serving()
                found.append(Finding("serves writes", OK, "through the edge that DNS answers"))
            except DrillError as error:
                found.append(Finding("serves writes", FAIL, str(error)))
            for region, edge in world.parts.edges.items():
                address = world.parts.listening[f"clients->{region}:http"]
                role = "primary" if region == options.environment.primary.name else "standby"
                found.extend(_operations(options, region, role, edge.answered, address))
            found.extend(Finding("subject", FAIL, sentence) for sentence in world.deaths())
            return found
    except DrillError as error:
        return [Finding("subject starts", FAIL, str(error))]


def _operations(
    options: RunOptions, region: str, role: str, answered: str, address: tuple[str, int]
) -> Iterator[Finding]:
    workload = options.subject.workload
    key = f"doctor-{region}-{os.getpid()}"
    for name, spec in (("PUT", workload.put), ("GET", workload.get), ("DELETE", workload.delete)):
        status, text = _ask(spec, key, address, options.environment.edge.record)
        good = status is not None and (200 <= status < 300 or (name == "GET" and status == 404))
        if good:
            yield Finding(f"{name} at {region}", OK, f"{status} ({role}, {answered})")
        elif role == "standby" and status == 503 and name != "GET":
            yield Finding(f"{name} at {region}", OK, "503: a standby may refuse writes while it is not active")
        else:
            yield Finding(
                f"{name} at {region}", WARN if role == "standby" else FAIL, f"{status or 'no answer'}: {text}"
            )


def _ask(spec: Any, key: str, address: tuple[str, int], host: str) -> tuple[int | None, str]:
    fill: Mapping[str, str] = {"{id}": key, "{value}": key}
    path, body = spec.path, spec.body
    for mark, value in fill.items():
        path = path.replace(mark, value)
        body = None if body is None else body.replace(mark, value)
    connection = http.client.HTTPConnection(*address, timeout=5.0)
    try:
        connection.request(spec.method, path, body, {"Host": host, "Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read(300).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return None, str(error) or type(error).__name__
    finally:
        connection.close()
