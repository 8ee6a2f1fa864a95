"""Running one process of ours by hand: `python -m PROGRAM --config FILE_OR_JSON`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import DrillError, InputError
from harness.kit.process import Serve
from harness.kit.strict_json import strict_json

EXIT_FAILED = 3
"""The configuration is wrong, or an address is taken."""

CONFIG_HELP = "a JSON file, or JSON itself"


def command_line(serve: Serve, program: str, description: str, arguments: Sequence[str] | None = None) -> int:
    """Serve, and print the ready payload as one line of JSON. Returns the exit code: 0 after a signal, or 3."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--config", required=True, help=CONFIG_HELP)
    given: str = parser.parse_args(arguments).config
    return serve_by_hand(serve, lambda: load_config(given))


def serve_by_hand(serve: Serve, config: Callable[[], Mapping[str, Any]]) -> int:
    """The same for a program with flags of its own. config: what they come to; may raise InputError."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        serve(config(), _print_ready)
    except (DrillError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    return 0


def load_config(given: str) -> dict[str, Any]:
    """The JSON object in a file, or in the text itself. Raises InputError."""
    try:
        config = strict_json(given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--config: cannot read {given}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"--config: no JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError("--config: a JSON object is wanted")
    return config


def _print_ready(payload: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(payload) + "\n")
    sys.stdout.flush()
