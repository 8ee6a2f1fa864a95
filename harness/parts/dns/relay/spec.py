"""What the environment file says of the way to DNS: how many resolvers and name servers there are, and how clients ask.

A client asks the first resolver, waits, asks the next, and begins anew when none has answered, as the C library's stub
does with the servers of resolv.conf (its own: 5 s, twice; an operation's deadline cuts that off).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from harness.topology.environment import Environment, Seconds, Spec
from harness.topology.mistakes import Mistake

MOST = 4


class Relay(Spec):
    """name_servers: that are asked by each resolver; all of them answer for the zone. resolvers: that every client
    knows, in their order. timeout_s: how long a client waits for a resolver, in wall seconds like all of the clients'
    times. attempts: how often it asks all of them.
    """

    name_servers: Annotated[int, Field(ge=1, le=MOST)] = 2
    resolvers: Annotated[int, Field(ge=1, le=MOST)] = 2
    timeout_s: Seconds = 0.3
    attempts: Annotated[int, Field(ge=1, le=5)] = 2


SPEC = Relay
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.dns.relay.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A stack that is not ours has a way to DNS of its own."""
    if environment.platform.kind == "external":
        yield Mistake(("dns", "kind"), "dns.kind: relay: only a world of our own is asked over links of ours")
