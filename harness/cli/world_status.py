"""What a standing world looks like from outside: a table of addresses, and lines to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.errors import WorldError
from harness.kit.address import join_address
from harness.live import healing
from harness.live.standing.renewed import as_now
from harness.live.standing.world_file import Line, StandingWorld
from harness.processes import process_tree
from harness.rendering import rendered
from harness.wire.admin_client import AdminClient
from harness.workload import Request, Workload

_DNS_TIMEOUT_S = 1.0
_LIVE_TIMEOUT_S = 2.0


def show(world: StandingWorld, console: Console, *, commands: bool = True) -> None:
    """Print the status; lines to paste are never wrapped. commands: whether `drill heal` means this world."""
    world = as_now(world)
    console.print(render(world))
    for title, line in lines_to_paste(world) + (drill_commands() if commands else []):
        console.print(Text(f"\n{title}", style="dim"))
        console.print(Text(f"  {line}"), soft_wrap=True)


def render(world: StandingWorld) -> RenderableType:
    """The addresses and processes."""
    record = world.environment.edge.record
    head = Text(f"{world.environment.environment} ({world.profile}) with {world.subject.subject}, up since ")
    head.append(f"{world.since} by {world.origin} (pid {world.pid})")
    answer = Text(f"{record} is {_answer(world)}", style="bold")
    table = _table("what", "where", "about")
    for line in live_lines(world.status):
        table.add_row(line.what, line.where, Text(line.about, style="dim", overflow="fold"))
    table.add_row("browser proxy", join_address(world.browser_proxy), Text("follows failover", style="dim"))
    processes = _table("component", "pid", "state", "its AWS_ENDPOINT_URL")
    for name, process in world.processes.items():
        processes.add_row(name, str(process.pid), _state(world, name), process.endpoint)
    logs = Text(f"\nOutput of every process: {world.logs}/NAME.log", overflow="fold")
    return Group(head, answer, Padding(table, (1, 0)), processes, logs)


def live_lines(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines with those that change asked for now."""
    for line in lines:
        parts = urlsplit(line.live)
        if not line.live or parts.hostname is None or parts.port is None:
            yield line
            continue
        try:
            told = AdminClient(line.what, (parts.hostname, parts.port), _LIVE_TIMEOUT_S).get(parts.path)
            yield from (Line.model_validate(one) for one in told)
        except (WorldError, ValueError) as error:
            yield line.model_copy(update={"about": f"does not tell: {error}"})


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _state(world: StandingWorld, name: str) -> Text:
    process = world.processes[name]
    if not process_tree.members(process_tree.table(), process.tree):
        return Text("renewed: see above", style="dim") if process.renewed else Text("ended", style="bold red")
    return Text("frozen", style="bold yellow") if healing.frozen(process.tree) else Text("running")


def _answer(world: StandingWorld) -> str:
    """What DNS says now."""
    query = dns.message.make_query(world.environment.edge.record, dns.rdatatype.A)
    try:
        reply = dns.query.udp(query, world.dns[0], port=world.dns[1], timeout=_DNS_TIMEOUT_S)
    except (OSError, dns.exception.DNSException) as error:
        return f"not answered by DNS ({error or type(error).__name__})"
    names = {edge.answered: region for region, edge in world.edges.items()}
    found = [str(rdata) for rrset in reply.answer for rdata in rrset if rrset.rdtype == dns.rdatatype.A]
    return ", ".join(f"{address} ({names.get(address, 'no region of ours')})" for address in found) or "no address"


def lines_to_paste(world: StandingWorld) -> list[tuple[str, str]]:
    """(what it does, the command line)."""
    edge, primary = world.environment.edge, world.environment.primary.name
    host, port = world.edges[primary].listen
    asked, path = _a_read(world.subject.workload)
    url = shlex.quote(f"http://{edge.record}:{port}{path}")
    proxied = shlex.quote(f"http://{edge.record}{path}")
    lines = [
        ("As a client of the primary's edge:", f"curl {asked}--resolve {edge.record}:{port}:{host} {url}"),
        (
            "As a browser, following DNS and failover:",
            f"curl {asked}-x http://{join_address(world.browser_proxy)} {proxied}",
        ),
        ("What DNS answers:", f"dig @{world.dns[0]} -p {world.dns[1]} {edge.record}"),
        *((line.what, line.where) for line in world.commands),
    ]
    rows = process_tree.table()
    living = [(name, one) for name, one in world.processes.items() if process_tree.members(rows, one.tree)]
    for name, process in living[:1]:
        lines.append((f"Freeze {name} (its whole session):", f"pkill -STOP -s {process.pid}"))
    return lines


def _a_read(workload: Workload) -> tuple[str, str]:
    """What curl needs to read an item (what comes from the environment stays a variable), and the path."""
    request = workload.request("get") or Request(method="GET", path="/")
    variables = {name: f"${name}" for name in workload.variables()}
    sent = rendered(request, {"id": "a"}, variables)
    options = [f'-H "{name}: {text}" ' for name, text in sent.headers.items() if name != "Accept"]
    return "".join(options), sent.path


def drill_commands() -> list[tuple[str, str]]:
    """What our own commands do with a world whose state file lies here."""
    return [("Undo all of that:", "drill heal"), ("Record what clients see meanwhile:", "drill watch --for 60s")]
