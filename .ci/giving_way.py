"""Runs a command so that it gives way to all else on the machine: `python .ci/giving_way.py COMMAND ...`

It leads a session of its own: a signal to its group ends all of it, and where Linux shares the processors among
sessions before it looks at a process's own priority, the session has the same one. A tenth is left to it on a machine
that is busy all the time, so that nothing in it waits for ever. Ctrl-C ends it, which a script's background job would
not heed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

PRIORITY = 10

if __name__ == "__main__":
    for one in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(one, signal.SIG_DFL)
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.nice(PRIORITY)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as session:
        session.write(str(PRIORITY))
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the caller's
