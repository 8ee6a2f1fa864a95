"""A long sale over a failover: is what every webhook asks for done exactly once, by the shop's own ledger?

    python benchmarks/webhook_burst.py [--messages 10000] [--rate 8] [--json FILE]

One drill on the environment `shopify`: the shop takes so many orders at that rate of messages a second (wall), the
primary region is lost in the middle of them and heals again, and service fails back while the sale goes on. In the end
the application must know of everything, have done nothing twice, and no older state may have replaced a newer one. The
rate is what two cores carry here: a message is some five strongly consistent writes, each in two of three regions that
moto plays; at 25 a second two cores are swamped, and the drill proves nothing. Exit code 1 when the drill is
not MET, or fewer messages were sent.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from baseline import machine
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
FAST = 10
"""Production seconds in a second of the fast profile."""
SCENARIO = """
Feature: A sale

  Scenario: Sale over a failover
    Given the application runs in two regions
    And the shop sells 0.5 orders a second
    And steady state in the primary region
    When the shop takes {orders} orders within {sale_s} seconds
    And {quarter_s} seconds pass
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    When {rest_s} seconds pass
    Then the application knows of everything that happened in the shop
    And nothing was done twice because of one event
    And no older state took the place of a newer one
"""


def scenario(messages: int, rate: float) -> str:
    """The feature file. rate: messages a second of wall time; each order is one."""
    sale_s = FAST * messages / rate
    return SCENARIO.format(
        orders=messages, sale_s=round(sale_s), quarter_s=round(sale_s / 4), rest_s=round(sale_s * 0.75)
    )


def drilled(feature: Path, reports: Path) -> dict[str, object]:
    """What the drill's run.json says of it; its own words go to stderr."""
    command = [
        sys.executable, "-m", "harness.cli.main", "run", str(feature), "--environment", "shopify",
        "--reports", str(reports),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False)
    found: dict[str, object] = json.loads((reports / "latest" / "run.json").read_text(encoding="utf-8"))["drills"][0]
    return found


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=8.0, help="messages a second, wall time")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drill-webhook-burst-") as folder:
        feature = Path(folder) / "sale.feature"
        feature.write_text(scenario(options.messages, options.rate), encoding="utf-8")
        drill = drilled(feature, Path(folder) / "reports")
    measured = drill.get("measured")
    business = measured.get("business", {}) if isinstance(measured, dict) else {}
    console = Console(width=120)
    console.print(machine())
    console.print(f"{drill['verdict']}, {drill['duration_s']:.0f} s; RTO {drill['rto']}", soft_wrap=True, markup=False)
    for name, value in business.items():
        console.print(f"  {name:20} {value}", soft_wrap=True, markup=False)
    for reason in drill["reasons"] if isinstance(drill["reasons"], list) else ():
        console.print(f"  - {reason}", soft_wrap=True, markup=False)
    if options.json:
        told = {"verdict": drill["verdict"], "rto": drill["rto"], "business": business, "machine": machine()}
        options.json.write_text(json.dumps(told, indent=2), encoding="utf-8")
    return 0 if drill["verdict"] == "MET" and business.get("messages", 0) >= options.messages else 1


if __name__ == "__main__":
    sys.exit(main())
