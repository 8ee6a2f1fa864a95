"""Who wins where two tables differ, and what is written for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.comparison.canonical import key_of, place_of
from harness.comparison.comparing import difference
from harness.comparison.differences import Difference
from harness.comparison.result import _text
from harness.errors import InputError
from harness.reconciliation.applying import condition_of
from harness.reconciliation.deciding import UNDECIDED, A, B, decide, policy_of, tally, write_of
from harness.reconciliation.plan import read_plan, write_plan


def differing(left: dict[str, Any] | None, right: dict[str, Any] | None) -> Difference:
    key = {"id": {"S": "x"}}
    texts = ["" if one is None else _text(key | one) for one in (left, right)]
    found = difference(["id"], place_of(key_of(["id"], key)), *texts)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("policy", "left", "right", "winner", "why"),
    [
        ("newest:v", {"v": {"N": "9"}}, {"v": {"N": "10"}}, B, "v is 9 in A and 10 in B"),
        ("newest:v", {"v": {"N": "10.5"}}, {"v": {"N": "10"}}, A, "the larger one wins"),
        ("newest:v", {"v": {"S": "2026-01-02"}}, {"v": {"S": "2026-01-01"}}, A, "the larger one wins"),
        ("newest:v", {"v": {"N": "1"}, "a": {"S": "x"}}, {"v": {"N": "1.0"}}, UNDECIDED, "both sides wrote it"),
        ("newest:v", {"v": {"N": "1"}}, {"w": {"N": "1"}}, UNDECIDED, "v is missing in B"),
        ("newest:v", {"v": {"N": "1"}}, {"v": {"S": "1"}}, UNDECIDED, "they have no order"),
        ("newest:v", {"v": {"N": "1"}}, None, A, "copied"),
        ("newest:v", None, {"v": {"N": "1"}}, B, "copied"),
        ("a", {"v": {"N": "1"}}, {"v": {"N": "2"}}, A, "side A decides"),
        ("b", {"v": {"N": "1"}}, None, B, "side B decides"),
        ("hand", {"v": {"N": "1"}}, {"v": {"N": "2"}}, UNDECIDED, "a person decides"),
        ("hand", {"v": {"N": "1"}}, None, UNDECIDED, "not arrived in the other, or deleted there"),
    ],
)
def test_who_wins(policy: str, left: Any, right: Any, winner: str, why: str) -> None:
    decision = decide(policy_of(policy), differing(left, right))
    assert decision.winner == winner
    assert why in decision.reason


def test_what_is_in_one_table_alone_is_a_question_of_its_own() -> None:
    alone = differing({"v": {"N": "1"}}, None)
    assert decide(policy_of("newest:v", "delete"), alone).winner == B
    assert decide(policy_of("b", "copy"), alone).winner == A
    assert decide(policy_of("b", "hand"), alone).winner == UNDECIDED


@pytest.mark.parametrize("text", ["newest", "a:b", "oldest:v", ""])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no policy: there are newest:ATTRIBUTE, a, b and hand"):
        policy_of(text)


_items = st.one_of(st.none(), st.fixed_dictionaries({"v": st.builds(lambda n: {"N": str(n)}, st.integers(0, 3))}))


@settings(deadline=None)
@given(_items, _items, st.sampled_from(["newest:v", "a", "b"]), st.sampled_from([None, "copy", "delete"]))
def test_both_tables_are_the_same_after_a_decided_write(
    left: Any, right: Any, policy: str, missing: str | None
) -> None:
    if left == right:
        return
    found = differing(left, right)
    decision = decide(policy_of(policy, missing), found)
    write = write_of(decision.winner, found)
    assert write is not None
    state = {"A": found.left, "B": found.right}
    assert _shown(write.expected) == state[write.side], "it replaces what the plan saw"
    state[write.side] = _shown(write.item)
    assert state["A"] == state["B"]
    turned = Difference(
        found.place, found.key, {"only in A": "only in B", "only in B": "only in A"}.get(found.kind, found.kind),
        found.right, found.left,
    )  # fmt: skip
    if policy == "newest:v":
        other = write_of(decide(policy_of(policy, missing), turned).winner, turned)
        assert other is not None
        assert _shown(other.item) == _shown(write.item), "the sides' names decide nothing"


def _shown(given: Any) -> str | None:
    return None if given is None else _text(given)


def test_a_write_is_only_made_where_the_item_is_still_the_one_that_was_seen() -> None:
    write = write_of(A, differing({"v": {"N": "1"}, "new": {"S": "n"}}, {"v": {"N": "2"}}))
    assert write is not None
    condition = condition_of(write)
    assert condition["ConditionExpression"] == "#n0 = :v0 AND #n1 = :v1 AND attribute_not_exists(#m0)"
    assert condition["ExpressionAttributeNames"] == {"#n0": "id", "#n1": "v", "#m0": "new"}
    fresh = write_of(A, differing({"v": {"N": "1"}}, None))
    assert fresh is not None
    assert condition_of(fresh)["ConditionExpression"] == "attribute_not_exists(#k)"


def test_a_plan_can_be_read_and_decided_by_hand(tmp_path: Path) -> None:
    found = [differing({"v": {"N": "1"}}, {"v": {"N": "2"}}), differing({"v": {"N": "1"}}, None)]
    file = tmp_path / "plan"
    write_plan(file, ("r:a", "r:b"), ("id",), policy_of("hand"), found)
    plan = read_plan(file)
    assert [action.winner for action in plan.actions()] == [UNDECIDED, UNDECIDED]
    lines = file.read_text().splitlines()
    body = json.loads(lines[1])
    file.write_text("\n".join([lines[0], json.dumps(body | {"winner": "b"}), lines[2]]) + "\n")
    told = tally((action.difference, action.winner) for action in read_plan(file).actions())
    assert (told.conflicts["b"], told.undecided) == (1, 1)
    file.write_text("\n".join([lines[0], json.dumps(body | {"winner": "me"}), lines[2]]) + "\n")
    with pytest.raises(InputError, match=r"plan:2: winner is 'me': there are a, b, undecided, leave"):
        list(read_plan(file).actions())
    file.write_text("what is this\n")
    with pytest.raises(InputError, match="plan:1: it is no plan of drill reconcile"):
        read_plan(file)
