"""Run the Route 53 data plane by hand: `python -m harness.parts.steering.route53 --config FILE_OR_JSON`.

Prints where it listens as one line of JSON, then serves until Ctrl-C. See docs/ROUTE53.md for the configuration.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import DrillError, InputError
from harness.parts.steering.route53.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after a signal, 3 when the configuration or an address is wrong."""
    parser = argparse.ArgumentParser(prog="python -m harness.parts.steering.route53", description="Route 53 data plane")
    parser.add_argument("--config", required=True, help="a JSON file, or JSON itself")
    parser.add_argument("--dns", metavar="HOST:PORT", help="where to answer DNS, instead of the configuration's `dns`")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        config = _read(options.config)
        if options.dns:
            host, _, port = options.dns.rpartition(":")
            config["dns"] = [host, int(port) if port.isdigit() else port]
        serve(config, _announce)
    except DrillError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def _read(text: str) -> dict[str, Any]:
    source = text if text.lstrip().startswith("{") else _file(Path(text))
    try:
        config = json.loads(source)
    except json.JSONDecodeError as error:
        raise InputError(f"--config is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError("--config must be a JSON object")
    return config


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"--config: cannot read {path}: {error.strerror}") from error


def _announce(addresses: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
