"""Undoes by force what anybody did to a world: takes every toxic off, enables every proxy, thaws frozen processes.

The adversary heals what it broke itself; this heals what was broken by hand, or by a harness that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psutil

from harness.errors import HealError, LinkError
from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.parts.links.toxiproxy.prefix import prefixes_of_ours
from harness.processes import process_tree
from harness.processes.process_tree import Tree


def heal_links(client: ToxiproxyClient) -> list[str]:
    """Heal every proxy that a client sees; a sentence for each thing that was done.

    Raises HealError when some of it stays. A real Toxiproxy enables a proxy by listening anew, which can fail for one
    alone; so each is looked at afterwards.
    """
    done = []
    for name, proxy in sorted(client.proxies().items()):
        toxics = client.toxics(name)
        done += [f"{name}: toxic {toxic.name or toxic.type} ({toxic.type}, {toxic.stream}) removed" for toxic in toxics]
        if not proxy.enabled:
            done.append(f"{name}: enabled")
    why = ""
    if done:
        try:
            client.reset()
        except LinkError as error:
            why = f" ({error})"
    left = [name for name, proxy in client.proxies().items() if not proxy.enabled or client.toxics(name)]
    if left or why:
        raise HealError(f"still broken after a reset of {client.url}: {', '.join(sorted(left)) or 'something'}{why}")
    return done


def heal_links_of_ours(url: str) -> list[str]:
    """Heal what any world of ours, standing or gone, has on a server; nothing else there is touched.

    Raises HealError after having tried all of them.
    """
    done: list[str] = []
    problems = []
    for prefix in prefixes_of_ours(ToxiproxyClient(url).proxies()):
        try:
            done += [prefix + sentence for sentence in heal_links(ToxiproxyClient(url, prefix=prefix))]
        except HealError as error:
            problems.append(f"{prefix}: {error}")
    if problems:
        raise HealError("; ".join(problems))
    return done


def frozen(tree: Tree) -> bool:
    """Whether any process of a tree is stopped."""
    return any(_stopped(member.pid) for member in process_tree.members(process_tree.table(), tree))


def _stopped(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def thaw(trees: Mapping[str, Tree]) -> list[str]:
    """Thaw what is frozen; a sentence for each. trees: by instance name."""
    stopped = {name: tree for name, tree in trees.items() if frozen(tree)}
    process_tree.thaw(*stopped.values())
    return [f"{name}: thawed" for name in stopped]


def ended(trees: Mapping[str, Tree]) -> Iterable[str]:
    """The instances that no longer run; healing starts nothing."""
    rows = process_tree.table()
    return [name for name, tree in trees.items() if not process_tree.members(rows, tree)]
