"""`drill heal`: undo whatever was broken by hand, or by a harness that is gone."""

from __future__ import annotations

import os
from pathlib import Path

from rich.text import Text

from harness.errors import HealError, InputError
from harness.live.standing import world_file
from harness.reporting import terminal

EXAMPLES = """
Examples:

`drill heal`

`TOXIPROXY_URL=http://127.0.0.1:8474 drill heal`

Exit codes: 0 healed (or nothing was broken), 3 no world here, or it cannot be healed.
"""


def heal() -> None:
    """Take off every toxic, enable every proxy, thaw frozen components of the world that `drill env up` left running
    here: its own proxies, and no others that its Toxiproxy may have. Where no world runs, the Toxiproxy that
    TOXIPROXY_URL names is healed of what drills did to it: all proxies named drill-ID.LINK, of any world, and nobody
    else's. What a harness that was killed has left elsewhere is undone in any case."""
    from harness.live.leftovers.undoing import undo_abandoned

    console = terminal.console()
    undone, failed = undo_abandoned()
    for sentence in undone:
        console.print(Text(sentence))
    if failed:
        raise HealError("\n".join(failed))
    world, url = world_file.running(world_file.path_in(Path.cwd())), os.environ.get("TOXIPROXY_URL")
    if world is None and not url:
        if undone:
            console.print("healed")
            return
        raise InputError("no world runs here (see `drill env up`), and TOXIPROXY_URL names no Toxiproxy server")
    from harness.live import healing
    from harness.live.standing.renewed import processes_now
    from harness.parts.links.toxiproxy.healing import heal_links_of_ours
    from harness.world.links import heal as heal_links

    done = heal_links_of_ours(url or "") if world is None else heal_links(world.environment, world.links)
    processes = {} if world is None else processes_now(world.processes)
    done += healing.thaw({name: process.tree for name, process in processes.items()})
    for sentence in done:
        console.print(Text(sentence))
    for name in healing.ended({name: process.tree for name, process in processes.items() if not process.renewed}):
        console.print(Text(f"{name} has ended; healing starts nothing: `drill env down`, then `drill env up`"))
    console.print("healed" if done or undone else "nothing was broken")
