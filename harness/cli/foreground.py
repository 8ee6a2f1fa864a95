"""Worlds in the foreground, of `drill env up --foreground` and `drill run --keep`: they live as long as the command."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.cli import world_status
from harness.drill.options import RunOptions
from harness.errors import DrillError
from harness.live.backend import LiveWorld
from harness.live.standing import world_file
from harness.live.standing.supervisor import described, published, standing, stay
from harness.processes.fork_servers import ForkServers

KEPT_BY = "drill run --keep"


def hold(options: RunOptions, path: Path, console: Console, told: Callable[[str], None]) -> None:
    """Start a world, show where everything is, and hold it until it is interrupted."""
    try:
        with standing(options, path, "drill env up --foreground", told) as (world, state):
            told("ready\n")
            world_status.show(state, console)
            console.print("\nCtrl-C ends it (or `drill env down` elsewhere).")
            stay(world, path, lambda sentence: console.print(Text(sentence)))
    except KeyboardInterrupt:
        console.print("the world is down")


def keep(world: LiveWorld, servers: ForkServers, options: RunOptions, path: Path, console: Console) -> None:
    """Hold a failed drill's world until KeyboardInterrupt, with its subject running again.

    Where another world runs here, `drill env`, `watch` and `heal` stay with that one, and this one is only shown.
    Raises DrillError when something of it ends, or it cannot be shown.
    """

    def say(sentence: str) -> None:
        console.print(Text(sentence), soft_wrap=True)

    say("\n--keep: the world stays up as the drill left it, and healed")
    try:
        world.seams.platform.start_subject()
    except DrillError as error:  # it may be why the drill failed: there is still the rest to look at
        say(f"the subject could not be started again: {error}")
    with ExitStack() as stack:
        if stack.enter_context(world_file.claimed(path)):
            state = stack.enter_context(published(world, servers, options, path, KEPT_BY))
            world_status.show(state, console)
            say("\nCtrl-C ends it (or `drill env down` elsewhere).")
            stay(world, path, say)
        else:
            world_status.show(described(world, servers, options, KEPT_BY), console, commands=False)
            say("\nAnother world runs here, so `drill env`, `drill watch` and `drill heal` mean that one, not this.")
            say("Ctrl-C ends this one.")
            stay(world, None, say)
