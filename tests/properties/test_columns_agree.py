"""What is measured and judged on columns is what is measured and judged one operation at a time, to the last detail."""

from __future__ import annotations

import dataclasses
import importlib
import random
from collections.abc import Sequence
from pathlib import Path

import oracle.availability
import oracle.failback
import oracle.final_state
import oracle.flapping
import oracle.lateness
import oracle.nowhere
import oracle.outages
import oracle.recovery_point
import oracle.recovery_time
import oracle.relapse
import oracle.split_brain
import oracle.staleness
import oracle.streams
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measurement_simulation import A, B, make

from harness.checkers.failback import Usual, failback, refuses
from harness.checkers.flapping import needless_failover
from harness.checkers.nowhere import nowhere
from harness.checkers.split_brain import split_brain
from harness.checkers.staleness import wrong_reads
from harness.history import codec
from harness.history.columns import Columns
from harness.history.events import Commit, DnsAnswer, Event, Operation
from harness.history.gathering import columns_of, columns_of_events, read_columns
from harness.history.log import pair
from harness.measurement import availability, lateness
from harness.measurement.final_state import lost_after_heal
from harness.measurement.models import FaultInterval, Padding
from harness.measurement.outages import interruptions
from harness.measurement.recovery_point import Earlier, RecoveryPoint, Scans, recovery_point, state_at
from harness.measurement.recovery_time import recovery_bracket, recovery_by_cohort
from harness.measurement.relapse import relapses
from harness.names import AUTHORITATIVE
from harness.outcome import Outcome

CLIENTS = ("dns-0", "dns-1", "dns-2", "pinned-a-0", "pinned-b-0")


@dataclasses.dataclass
class Drill:
    """A history, and what is measured beside it. Times are small integers, so that many tie."""

    operations: list[Operation]
    commits: list[Commit]
    states: list[dict[str, str]]
    fault: FaultInterval
    heal_ns: int | None
    until_ns: int | None
    window_ns: int
    padding: Padding
    rate: float
    explained: set[str]
    source: random.Random


def drill(seed: int, length: int) -> Drill:
    source = random.Random(seed)
    span = source.choice((60, 1000, 1000))
    start = source.randrange(span)
    stop = start + source.randrange(span)
    operations: list[Operation] = []
    written: dict[str, list[str]] = {}
    commits: list[Commit] = []
    for n, sent in enumerate(sorted(source.randrange(2 * span) for _ in range(length))):
        client, f = source.choice(CLIENTS), source.choice(("put", "put", "get", "get", "get", "delete"))
        key = source.choice(("a", "b", "c", f"u{n}", f"u{n - 1}"))
        down = start <= sent < stop
        outcome = source.choice(
            (Outcome.OK, Outcome.INFO, Outcome.FAIL) if down else (Outcome.OK,) * 9 + (Outcome.INFO,)
        )
        end = None if outcome is Outcome.INFO and source.random() < 0.5 else sent + source.randint(0, span // 10)
        value = source.choice([*written.get(key, []), None, "nobody"][-4:]) if f == "get" else None
        op = make(f"o{n}", client, f, key, sent, end, outcome, source.choice((A, B)), value)  # type: ignore[arg-type]
        invoke = dataclasses.replace(op.invoke, planned_ns=sent - source.randint(-1, 3), extra=source.random() < 0.1)
        done = op.completion
        if done is not None:
            region, epoch = source.choice((None, "us-east-1", "us-west-2")), source.choice((None, 1, 2, 3))
            done = dataclasses.replace(done, region=region, epoch=epoch)
        operations.append(Operation(invoke, done))
        if f == "put":
            written.setdefault(key, []).append(f"o{n}")
        if f != "get" and source.random() < 0.7:
            shown = f"o{n}" if f == "put" else None
            commits.append(Commit("us-west-2", "items", key, shown, 0, sent + source.randint(0, span // 4)))
    commits.sort(key=lambda c: c.mono_ns)
    commits = [dataclasses.replace(commit, seq=seq) for seq, commit in enumerate(commits)]
    states = []
    for _ in range(2):
        keys = [*written, "of-its-own"]
        values = [v for of in written.values() for v in of] + ["nobody"]
        states.append({k: source.choice([*written.get(k, []), *values][-6:]) for k in keys if source.random() < 0.8})
    writes = [o.invoke.op for o in operations if o.is_write]
    return Drill(
        operations, commits, states, FaultInterval(start, start + source.randrange(5)),
        source.choice((None, stop)), source.choice((None, source.randrange(2 * span))), source.randint(0, span // 2),
        Padding(source.choice((0, 5)), source.randint(0, 3)), source.choice((0.0, 0.0, 0.05, 0.3, 1.0)),
        {op for op in writes if source.random() < 0.2}, source,
    )  # fmt: skip


def both(d: Drill) -> Sequence[Sequence[Operation]]:
    return (d.operations, columns_of(d.operations))


seeds = given(seed=st.integers(0, 2**32), length=st.integers(0, 80))
often = settings(max_examples=150, deadline=None)


@often
@seeds
def test_recovery_times_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    rates = {"dns": d.rate}
    for given_ in both(d):
        for until_ns in (None, d.until_ns):
            arguments = (d.fault, d.heal_ns, d.window_ns, d.padding, rates)
            expected = oracle.recovery_time.recovery_by_cohort(
                d.operations, *arguments, timeout_ns=20, until_ns=until_ns
            )  # fmt: skip
            assert recovery_by_cohort(given_, *arguments, timeout_ns=20, until_ns=until_ns) == expected
        some = (d.fault, d.heal_ns, d.window_ns, d.padding, d.rate)
        for client, kind in ((None, None), ("dns-0", None), (None, "writes")):
            bracket = oracle.recovery_time.recovery_bracket(d.operations, *some, client=client, kind=kind)  # type: ignore[arg-type]
            assert recovery_bracket(given_, *some, client=client, kind=kind) == bracket  # type: ignore[arg-type]


@often
@seeds
def test_relapses_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    served: list[int | dict[tuple[str, str], int]] = [
        0,
        d.fault.start_low_ns,
        {("dns-0", "reads"): 5, ("dns-1", "writes"): 9},
    ]
    for served_ns in served:
        for given_ in both(d):
            arguments = {
                "until_ns": d.until_ns, "window_ns": max(1, d.window_ns), "padding": d.padding, "failure_rate": d.rate,
                "timeout_ns": 20,
            }  # fmt: skip
            expected = oracle.relapse.relapses(d.operations, served_ns, **arguments)  # type: ignore[arg-type]
            assert relapses(given_, served_ns, **arguments) == expected  # type: ignore[arg-type]


@often
@seeds
def test_interruptions_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    for given_ in both(d):
        expected = oracle.outages.interruptions(d.operations, d.window_ns, d.padding, timeout_ns=20)
        assert interruptions(given_, d.window_ns, d.padding, timeout_ns=20) == expected


@often
@seeds
def test_shares_and_quantiles_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    first, last = d.source.randrange(100), d.source.randrange(2000)
    for given_ in both(d):
        for span in ((None, None), (first, last), (None, last), (first, None)):
            for cohort, kind in ((None, None), ("dns", None), (None, "reads"), ("dns", "writes"), ("nobody", None)):
                found = availability.share(given_, *span, cohort=cohort, kind=kind)  # type: ignore[arg-type]
                assert found == oracle.availability.share(d.operations, *span, cohort=cohort, kind=kind)  # type: ignore[arg-type]
            # In the order in which cohorts first appear in the span: by_cohort had them by the whole history.
            assert availability.by_cohort(given_, *span) == oracle.availability.by_cohort(d.operations, *span)
            assert lateness.latency_ns(given_, *span) == oracle.lateness.latency_ns(d.operations, *span)
        rates = oracle.availability.failure_rates(d.operations, first, last)
        assert list(availability.failure_rates(given_, first, last).items()) == list(rates.items())
        binned = oracle.availability.bins(d.operations, 7, 3)
        assert [(k, list(v.items())) for k, v in availability.bins(given_, 7, 3).items()] == [
            (k, list(v.items())) for k, v in binned.items()
        ]
        assert lateness.lateness_ns(given_) == oracle.lateness.lateness_ns(d.operations)
        assert lateness.padding(given_, first, last) == oracle.lateness.padding(d.operations, first, last)


def without_unknown(point: RecoveryPoint | None) -> RecoveryPoint | None:
    return None if point is None else dataclasses.replace(point, unknown_ids=())


@often
@seeds
def test_recovery_points_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    heal_ns = None if d.heal_ns is None else max(d.heal_ns, d.fault.start_high_ns)
    fault = dataclasses.replace(d.fault, stop_low_ns=heal_ns, stop_high_ns=heal_ns)
    addresses = {"lost_address": A, "survivor_address": B, "fault": fault}
    for given_ in both(d):
        for survivor in (d.commits, Scans(None, d.states[0]), Scans(d.states[0], d.states[1])):
            expected = oracle.recovery_point.recovery_point(d.operations, survivor, **addresses)  # type: ignore[arg-type]
            found = recovery_point(given_, survivor, **addresses)  # type: ignore[arg-type]
            assert without_unknown(found) == expected
            assert found is None or len(found.unknown_ids) == found.unknown
            if found is None or expected is None:
                continue
            again = dict(addresses, fault=FaultInterval(d.fault.start_low_ns + 200, d.fault.start_low_ns + 210))
            for held in (None, d.states[0], state_at(d.commits, d.fault.start_low_ns + 200)):
                expected = oracle.recovery_point.recovery_point(
                    d.operations,
                    survivor,
                    **again,
                    earlier=oracle.recovery_point.Earlier([without_unknown(found)], held),  # type: ignore[arg-type, list-item]
                )
                later = recovery_point(given_, survivor, **again, earlier=Earlier([found], held))  # type: ignore[arg-type]
                assert without_unknown(later) == expected


@often
@seeds
def test_final_states_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    missing = [o.invoke.op for o in d.operations if d.source.random() < 0.3]
    for given_ in both(d):
        for other in (None, d.states[1]):
            expected = oracle.final_state.lost_after_heal(d.operations, d.states[0], other, missing)
            assert lost_after_heal(given_, d.states[0], other, missing) == expected


@often
@seeds
def test_wrong_reads_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    for given_ in both(d):
        for judged in ("dns", "pinned-b"):
            expected = oracle.staleness.wrong_reads(d.operations, d.explained, judged)
            found = wrong_reads(given_, d.explained, judged)
            assert found.result() == expected.result()
            assert found.stale_count == expected.stale_count
            for name in ("stale", "back", "phantom"):
                assert list(getattr(found, name)) == list(getattr(expected, name))


@often
@seeds
def test_split_brains_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    for given_ in both(d):
        for regions in ({}, {A: "us-east-1", B: "us-west-2"}):
            for turn_ns in (0, d.window_ns):
                expected = oracle.split_brain.split_brain(d.operations, regions=regions, turn_ns=turn_ns)
                assert split_brain(given_, regions=regions, turn_ns=turn_ns) == expected


def numbered(d: Drill) -> list[Operation]:
    """Its operations, whose writes nearly all have an epoch of their own."""
    return [
        o if o.completion is None
        else dataclasses.replace(o, completion=dataclasses.replace(o.completion, epoch=n // d.source.choice((1, 1, 4))))
        for n, o in enumerate(d.operations)
    ]  # fmt: skip


def named(d: Drill, regions: Sequence[str | None]) -> list[Operation]:
    """Its operations, whose answers name any of these."""
    return [
        o if o.completion is None
        else dataclasses.replace(o, completion=dataclasses.replace(o.completion, region=d.source.choice(regions)))
        for o in d.operations
    ]  # fmt: skip


def logs_of(d: Drill) -> dict[str, list[Commit]]:
    """Commits of two sides, one of which may have what the other has, sooner or later."""
    sides: dict[str, list[Commit]] = {"us-east-1": [], "us-west-2": []}
    for o in d.operations:
        for side, log in sides.items():
            if o.is_write and d.source.random() < 0.7:
                shown = o.invoke.op if o.invoke.f == "put" else None
                log.append(Commit(side, "items", o.invoke.k, shown, 0, o.sent_ns + d.source.randint(0, 8)))
    for log in sides.values():
        log.sort(key=lambda c: c.mono_ns)
        log[:] = [dataclasses.replace(commit, seq=seq) for seq, commit in enumerate(log)]
    return sides


@often
@seeds
def test_split_brains_with_an_epoch_for_every_write_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    operations = numbered(d)
    for regions in ({}, {A: "us-east-1", B: "us-west-2"}):
        for turn_ns in (0, d.window_ns):
            expected = oracle.split_brain.split_brain(operations, regions=regions, turn_ns=turn_ns)
            assert split_brain(operations, regions=regions, turn_ns=turn_ns) == expected


@often
@seeds
@pytest.mark.parametrize(
    "names", [(None, "us-east-1"), (None, "us-east-1", "us-west-2"), ("east", "west", "us-east-1")]
)
def test_split_brains_with_commits_agree(seed: int, length: int, names: tuple[str | None, ...]) -> None:
    d = drill(seed, length)
    operations, regions, logs = named(d, names), {A: "us-east-1", B: "us-west-2"}, logs_of(d)
    unnumbered = [
        o if o.completion is None else dataclasses.replace(o, completion=dataclasses.replace(o.completion, epoch=None))
        for o in operations
    ]  # fmt: skip
    for given_ in (operations, unnumbered):
        for turn_ns in (0, d.window_ns):
            expected = oracle.split_brain.split_brain(given_, regions=regions, turn_ns=turn_ns, commits=logs)
            assert split_brain(given_, regions=regions, turn_ns=turn_ns, commits=logs) == expected


@often
@seeds
def test_failbacks_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    final = lost_after_heal(d.operations, *d.states)
    for given_ in both(d):
        for until_ns in (None, d.until_ns):
            usual = Usual(d.rate, d.padding, max(1, d.window_ns), 20)
            arguments = {
                "primary_address": A, "standby_address": B, "heal_ns": d.fault.start_high_ns, "until_ns": until_ns,
                "usual": usual,
            }  # fmt: skip
            for of in (None, final):
                expected = oracle.failback.failback(d.operations, [], final=of, **arguments)  # type: ignore[arg-type]
                assert failback(given_, [], final=of, **arguments) == expected  # type: ignore[arg-type]
        assert refuses(given_, B, d.window_ns) == oracle.failback.refuses(d.operations, B, d.window_ns)


@often
@seeds
def test_needless_failovers_and_nobody_served_agree(seed: int, length: int) -> None:
    d = drill(seed, length)
    from_ns, to_ns = d.fault.start_high_ns, d.fault.start_high_ns + d.window_ns
    answer = DnsAnswer("witness", AUTHORITATIVE, "app.example.com", (A,), 6.0, 1)
    places = {A: "us-east-1", B: "us-west-2"}
    for given_ in both(d):
        needless = {"stayed_address": A, "from_ns": from_ns, "to_ns": to_ns, "places": places}
        expected = oracle.flapping.needless_failover([answer], d.operations, **needless)  # type: ignore[arg-type]
        assert needless_failover([answer], given_, **needless) == expected  # type: ignore[arg-type]
        for regions in ({}, places):
            expected = oracle.nowhere.nowhere(d.operations, regions=regions, from_ns=from_ns, to_ns=to_ns)
            assert nowhere(given_, regions=regions, from_ns=from_ns, to_ns=to_ns) == expected


def test_the_benchmarks_history_is_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long drill with an outage; its writes reach the other side half a second late, and some are lost."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    benchmark = importlib.import_module("checkers")
    made = benchmark.history(20_000, counters=False)
    expected = {name: task() for name, task in benchmark.oracle_tasks(made).items()}
    found = {name: task() for name, task in benchmark.tasks(made).items()}
    found["recovery point"] = without_unknown(found["recovery point"])
    assert expected["recovery point"].missing_low > 0
    for name, result in expected.items():
        assert found[name] == result, name


# --- columns themselves -----------------------------------------------------------------------------------------------


def events_of(operations: list[Operation], source: random.Random) -> list[Event]:
    events: list[Event] = []
    for o in operations:
        events.append(o.invoke)
        if o.completion is not None:
            events.append(o.completion)
    source.shuffle(events)
    return sorted(events, key=lambda event: event.mono_ns)


@often
@seeds
def test_columns_are_the_operations(seed: int, length: int) -> None:
    d = drill(seed, length)
    columns = columns_of(d.operations)
    assert list(columns) == d.operations
    assert columns_of(columns) is columns
    events = events_of(d.operations, d.source)
    assert sorted(columns_of_events(events), key=lambda o: o.invoke.op) == sorted(
        pair(events), key=lambda o: o.invoke.op
    )
    end = d.source.randrange(2500)
    assert list(columns.up_to(end)) == oracle.streams.up_to(d.operations, end)
    first = d.source.randrange(2500)
    part = columns.between(first, end)
    assert list(part) == [o for o in d.operations if first <= o.sent_ns < end]
    assert list(part.up_to(end // 2)) == oracle.streams.up_to(list(part), end // 2)
    assert columns.end_ns == oracle.streams.end_of(d.operations)
    assert columns[3:7].names is columns.names
    assert [*columns[3:7]] == d.operations[3:7]


@settings(max_examples=50, deadline=None)
@seeds
def test_a_file_gives_the_same_columns(tmp_path_factory: pytest.TempPathFactory, seed: int, length: int) -> None:
    d = drill(seed, length)
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    codec.write(path, events_of(d.operations, d.source))
    columns = read_columns(path)
    in_order = [sorted(of, key=lambda o: o.invoke.op) for of in (columns, d.operations)]
    assert [o.sent_ns for o in columns] == sorted(o.sent_ns for o in d.operations)
    for found, expected in zip(*in_order, strict=True):
        assert (found.invoke.op, found.sent_ns, found.returned_ns, found.outcome) == (
            expected.invoke.op, expected.sent_ns, expected.returned_ns, expected.outcome,
        )  # fmt: skip
        if found.completion is not None and expected.completion is not None:
            if expected.good or expected.is_write:
                assert found.completion.v == (
                    expected.invoke.op if expected.invoke.f == "put" else expected.completion.v
                )
            assert found.completion.address == expected.completion.address
            assert found.completion.epoch == expected.completion.epoch
            assert found.completion.region == expected.completion.region
    assert isinstance(columns, Columns)
