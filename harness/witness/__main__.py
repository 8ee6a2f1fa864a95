"""Run the witness by hand: `python -m harness.witness --config FILE_OR_JSON`. Its admin interface starts it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import DrillError, InputError
from harness.witness.process import serve


def _load(text: str) -> dict[str, Any]:
    try:
        source = text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8")
        config = json.loads(source)
    except (OSError, ValueError) as error:
        raise InputError(f"--config: {error}") from error
    if not isinstance(config, dict):
        raise InputError("--config: must be a JSON object")
    return config


def _announce(payload: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(payload) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Exit code 0, or 3 for wrong input or a failure of ours."""
    parser = argparse.ArgumentParser(prog="python -m harness.witness", description=__doc__)
    parser.add_argument("--config", required=True, help="a JSON file, or the JSON itself")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        serve(_load(options.config), _announce)
    except DrillError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
