"""Runs the server by hand: python -m harness.parts.links.toxiproxy [--host H] [--port P] [--seed N] [--config FILE]."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import DrillError, InputError
from harness.parts.links.toxiproxy.server import DEFAULT_API, serve


def main(arguments: list[str] | None = None) -> int:
    """Print the ready payload as one line of JSON and serve. Returns the exit code: 3 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m harness.parts.links.toxiproxy", description=__doc__)
    parser.add_argument("--host", default=DEFAULT_API[0], help="address of the HTTP API (loopback)")
    parser.add_argument("--port", default=DEFAULT_API[1], type=int, help="port of the HTTP API; 0: any free one")
    parser.add_argument("--seed", default=0, type=int, help="of all random draws")
    parser.add_argument("--config", help="a JSON file, or JSON itself; see harness.parts.links.toxiproxy.server.serve")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        config = {"api": [options.host, options.port], "seed": options.seed, **_load(options.config)}
        serve(config, _print_ready)
    except DrillError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def _load(text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        config = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--config {text}: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"--config {text}: expected an object")
    return config


def _print_ready(payload: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(payload) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
