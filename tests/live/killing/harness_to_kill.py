"""A harness that is to be killed: a world that starts, is broken in every way that could outlive it, and ends.

    python harness_to_kill.py ENVIRONMENT SUBJECT

Tells each step on standard output when it begins, so that a test can kill it in any of them.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from harness.drill.options import resolve
from harness.errors import DrillError
from harness.faults.catalogue import fault_named
from harness.faults.model import Fault
from harness.faults.needs import lacking
from harness.processes.interruption import EXIT_INTERRUPTED, guarded

HELD_S = 0.02


def faults() -> list[Fault]:
    """One of each kind that leaves something broken until it is healed."""
    east = "us-east-1"
    return [
        fault_named("region-outage", target="us-west-2", mode="black-hole"),
        fault_named("latency", target=east),
        fault_named("process-freeze", target="app.us-east-1,worker"),
        fault_named("process-kill", target="app.us-west-2"),
        fault_named("region-outage", target=east, mode="refuse"),
        fault_named("database-power-cycle", target=east),
    ]


def say(step: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()


def main(environment: str, subject: str) -> None:
    """Everything once."""
    from harness.live.backend import LiveWorld
    from harness.live.ground import warm

    options = resolve({"environment": environment, "subject": subject}, os.environ, Path.cwd(), 7)
    with ExitStack() as stack:
        say("warm")
        servers = warm(stack, options)
        say("world")
        world = stack.enter_context(LiveWorld(options, servers))
        say("subject")
        world.start_subject()
        held = ExitStack()
        for fault in faults():
            if lacking(fault.needs, world.capabilities()) is not None:
                continue
            say("fault")
            held.enter_context(world.inject(fault))
            time.sleep(HELD_S)
        say("heal")
        held.close()
        say("down")
    say("gone")


if __name__ == "__main__":
    say("begin")
    try:
        with guarded():
            main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except DrillError as error:
        sys.exit(str(error))
