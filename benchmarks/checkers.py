"""How fast histories are measured and judged: operations per second of one process.

    python benchmarks/checkers.py [--operations 100000]

The history is a drill as clients see it: 8 dns clients and 4 pinned ones, unique keys and a few registers, an outage
in the middle, everything replicated after half a second.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

from harness.checkers.split_brain import split_brain
from harness.checkers.staleness import staleness
from harness.history.events import Commit, Completion, Event, Function, Invoke, Operation
from harness.measurement.final_state import lost_after_heal
from harness.measurement.live import LiveState
from harness.measurement.models import FaultInterval, Padding
from harness.measurement.outages import interruptions
from harness.measurement.recovery_point import recovery_point, state_at
from harness.measurement.recovery_time import recovery_by_cohort
from harness.outcome import Outcome
from harness.units import NS_PER_MS, NS_PER_S

A, B = "127.0.1.10", "127.0.2.10"
CLIENTS = [*(f"dns-{n}" for n in range(8)), *(f"pinned-a-{n}" for n in range(2)), *(f"pinned-b-{n}" for n in range(2))]
GAP_NS = 10 * NS_PER_MS
REGISTERS = 50


def history(count: int) -> tuple[list[Operation], list[Commit], FaultInterval]:
    """`count` operations, one every 10 ms, the survivor's commits, and the fault: 5 % of the time, in the middle."""
    source = random.Random(1)
    start_ns, stop_ns = count // 2 * GAP_NS, (count // 2 + count // 20) * GAP_NS
    values: dict[str, str | None] = dict.fromkeys(f"r{n}" for n in range(REGISTERS))
    operations: list[Operation] = []
    commits: list[Commit] = []
    for n in range(count):
        client, sent_ns = CLIENTS[n % len(CLIENTS)], n * GAP_NS
        cohort = client.rpartition("-")[0]
        down = start_ns <= sent_ns < stop_ns and cohort != "pinned-b"
        address = B if cohort == "pinned-b" or sent_ns >= stop_ns else A
        f: Function = "get" if n // len(CLIENTS) % 2 else "put"
        key = f"r{source.randrange(REGISTERS)}" if source.random() < 0.3 else f"u{n if f == 'put' else n - 1}"
        op = f"o{n}"
        outcome = Outcome.INFO if down else Outcome.OK
        end_ns = sent_ns + (NS_PER_S if down else source.randint(1, 9) * NS_PER_MS)
        if f == "put" and not down:
            values[key] = op
            commits.append(Commit("us-west-2", "items", key, op, len(commits), sent_ns + NS_PER_S // 2))
        value = op if f == "put" else values.get(key)
        epoch = 1 if address == A else 2
        invoke = Invoke(op, 0, client, cohort, f, key, op if f == "put" else None, sent_ns, sent_ns)
        completion = Completion(
            op, 0, client, cohort, f, key, value, outcome, end_ns, address=address, region=address, epoch=epoch
        )
        operations.append(Operation(invoke, completion))
    return operations, commits, FaultInterval(start_ns, start_ns + 20 * NS_PER_MS)


def feed(events: list[Event]) -> None:
    """The live view takes every event of the history."""
    state = LiveState(survivor_address=B)
    for event in events:
        state.step(event)


def main() -> None:
    """Time every measurement and checker, and print operations per second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=100_000)
    count = parser.parse_args().operations
    operations, commits, fault = history(count)
    events: list[Event] = []
    for operation in operations:
        assert operation.completion is not None
        events.extend((operation.invoke, operation.completion))
    events.sort(key=lambda event: event.mono_ns)
    padding, window_ns = Padding(10 * NS_PER_MS), 10 * NS_PER_S
    final = state_at(commits, count * GAP_NS + NS_PER_S)
    tasks: dict[str, Callable[[], object]] = {
        "recovery time": lambda: recovery_by_cohort(operations, fault, None, window_ns, padding),
        "interruptions": lambda: interruptions(operations, window_ns, padding),
        "recovery point": lambda: recovery_point(operations, commits, lost_address=A, survivor_address=B, fault=fault),
        "final state": lambda: lost_after_heal(operations, final, final),
        "staleness": lambda: staleness(operations),
        "split brain": lambda: split_brain(operations, regions={}, turn_ns=10 * NS_PER_S),
        "live view": lambda: feed(events),
    }
    total_s = 0.0
    for name, task in tasks.items():
        begun_s = time.perf_counter()
        task()
        took_s = time.perf_counter() - begun_s
        total_s += took_s
        print(f"{name:<16}{count / took_s:>14,.0f} operations/s")
    print(f"{'all together':<16}{count / total_s:>14,.0f} operations/s")


if __name__ == "__main__":
    main()
