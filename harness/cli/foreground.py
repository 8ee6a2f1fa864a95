"""A standing world in the foreground: it lives as long as this command does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.cli import world_status
from harness.drill.options import RunOptions
from harness.live.standing import standing, stay
from harness.live.world_file import StandingWorld


def hold(options: RunOptions, path: Path, console: Console, told: Callable[[str], None]) -> None:
    """Start a world, show where everything is, and hold it until it is interrupted."""
    try:
        with standing(options, path, "drill env up --foreground", told) as (world, state):
            told("ready\n")
            world_status.show(state, console)
            console.print("\nCtrl-C ends it (or `drill env down` elsewhere).")
            stay(world, state, path, lambda sentence: console.print(Text(sentence)))
    except KeyboardInterrupt:
        console.print("the world is down")


def show_kept(state: StandingWorld, console: Console) -> None:
    """Say that a drill's world has been kept, and where everything is."""
    console.print(Text("\n--keep: the world stays up as the drill left it, healed, with its subject started again.\n"))
    world_status.show(state, console)
    console.print("\nCtrl-C ends it (or `drill env down` elsewhere).")
