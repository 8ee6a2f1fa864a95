"""How fast histories are measured and judged: operations per second of one process, on columns and by the oracle.

    python benchmarks/checkers.py [--operations 100000] [--repeat 5] [--no-oracle] [--causal]

The history is a drill as clients see it: 8 dns clients and 4 pinned ones, unique keys, registers that all share, a few
deletes, counters and groups of two, an outage in the middle, everything replicated after half a second. It is made as
columns, which are there once for all. The oracle is what the tests compare with: the same measurements, one operation
at a time; it is given the same history as objects. `live view` takes one event at a time, while a drill runs: it judges
nothing, and so it is no part of the sum.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from made_history import A, B, History, history

from harness.checkers.aftermath import goodput, hung
from harness.checkers.anomalies import anomalies
from harness.checkers.both_sides import both_sides
from harness.checkers.failback import failback
from harness.checkers.flapping import needless_failover
from harness.checkers.nowhere import nowhere
from harness.checkers.promise import Promise
from harness.checkers.split_brain import split_brain
from harness.checkers.staleness import staleness
from harness.history.codes import ABSENT
from harness.history.columns import Columns
from harness.history.events import Commit, Event, HealthTransition, Operation
from harness.history.tables import CommitColumns, TableState
from harness.measurement import availability, lateness
from harness.measurement.final_state import lost_after_heal
from harness.measurement.gray import gray
from harness.measurement.live import LiveState
from harness.measurement.models import Padding
from harness.measurement.outages import interruptions
from harness.measurement.recovery_point import recovery_point
from harness.measurement.recovery_time import recovery_by_cohort
from harness.measurement.relapse import relapses
from harness.measurement.severed import Cut
from harness.measurement.shares import Share
from harness.units import NS_PER_MS, NS_PER_S

ORACLE = Path(__file__).parents[1] / "tests" / "properties"
PLACES = {A: "us-east-1", B: "us-west-2"}
BIN_NS = 10 * NS_PER_S
WINDOW_NS, PADDING = 10 * NS_PER_S, Padding(10 * NS_PER_MS)


def tasks(h: History) -> dict[str, Callable[[], object]]:
    """Every measurement and checker, by what it is called."""
    columns, log, final = h.columns, h.logs["us-west-2"], h.final
    return {
        "recovery time": lambda: recovery_by_cohort(columns, h.fault, None, WINDOW_NS, PADDING),
        "relapses": lambda: relapses(columns, 0, until_ns=None, window_ns=WINDOW_NS, padding=PADDING),
        "interruptions": lambda: interruptions(columns, WINDOW_NS, PADDING),
        "availability": lambda: (
            availability.by_cohort(columns), availability.failure_rates(columns, 0, h.fault.start_low_ns),
            availability.share(columns, cohort="dns"), availability.bins(columns, BIN_NS),
        ),
        "lateness": lambda: (lateness.lateness_ns(columns), lateness.padding(columns, 0, h.fault.start_low_ns)),
        "recovery point": lambda: recovery_point(columns, log, lost_address=A, survivor_address=B, fault=h.fault),
        "final state": lambda: lost_after_heal(columns, final["us-west-2"], final["us-east-1"]),
        "staleness": lambda: staleness(columns),
        "split brain": lambda: split_brain(columns, regions=PLACES, turn_ns=WINDOW_NS),
        "failback": lambda: failback(
            columns, [], primary_address=B, standby_address=A, heal_ns=h.heal_ns, final=None
        ),
        "needless failover": lambda: needless_failover([], columns, stayed_address=A, from_ns=0, to_ns=h.heal_ns),
        "nowhere to go": lambda: nowhere(columns, regions=PLACES, from_ns=h.fault.start_high_ns, to_ns=h.heal_ns),
        "gray time": lambda: gray(columns, [HealthTransition("us-east-1", "unhealthy", 0, 16, h.heal_ns)], PLACES),
        "goodput": lambda: goodput(
            columns, usual=Share(1, 1), healed_ns=h.heal_ns, within_ns=WINDOW_NS, until_ns=None
        ),
        "hung requests": lambda: hung(columns, budget_ns=WINDOW_NS),
        "both sides": lambda: both_sides(
            columns, [Cut(h.fault.start_low_ns, h.heal_ns)], PLACES, h.logs, final, "us-west-2"
        ),
        "anomalies": lambda: anomalies(columns, final, h.logs, Promise(causal=h.causal), places=PLACES),
    }  # fmt: skip


def oracle_tasks(h: History) -> dict[str, Callable[[], object]]:
    """The same, one operation at a time, where there is such a thing."""
    sys.path.insert(0, str(ORACLE))
    import oracle.availability  # type: ignore[import-not-found]
    import oracle.final_state  # type: ignore[import-not-found]
    import oracle.lateness  # type: ignore[import-not-found]
    import oracle.outages  # type: ignore[import-not-found]
    import oracle.recovery_point  # type: ignore[import-not-found]
    import oracle.recovery_time  # type: ignore[import-not-found]
    import oracle.relapse  # type: ignore[import-not-found]
    import oracle.split_brain  # type: ignore[import-not-found]
    import oracle.staleness  # type: ignore[import-not-found]

    operations = list(h.columns)
    commits = _commits("us-west-2", h.logs["us-west-2"])
    states = [_items(state) for state in h.final.values()]
    before_ns = h.fault.start_low_ns
    return {
        "recovery time": lambda: oracle.recovery_time.recovery_by_cohort(
            operations, h.fault, None, WINDOW_NS, PADDING
        ),
        "relapses": lambda: oracle.relapse.relapses(
            operations, 0, until_ns=None, window_ns=WINDOW_NS, padding=PADDING
        ),
        "interruptions": lambda: oracle.outages.interruptions(operations, WINDOW_NS, PADDING),
        "availability": lambda: (
            oracle.availability.by_cohort(operations), oracle.availability.failure_rates(operations, 0, before_ns),
            oracle.availability.share(operations, cohort="dns"), oracle.availability.bins(operations, BIN_NS),
        ),
        "lateness": lambda: (
            oracle.lateness.lateness_ns(operations), oracle.lateness.padding(operations, 0, before_ns),
        ),
        "recovery point": lambda: oracle.recovery_point.recovery_point(
            operations, commits, lost_address=A, survivor_address=B, fault=h.fault
        ),
        "final state": lambda: oracle.final_state.lost_after_heal(operations, *states),
        "staleness": lambda: oracle.staleness.staleness(operations),
        "split brain": lambda: oracle.split_brain.split_brain(operations, regions=PLACES, turn_ns=WINDOW_NS),
    }  # fmt: skip


def _commits(side: str, log: CommitColumns) -> list[Commit]:
    return [
        Commit(side, "items", log.key_text(int(key)), log.names.text_of(int(value)), seq, int(at_ns))
        for seq, (key, value, at_ns) in enumerate(zip(log.key, log.value, log.at_ns, strict=True))
    ]


def _items(state: TableState) -> dict[str, str]:
    return {state.names.keys[int(key)]: state.text(int(key)) or "" for key in np.flatnonzero(state.values != ABSENT)}


def feed(operations: Sequence[Operation]) -> Callable[[], object]:
    """The live view takes every event of the history."""
    events: list[Event] = []
    for operation in operations:
        assert operation.completion is not None
        events.extend((operation.invoke, operation.completion))
    events.sort(key=lambda event: event.mono_ns)

    def run() -> None:
        state = LiveState(survivor_address=B)
        for event in events:
            state.step(event)

    return run


def timed(task: Callable[[], object]) -> float:
    """Seconds that it keeps one core busy, whatever else runs on this machine."""
    begun_s = time.process_time()
    task()
    return time.process_time() - begun_s


def main() -> None:
    """Time every measurement and checker, old and new, and print operations per second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--no-oracle", action="store_true", help="do not time the oracle, nor the live view")
    parser.add_argument("--causal", action="store_true", help="the order between items is promised, and judged, too")
    arguments = parser.parse_args()
    count = arguments.operations
    made = history(count)
    new: dict[str, list[float]] = {}
    sums: list[float] = []
    for _ in range(arguments.repeat):
        # Columns without what an earlier round has worked out: every round pays for it anew.
        fresh = History(_fresh(made.columns), made.logs, made.final, made.fault, made.heal_ns, arguments.causal)
        took = {name: timed(task) for name, task in tasks(fresh).items()}
        sums.append(sum(took.values()))
        for name, took_s in took.items():
            new.setdefault(name, []).append(took_s)
    old = {} if arguments.no_oracle else {name: timed(task) for name, task in oracle_tasks(made).items()}
    print(f"{'':<18}{'oracle':>12}{'columns':>14}   operations/s, median of {arguments.repeat}")
    for name, seconds in new.items():
        before = f"{count / old[name]:>12,.0f}" if name in old else f"{'-':>12}"
        print(f"{name:<18}{before}{count / median(seconds):>14,.0f}")
    if not arguments.no_oracle:
        print(f"{'live view':<18}{count / timed(feed(made.columns)):>12,.0f}{'-':>14}   one event at a time")
    low, high = count / max(sums), count / min(sums)
    together = f"{count / sum(old.values()):>12,.0f}" if old else f"{'-':>12}"
    print(f"{'all together':<18}{together}{count / median(sums):>14,.0f}   {low:,.0f} to {high:,.0f}")
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{median(sums):.2f} s for {count:,} operations, {peak_gb:.2f} GB at most")


def _fresh(columns: Columns) -> Columns:
    return Columns(**{field: getattr(columns, field) for field in columns.__dataclass_fields__})


if __name__ == "__main__":
    main()
