"""How long real clients keep a DNS answer, beside the profile that stands for each (docs/AUDIENCE.md).

    python -m benchmarks.audience_clients [--ttl 5] [CLIENT ...]

Each client looks one name up again and again, in a network of its own in which our name server answers with the given
TTL; kept_s is the longest time between two questions of its (0 if it asked each time), expected_s what its profile says
of such a TTL. All at once, for a little longer than the longest expected. Prints one line of JSON for each; a client
that is not installed is left out, with the reason.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "conformance"))

import real_clients

from harness.audience import profile_of

_EVERY_S = 1.0
_BESIDE_S = 12.0
"""To start, and to ask a second time."""


def measured(client: str, ttl_s: int) -> dict[str, Any]:
    """One line."""
    if (why := real_clients.lacking(client)) is not None:
        return {"client": client, "left_out": why}
    profile = real_clients.CLIENTS_KNOWN[client].profile
    expected_s = profile_of(profile).cache.kept_s(ttl_s)
    times = round((expected_s + _BESIDE_S) / _EVERY_S)
    looked = real_clients.look(client, ttl_s=ttl_s, times=times, every_s=_EVERY_S)
    kept_s = 0.0 if len(looked.asked_s) >= times else round(looked.kept_s, 2) if len(looked.asked_s) > 1 else None
    return {
        "client": client, "profile": profile, "ttl_s": ttl_s, "expected_s": expected_s, "kept_s": kept_s,
        "asked": len(looked.asked_s), "watched_s": times * _EVERY_S,
    }  # fmt: skip


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="*", default=list(real_clients.CLIENTS_KNOWN))
    parser.add_argument("--ttl", type=int, default=5)
    arguments = parser.parse_args()
    with ThreadPoolExecutor() as pool:
        for line in pool.map(lambda client: measured(client, arguments.ttl), arguments.clients):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
