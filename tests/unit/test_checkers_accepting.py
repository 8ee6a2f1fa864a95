"""Who accepted a write is told by the commits: of deletes and increments too, of silent answers, and of refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from measurement_timeline import A, B, s, timeline

from harness.checkers.anomalies import anomalies
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.checkers.split_brain import both_write, split_brain
from harness.history.events import Commit, Operation
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import recovery_point
from harness.outcome import Verdict

EAST, WEST = "us-east-1", "us-west-2"
PLACES = {A: EAST, B: WEST}
Entry = tuple[float, str, str | None]
Entries = list[Entry]


def logs(east: Sequence[Entry], west: Sequence[Entry]) -> dict[str, list[Commit]]:
    return {
        side: [Commit(side, "items", k, v, n, s(at)) for n, (at, k, v) in enumerate(sorted(of, key=lambda e: e[0]))]
        for side, of in ((EAST, east), (WEST, west))
    }


def judged(operations: Sequence[Operation], commits: dict[str, list[Commit]]) -> CheckResult:
    ordered = sorted(operations, key=lambda o: o.sent_ns)
    return split_brain(ordered, regions=PLACES, turn_ns=s(30), commits=commits)


def puts(side: str, named: str, count: int = 40, after_s: float = 0.0) -> list[Operation]:
    return timeline("\n".join(
        f"{side}{n}: dns-0 put k{side}{n} {n * 0.5 + after_s:.2f}..{n * 0.5 + after_s + 0.05:.2f} ok {side}{named}"
        for n in range(count)
    ))  # fmt: skip


def forwarded(named: str) -> tuple[list[Operation], Entries, Entries]:
    """Puts through both sides, each of which the first one commits; its copies come 0.2 s later."""
    east: Entries = [(n * 0.5 + after + 0.01, f"k{side}{n}", f"{side}{n}")
                     for side, after in (("A", 0.0), ("B", 0.1)) for n in range(40)]  # fmt: skip
    west: Entries = [(at + 0.2, key, value) for at, key, value in east]
    return [*puts("A", f" @{EAST}" if named else ""), *puts("B", named, after_s=0.1)], east, west


def test_deletes_that_the_standby_executes_are_its_own_whatever_it_says() -> None:
    operations, east, west = forwarded(f" @{EAST}")
    for n in range(5, 40):
        at = n * 0.5 + 0.22
        operations += timeline(f"d{n}: dns-1 delete kA{n - 4} {at:.2f}..{at + 0.05:.2f} ok B @{EAST}")
        west.append((at + 0.01, f"kA{n - 4}", None))
        east.append((at + 0.3, f"kA{n - 4}", None))
    found = judged(operations, logs(east, west))
    assert found.verdict is Verdict.MISSED
    assert "35 writes said to be forwarded, which the commits refute" in found.text


def test_deletes_that_it_hands_on_are_not() -> None:
    operations, east, west = forwarded(f" @{EAST}")
    for n in range(5, 40):
        at = n * 0.5 + 0.22
        operations += timeline(f"d{n}: dns-1 delete kA{n - 4} {at:.2f}..{at + 0.05:.2f} ok B @{EAST}")
        east.append((at + 0.01, f"kA{n - 4}", None))
        west.append((at + 0.3, f"kA{n - 4}", None))
    assert judged(operations, logs(east, west)).verdict is Verdict.MET


def test_increments_that_the_standby_counts_by_itself_are_its_own() -> None:
    operations, east, west = forwarded(f" @{EAST}")
    for n in range(40):
        at = n * 0.5 + 0.22
        operations += timeline(f"i{n}: dns-1 add counter {at:.2f}..{at + 0.05:.2f} ok B @{EAST}")
        west.append((at + 0.01, "counter", str(n + 1)))
    assert judged(operations, logs(east, west)).verdict is Verdict.MISSED


def test_deletes_of_which_no_log_tells_rest_on_the_answers_alone() -> None:
    operations, east, west = forwarded(f" @{EAST}")
    for n in range(5, 40):
        at = n * 0.5 + 0.22
        operations += timeline(f"d{n}: dns-1 delete kA{n - 4} {at:.2f}..{at + 0.05:.2f} ok B @{EAST}")
    found = judged(operations, logs(east, west))
    assert found.verdict is Verdict.UNKNOWN
    assert [finding.severity for finding in found.findings] == ["warning"]


def test_a_standby_that_forwards_and_says_nothing_is_known_by_the_commits() -> None:
    operations, east, west = forwarded("")
    found = judged(operations, logs(east, west))
    assert found.verdict is Verdict.MET, found.text
    assert "40 writes forwarded, as the commits show" in found.text
    assert not both_write(operations, PLACES, s(30), logs(east, west))


def test_two_sides_that_say_nothing_and_commit_by_themselves_are_two() -> None:
    operations, east, west = forwarded("")
    own = [(at, key, value) for at, key, value in east if key.startswith("kB")]
    east = [entry for entry in east if entry not in own]
    west = [*own, *((at + 0.2, key, value) for at, key, value in east)]
    east = [*east, *((at + 0.2, key, value) for at, key, value in own)]
    assert judged(operations, logs(east, west)).verdict is Verdict.MISSED


def declined(operations: Sequence[Operation], status: int = 409) -> list[Operation]:
    """Those through the second side were answered with a status that does not say whether they had an effect."""
    return [
        replace(o, completion=replace(o.completion, status=status))
        if o.completion is not None and o.invoke.op.startswith("B") else o
        for o in operations
    ]  # fmt: skip


def test_a_standby_that_refuses_and_applies_all_the_same_is_a_second_side() -> None:
    text = "\n".join(
        f"B{n}: dns-1 put kB{n} {n * 0.5 + 0.1:.2f}..{n * 0.5 + 0.15:.2f} info B" for n in range(40)
    )  # fmt: skip
    operations = declined([*puts("A", ""), *timeline(text)])
    east: Entries = []
    west: Entries = []
    for n in range(40):
        east += [(n * 0.5 + 0.01, f"kA{n}", f"A{n}"), (n * 0.5 + 0.4, f"kB{n}", f"B{n}")]
        west += [(n * 0.5 + 0.3, f"kA{n}", f"A{n}"), (n * 0.5 + 0.12, f"kB{n}", f"B{n}")]
    found = judged(operations, logs(east, west))
    assert found.verdict is Verdict.MISSED
    assert "40 of 40 writes that us-west-2 answered with HTTP 409" in found.text
    assert "refused: [409]" in found.text
    ordered = sorted(operations, key=lambda o: o.sent_ns)
    assert not both_write(ordered, PLACES, s(30), logs(east, west)), "what refuses is no plan with writes on both sides"
    refused = logs([e for e in east if e[1].startswith("kA")], [e for e in west if e[1].startswith("kA")])
    assert judged(operations, refused).verdict is Verdict.MET
    assert not judged(operations, refused).findings


def test_a_delete_that_was_refused_and_that_no_commit_shows_explains_no_loss() -> None:
    lost = timeline("w: dns-0 put k 1..1.1 ok A\nd: dns-0 delete k 5..5.1 info B\nn: dns-0 put n 6..6.1 ok B")
    operations = [
        replace(o, completion=replace(o.completion, status=409))
        if o.completion is not None and o.invoke.op == "d" else o
        for o in lost
    ]  # fmt: skip
    here: Entries = [(6.05, "n", "n")]
    kept: Entries = [(1.5, "k", "w"), *here]
    for entries, missing in ((here, 1), (kept, 0), ([*kept, (5.05, "k", None)], 0)):
        for given, certain in ((operations, True), (lost, False)):
            point = recovery_point(
                given, logs([], entries)[WEST], lost_address=A, survivor_address=B,
                fault=FaultInterval(s(4), s(4.1)),
            )  # fmt: skip
            assert point is not None
            assert point.missing_low == (missing if certain else 0)
            assert point.missing_high == missing


def test_commits_without_any_operation_are_nobodys() -> None:
    found = anomalies([], {WEST: {}}, logs([], [(1.0, "k", "v")]), Promise(), places=PLACES)
    assert all(result.verdict is not Verdict.MISSED for result in found)
