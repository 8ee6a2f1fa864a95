"""What happens in a process right after the fork: cut loose from the parent, then serve or exec. Never returns."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from harness.errors import DrillError, InputError
from harness.processes import forkserver_linux

EXIT_INPUT = 3
EXIT_EXEC = 127
"""What a shell answers for a command that could not be run."""


def _detach(name: str, parent: int, output_fd: int, keep: Sequence[int]) -> None:
    """A session of its own (Ctrl-C in the terminal must not reach it), output to the pipe, no descriptor of others."""
    forkserver_linux.die_with_parent(parent)
    os.setsid()
    forkserver_linux.show_as(name)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _report(fd: int, body: Mapping[str, Any]) -> None:
    data = json.dumps(body).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]


def serve(
    name: str, module: str, config: Mapping[str, Any], *, parent: int, output_fd: int, report_fd: int
) -> NoReturn:
    """Run `module.serve(config, ready)`; report {"ready": payload} or {"error": text} on `report_fd`."""
    code = 1
    try:
        _detach(name, parent, output_fd, [report_fd])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as in any Python program
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        importlib.import_module(module).serve(config, lambda payload: _report(report_fd, {"ready": dict(payload)}))
        code = 0
    except InputError as error:
        _report(report_fd, {"error": str(error)})
        code = EXIT_INPUT
    except SystemExit as error:
        if isinstance(error.code, str):
            sys.stderr.write(error.code + "\n")
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:  # noqa: BLE001 - the last frame of this process: reported, never swallowed
        said = str(error) if isinstance(error, DrillError) else f"{type(error).__name__}: {error}"
        if not isinstance(error, DrillError):  # one of ours says what there is to know
            traceback.print_exc()
        _report(report_fd, {"error": said})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def execute(
    name: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    *,
    parent: int,
    output_fd: int,
    report_fd: int,
) -> NoReturn:
    """Become another program; report {"error": text} on `report_fd` (closed by a successful exec) when it cannot be."""
    try:
        _detach(name, parent, output_fd, [report_fd])
        os.set_inheritable(report_fd, False)
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), dict(env))  # noqa: S606 - a list, never a shell string
    except OSError as error:
        place = f" (folder {cwd})" if error.filename == cwd else ""
        _report(report_fd, {"error": f"cannot run {argv[0]!r}: {error.strerror}{place}"})
    finally:
        os._exit(EXIT_EXEC)
