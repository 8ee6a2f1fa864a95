"""Ctrl-C while a command is still being loaded: an interruption, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = """\
import sys, threading
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            print("loading", flush=True)
            threading.Event().wait(60)
sys.meta_path.insert(0, Slow())
"""


@pytest.mark.parametrize("module", ["typer", "harness.errors", "harness.cli.diff", "botocore.session"])
@pytest.mark.parametrize("entry", [["-m", "harness.cli.main"], [str(Path(sys.executable).with_name("drill"))]])
def test_an_interruption_while_modules_are_loaded_leaves_no_traceback(
    module: str, entry: list[str], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW.format(module=module))
    command = [sys.executable, *entry, "diff", "us-east-1:one@http://127.0.0.1:9", "us-east-1:other"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    ) as drill:
        assert drill.stdout is not None
        assert drill.stdout.readline() == "loading\n"
        drill.send_signal(signal.SIGINT)
        _, err = drill.communicate(timeout=60)
    assert drill.returncode == 130
    assert "Traceback" not in err
