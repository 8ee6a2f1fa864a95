"""What answers say of themselves (an epoch, a region) excuses only what it can: the commits and the turns decide."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from measurement_timeline import A, B, s, timeline

from harness.checkers.result import CheckResult
from harness.checkers.split_brain import both_write, split_brain
from harness.history.events import Commit, Operation
from harness.outcome import Verdict

MET, MISSED, UNKNOWN = Verdict.MET, Verdict.MISSED, Verdict.UNKNOWN
EAST, WEST = "us-east-1", "us-west-2"
PLACES = {A: EAST, B: WEST}
TURN_S = 30.0
Logs = dict[str, list[Commit]]


def judged(operations: Sequence[Operation], commits: Logs | None = None) -> CheckResult:
    return split_brain(operations, regions=PLACES, turn_ns=s(TURN_S), commits=commits)


def writes(sides: str, *, period_s: float = 0.1, first_s: float = 0.0) -> list[Operation]:
    """One write after the other, to the sides that the letters name; each takes half a period."""
    return timeline(
        "\n".join(
            f"w{first_s + n * period_s:.2f}: dns-0 put k{first_s + n * period_s:.2f} "
            f"{first_s + n * period_s:.3f}..{first_s + (n + 0.5) * period_s:.3f} ok {side}"
            for n, side in enumerate(sides)
        )
    )


def answered(operations: Sequence[Operation], **fields: Callable[[int, Operation], object]) -> list[Operation]:
    """With what their answers say."""
    return [
        replace(o, completion=replace(o.completion, **{name: of(n, o) for name, of in fields.items()}))  # type: ignore[arg-type, type-var]
        for n, o in enumerate(operations)
    ]


def numbered(operations: Sequence[Operation], writes_each: int = 1) -> list[Operation]:
    return answered(operations, epoch=lambda n, _: n // writes_each + 1)


def dialled(o: Operation) -> str:
    assert o.completion is not None
    return PLACES[o.completion.address or ""]


# --- epochs -----------------------------------------------------------------------------------------------------------

BRAINS = {
    "in turn": "AB" * 50,
    "at random": "".join(random.Random(3).choices("AB", k=200)),
    "one of them seldom": "AAAAB" * 20,
    "a moment of it, in a long drill": "A" * 300 + "AABABBA" + "A" * 100,
}


@pytest.mark.parametrize("sides", BRAINS.values(), ids=BRAINS.keys())
def test_a_number_that_grows_with_every_write_excuses_no_turn(sides: str) -> None:
    plain, counted = judged(writes(sides)), judged(numbered(writes(sides)))
    assert plain.verdict is MISSED
    assert counted.verdict is MISSED
    assert "both sides accepted writes" in counted.text


def test_a_clock_in_place_of_an_epoch_excuses_no_turn() -> None:
    clock = answered(writes("AB" * 50), epoch=lambda _, o: o.sent_ns)
    assert judged(clock).verdict is MISSED


def test_an_epoch_that_begins_to_count_writes_when_two_sides_write_excuses_no_turn() -> None:
    sides = "A" * 200 + "AB" * 20
    late = answered(writes(sides), epoch=lambda n, _: max(1, n - 198))
    assert judged(late).verdict is MISSED


def test_an_honest_number_for_every_write_needs_no_excuse() -> None:
    """A counter of versions, in a plan that moves once and is back after more than a turn."""
    sides = writes("A" * 200) + writes("B" * 400, first_s=25.0) + writes("A" * 100, first_s=70.0)
    found = judged(numbered(sides))
    assert found.verdict is MET
    assert found.text == "700 writes acknowledged, by one side at a time"


@pytest.mark.parametrize("writes_each", [3, 5, 20])
def test_short_turns_with_an_epoch_each_are_fenced(writes_each: int) -> None:
    sides = "".join(("A" if turn % 2 else "B") * writes_each for turn in range(30))
    found = judged(numbered(writes(sides), writes_each))
    assert found.verdict is MET
    assert found.text == f"{30 * writes_each} writes acknowledged, in 30 epochs, one side each, never back"


def test_a_lease_that_is_renewed_under_a_new_epoch_is_fenced_as_well() -> None:
    """Epochs of two writes, and turns of six: many epochs, and still each turn has its own."""
    sides = "".join(("A" if turn % 2 else "B") * 6 for turn in range(20))
    assert judged(numbered(writes(sides), 2)).verdict is MET


# --- regions ----------------------------------------------------------------------------------------------------------


def stored(
    operations: Sequence[Operation], where: Callable[[Operation], str], copied_after_s: float | None = 0.5
) -> Logs:
    """Each write is committed half way, where it is accepted, and later on the other side."""
    logs: Logs = {EAST: [], WEST: []}
    for o in operations:
        assert o.returned_ns is not None
        at_ns, side = (o.sent_ns + o.returned_ns) // 2, where(o)
        shown = o.invoke.op if o.invoke.f == "put" else None
        logs[side].append(Commit(side, "items", o.invoke.k, shown, 0, at_ns))
        if copied_after_s is not None:
            other = WEST if side == EAST else EAST
            logs[other].append(Commit(other, "items", o.invoke.k, shown, 0, at_ns + s(copied_after_s)))
    for log in logs.values():
        log.sort(key=lambda c: c.mono_ns)
        log[:] = [replace(commit, seq=seq) for seq, commit in enumerate(log)]
    return logs


def named(operations: Sequence[Operation], name: str = EAST) -> list[Operation]:
    return answered(operations, region=lambda *_: name)


BOTH = writes("AB" * 50)


def test_without_commits_a_name_is_testimony_and_a_warning() -> None:
    found = judged(named(BOTH))
    assert found.verdict is UNKNOWN
    assert [finding.severity for finding in found.findings] == ["warning"]
    assert "only they themselves say that one forwarded" in found.findings[0].text


@pytest.mark.parametrize("copied_after_s", [0.5, None])
def test_a_side_that_says_it_forwarded_and_kept_the_write_is_refuted_by_the_commits(
    copied_after_s: float | None,
) -> None:
    found = judged(named(BOTH), stored(BOTH, dialled, copied_after_s))
    assert found.verdict is MISSED
    assert "us-west-2 accepted 49 writes between two that us-east-1 accepted" in found.text
    assert "50 writes said to be forwarded, which the commits refute" in found.text


def test_a_lie_does_not_depend_on_epochs_either() -> None:
    assert judged(numbered(named(BOTH)), stored(BOTH, dialled)).verdict is MISSED
    one_epoch = answered(named(BOTH), epoch=lambda *_: 7)
    assert "in epoch 7 writes were accepted by" in judged(one_epoch, stored(BOTH, dialled)).text


@pytest.mark.parametrize("epoch", [None, 1])
def test_a_standby_that_forwards_and_says_so_is_met_as_the_commits_show(epoch: int | None) -> None:
    forwarding = answered(named(BOTH), epoch=lambda *_: epoch)
    found = judged(forwarding, stored(BOTH, lambda _: EAST))
    assert found.verdict is MET
    assert "50 writes forwarded, as the commits show" in found.text
    assert not found.findings


def test_a_forwarded_write_that_is_copied_before_the_answer_was_still_forwarded() -> None:
    assert judged(named(BOTH), stored(BOTH, lambda _: EAST, copied_after_s=0.01)).verdict is MET


def test_where_both_sides_had_it_and_the_dialled_one_first_nothing_is_proven() -> None:
    """Whoever copies in parallel is sometimes overtaken by his own copy."""
    logs = stored(BOTH, dialled, copied_after_s=0.01)
    found = judged(named(BOTH), logs)
    assert found.verdict is UNKNOWN
    assert [finding.severity for finding in found.findings] == ["warning"]


def test_deletes_are_believed_as_far_as_the_puts_beside_them_are() -> None:
    mixed = [
        replace(o, invoke=replace(o.invoke, f="delete", v=None), completion=replace(o.completion, f="delete", v=None))  # type: ignore[type-var]
        if n % 10 in (4, 5) else o
        for n, o in enumerate(BOTH)
    ]  # fmt: skip
    assert judged(named(mixed), stored(mixed, lambda _: EAST)).verdict is MET
    assert judged(named(mixed), stored(mixed, dialled)).verdict is MISSED


@pytest.mark.parametrize("name", ["prod", "east"])
def test_a_name_that_is_no_places_means_where_the_writes_were(name: str) -> None:
    assert judged(named(BOTH, name)).verdict is UNKNOWN
    assert judged(named(BOTH, name), stored(BOTH, lambda _: EAST)).verdict is MET
    assert judged(named(BOTH, name), stored(BOTH, dialled)).verdict is MISSED


def test_a_name_of_its_own_and_few_commits_make_no_third_side() -> None:
    """One side at a time, whose answers say `east`: where the commits tell it of a few writes, it is true of all."""
    one = writes("A" * 100) + writes("B" * 100, first_s=50.0)
    honest = answered(one, region=lambda _, o: {EAST: "east", WEST: "west"}[dialled(o)])
    logs = stored(one, dialled)
    assert judged(honest, logs).verdict is MET
    few = {side: [commit for commit in log if commit.k.endswith("7.00")] for side, log in logs.items()}
    assert judged(honest, few).verdict is MET


def test_a_name_that_is_wrong_makes_no_second_side_of_one_that_serves_alone() -> None:
    """Each answer names the first side, also when the second one has taken over; copies are as quick as an answer."""
    moved = writes("A" * 50) + writes("B" * 100, first_s=10.0)
    for epoch in (None, 1):
        given = answered(named(moved), epoch=lambda n, _, e=epoch: e and (1 if n < 50 else 2))
        logs = stored(moved, dialled, copied_after_s=0.01)
        late = {c.k for c in logs[WEST][60::7]}
        copies = [replace(c, mono_ns=c.mono_ns + s(0.2)) if c.k in late and c.mono_ns > s(9) else c for c in logs[EAST]]
        logs[EAST] = [replace(c, seq=seq) for seq, c in enumerate(sorted(copies, key=lambda c: c.mono_ns))]
        found = judged(given, logs)
        assert found.verdict is MET, found.text


def test_commits_of_one_side_alone_prove_nothing() -> None:
    logs = stored(BOTH, dialled)
    del logs[EAST]
    assert judged(named(BOTH), logs).verdict is UNKNOWN


# --- what a steady state shows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "both"),
    [("AB" * 20, True), ("AAAAB" * 6, True), ("A" * 20 + "B" + "A" * 20, False), ("AABAABAA", False),
     ("A" * 50, False), ("A" * 20 + "B" * 20, False)],
)  # fmt: skip
def test_a_plan_with_writes_on_both_sides_shows_several_turns_and_no_stray_ones(sides: str, both: bool) -> None:
    given = writes(sides)
    assert both_write(given, PLACES, s(TURN_S)) is both
    assert both_write(numbered(given), PLACES, s(TURN_S)) is both


def test_a_standby_that_forwards_is_no_plan_with_writes_on_both_sides() -> None:
    assert not both_write(named(BOTH), PLACES, s(TURN_S), stored(BOTH, lambda _: EAST))
    assert both_write(named(BOTH), PLACES, s(TURN_S), stored(BOTH, dialled))
