"""What the environment file says of global tables: `replication: {kind: global_tables, ...}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from harness.parts.data.global_tables.regions import same_set
from harness.topology.environment import Environment, Name, Seconds, Spec
from harness.topology.mistakes import Mistake


class GlobalTables(Spec):
    """The subject's tables as global tables.

    consistency: `eventual` (asynchronous, last writer wins) or `strong` (synchronous to one other region). tables: by
    name, None: all of the subject's. lag_median_s, lag_sigma: of `eventual`, how long a change takes to another region,
    in production seconds: a lognormal distribution, of which half is longer than the median, and how much it spreads
    ("usually within a second", Developer Guide, "Using DynamoDB global tables"; no bound is documented). witness: of
    `strong` with two replicas, the region that holds changes and no table. skew_ms: by region, how far ahead the clock
    is that stamps writes there (`eventual`).
    """

    consistency: Literal["eventual", "strong"] = "eventual"
    tables: tuple[str, ...] | None = None
    lag_median_s: Seconds = 0.6
    lag_sigma: Annotated[float, Field(ge=0, le=3)] = 0.5
    witness: Name | None = None
    skew_ms: dict[str, Annotated[int, Field(ge=-60_000, le=60_000)]] = Field(default_factory=dict)


SPEC = GlobalTables
SECTION = "replication"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.data.global_tables.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Too few regions, or some that multi-Region strong consistency cannot span."""
    said = environment.replication.settings
    databases = environment.databases
    if len(databases) < 2:
        yield Mistake(("replication", "kind"), "global tables need the databases of two regions")
    if said.get("consistency", "eventual") == "eventual":
        if said.get("witness"):
            yield Mistake(("replication", "witness"), "a witness belongs to `consistency: strong`")
        return
    regions = (*databases, *filter(None, (said.get("witness"),)))
    if len(set(regions)) != 3:
        text = "`consistency: strong` needs three regions: three databases, or two and a witness"
        yield Mistake(("replication", "witness" if said.get("witness") else "consistency"), text)
    elif not same_set(regions):
        text = f"{', '.join(regions)} are not of one set of regions that strong consistency can span"
        yield Mistake(("replication", "consistency"), text)
