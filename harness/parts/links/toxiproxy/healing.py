"""Undoes by force what anybody did to links: takes every toxic off, and enables every proxy."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from harness.errors import HealError, LinkError
from harness.parts.links.toxiproxy.client import ToxiproxyClient, nobody_listens
from harness.parts.links.toxiproxy.prefix import prefixes_of_ours


def client_of(handle: Mapping[str, str]) -> ToxiproxyClient:
    """A client of the links of one world. handle: as Toxiproxy.handle gives it."""
    return ToxiproxyClient(handle["url"], prefix=handle.get("prefix", ""))


def heal(handle: Mapping[str, str]) -> list[str]:
    """See harness.world.links.heal."""
    return heal_links(client_of(handle))


def broken(handle: Mapping[str, str]) -> tuple[str, ...]:
    """See harness.world.links.broken."""
    try:
        proxies = client_of(handle).proxies()
    except LinkError:  # its end is told where the world's is
        return ()
    found = []
    for name, proxy in sorted(proxies.items()):
        found += [] if proxy.enabled else [f"{name} disabled"]
        found += [f"{name} {toxic.type}" for toxic in proxy.toxics]
    return tuple(found)


def take_away(handle: Mapping[str, str]) -> list[str]:
    """Delete every proxy of a world that is gone, and what is on it with it; a sentence for each.

    A server where nobody listens any more has none. Raises HealError when some stay, LinkError when it does not answer.
    """
    client = client_of(handle)
    if not client.prefix:
        raise HealError(f"the proxies of that world on {client.url} cannot be told from others: they have no prefix")
    if nobody_listens(client.url):
        return [f"nothing listens at {client.url} any more"]
    names = sorted(client.proxies())
    for name in names:
        with contextlib.suppress(LinkError):  # looked at below
            client.delete(name)
    left = sorted(client.proxies())
    if left:
        raise HealError(f"still on {client.url}: {', '.join(left)}")
    return [f"{client.prefix}{name} deleted" for name in names]


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
