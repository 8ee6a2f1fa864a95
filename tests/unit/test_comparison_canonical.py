"""When two values are the same, which keys are looked at, and how fast a live table may be read."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.comparison import canonical, throttle
from harness.comparison.canonical import DEPTH_MAX, Malformed, Rules, key_of, text_of
from harness.comparison.differences import changes
from harness.comparison.item_text import item_text
from harness.comparison.records import Shape
from harness.comparison.selection import Selection, bounds
from harness.comparison.throttle import PageRead, Throttle
from harness.units import NS_PER_S


def same(one: Any, other: Any, rules: Rules | None = None) -> bool:
    texts = [text_of(canonical.item({"a": value}, rules or Rules())) for value in (one, other)]
    return texts[0] == texts[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "1"}, {"N": "1.0"}),
        ({"N": "10"}, {"N": "1e1"}),
        ({"N": "-0"}, {"N": "0.00"}),
        ({"N": "1E+40"}, {"N": "1" + "0" * 40}),
        ({"N": ".5"}, {"N": "0.50"}),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
        ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}),
        ({"M": {"x": {"N": "1"}, "y": {"L": [{"N": "1"}]}}}, {"M": {"y": {"L": [{"N": "1.0"}]}, "x": {"N": "1"}}}),
        ({"B": "QQ=="}, {"B": "QR=="}),
    ],
)
def test_what_dynamodb_takes_for_the_same_is_the_same(one: Any, other: Any) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "1"}, {"S": "1"}),
        ({"N": "0.1"}, {"N": "0.10000000000000000000000000000000000001"}),
        ({"N": "1e125"}, {"N": "1e124"}),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
        ({"SS": ["a"]}, {"L": [{"S": "a"}]}),
        ({"S": ""}, {"NULL": True}),
        ({"L": []}, {"M": {}}),
        ({"BOOL": True}, {"BOOL": False}),
        ({"S": "é"}, {"S": "e\u0301"}),
        ({"B": "AAE="}, {"B": "AAI="}),
    ],
)
def test_what_only_looks_the_same_is_different(one: Any, other: Any) -> None:
    assert not same(one, other)


def test_null_and_missing_are_two_things_unless_it_is_said_otherwise() -> None:
    null, missing = {"a": {"S": "x"}, "b": {"NULL": True}}, {"a": {"S": "x"}}
    deep = {"a": {"S": "x"}, "c": {"M": {"d": {"NULL": True}}}}, {"a": {"S": "x"}, "c": {"M": {}}}
    assert canonical.item(null) != canonical.item(missing)
    lax = Rules(null_is_missing=True)
    assert canonical.item(null, lax) == canonical.item(missing, lax)
    assert canonical.item(deep[0], lax) == canonical.item(deep[1], lax)


@pytest.mark.parametrize(
    "value",
    [
        {"N": "one"}, {"N": "1_000"}, {"N": "NaN"}, {"N": 1}, {"S": 1}, {"B": "?"}, {"BOOL": "true"},
        {"SS": []}, {"SS": "ab"}, {"X": "1"}, {}, {"S": "a", "N": "1"}, "a", None, {"L": [{"N": ""}]},
    ],
)  # fmt: skip
def test_what_no_table_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        canonical.item({"a": value})


def test_values_nested_without_end_are_refused_and_not_a_crash() -> None:
    value: Any = {"S": "x"}
    for _ in range(500):
        value = {"L": [value]}
    with pytest.raises(Malformed, match="nested"):
        canonical.item({"a": value})


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=None), st.integers(-30, 30))
def test_a_number_has_one_form_however_it_is_spelt(value: Decimal, shift: int) -> None:
    moved = str(value.scaleb(-shift, Context(prec=500)))
    other = str(value) if "E" in moved else f"{moved}E{shift}"
    one = canonical.number(str(value))
    assert canonical.number(other) == one
    assert canonical.number(one) == one
    assert Decimal(one) == value
    assert key_of(["k"], {"k": {"N": str(value)}}) == key_of(["k"], {"k": {"N": other}})


_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, st.text(max_size=4)),
        st.builds(lambda number: {"N": str(number)}, st.integers(-3, 3)),
        st.builds(lambda yes: {"BOOL": yes}, st.booleans()),
        st.builds(lambda members: {"NS": [str(one) for one in members]}, st.sets(st.integers(0, 3), min_size=1)),
        st.just({"NULL": True}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=3)),
        st.builds(lambda members: {"M": members}, st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    ),
    max_leaves=6,
)
_items = st.dictionaries(st.sampled_from("abcd"), _values, max_size=4)


@settings(deadline=None)
@given(_items, _items)
def test_two_items_differ_somewhere_exactly_if_their_texts_do(left: Any, right: Any) -> None:
    a, b = canonical.item(left), canonical.item(right)
    found = list(changes(a, b))
    assert bool(found) == (text_of(a) != text_of(b))
    turned = list(changes(b, a))
    assert [(one.path, one.left, one.right) for one in found] == [(one.path, one.right, one.left) for one in turned]


def said(make: Callable[[], str]) -> str:
    try:
        return make()
    except Malformed:  # which of several mistakes is named depends on the order of attributes
        return "refused"


_odd = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "ü", "\ud800", "1.0", "-07", "YQ=="])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "x"]),
            inner,
            min_size=1,
            max_size=2,
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.one_of(_items, _odd, st.dictionaries(st.sampled_from("ab"), _odd, max_size=2)),
    st.sampled_from([Rules(), Rules(frozenset("b")), Rules(null_is_missing=True)]),
)
def test_the_text_made_in_one_pass_is_the_same_or_is_refused_alike(item: Any, rules: Rules) -> None:
    assert said(lambda: item_text(item, rules, "a")) == said(lambda: text_of(canonical.item(item, rules, "a")))


def test_the_text_made_in_one_pass_is_nested_as_deep() -> None:
    for depth in (DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1):
        nested: Any = {"S": "x"}
        for _ in range(depth):
            nested = {"L": [nested]}
        item = {"a": nested}
        assert said(lambda: item_text(item)) == said(lambda: text_of(canonical.item(item)))  # noqa: B023


def test_a_key_of_two_parts_is_not_taken_for_another() -> None:
    names = ("a", "b")
    keys = {
        key_of(names, {"a": {"S": one}, "b": {"S": other}}) for one, other in (("x", "yz"), ("xy", "z"), ("xyz", "z"))
    }
    assert len(keys) == 3
    assert key_of(["a"], {"a": {"S": "1"}}) != key_of(["a"], {"a": {"N": "1"}})
    with pytest.raises(Malformed, match="it has no attribute b, which is named as the key; it has a, c"):
        key_of(names, {"a": {"S": "x"}, "c": {"S": "y"}})
    with pytest.raises(Malformed, match="keys are strings, numbers or binary"):
        key_of(["a"], {"a": {"BOOL": True}})


def chosen(selection: Selection, *keys: str, kind: str = "S") -> list[str]:
    shape = Shape(("id",), selection=selection)
    items = [{"id": {kind: key}} for key in keys]
    return [item["id"][kind] for item in items if shape.record(item, item) is not None]


def test_ranges_follow_the_order_of_dynamodb() -> None:
    assert chosen(Selection(low="b", high="d"), "a", "b", "c", "d") == ["b", "c"]
    assert chosen(Selection(low="5", high="20"), "5.0", "7", "19", "20", "100", "-8", kind="N") == ["5.0", "7", "19"]
    assert chosen(Selection(low="ÿ"), "z", "ÿ", "Ā", "🙂") == ["ÿ", "Ā", "🙂"]
    assert chosen(Selection(partition="b"), "a", "b") == ["b"]
    shape = Shape(("id", "n"), selection=Selection(partition="x", low="2", high="10"))
    items = [
        {"id": {"S": one}, "n": {"N": n}} for one, n in (("x", "1"), ("x", "2"), ("y", "3"), ("x", "9"), ("x", "10"))
    ]
    assert [item["n"]["N"] for item in items if shape.record(item, item)] == ["2", "9"]
    with pytest.raises(Malformed, match="needs a sort key"):
        Shape(("id",), selection=Selection(partition="x", low="2")).record(items[0], items[0])


def test_a_sample_has_about_its_share_of_keys() -> None:
    found = chosen(Selection(fraction=0.1), *(f"k{number}" for number in range(20_000)))
    assert abs(len(found) - 2_000) < 4 * math.sqrt(20_000 * 0.1 * 0.9)


@pytest.mark.parametrize(("total", "fraction"), [(0, 0.1), (1, 0.1), (40, 0.05), (500, 0.2), (30_000, 0.05)])
def test_the_stated_error_of_a_sample_holds_as_often_as_it_says(total: int, fraction: float) -> None:
    source = random.Random(1)
    if total * fraction > 400:
        spread = math.sqrt(total * fraction * (1 - fraction))
        samples = [round(source.gauss(total * fraction, spread)) for _ in range(1_000)]
    else:
        samples = [sum(source.random() < fraction for _ in range(total)) for _ in range(1_000)]
    seen: dict[int, tuple[int, int]] = {}
    right = 0
    for found in samples:
        low, high = seen.setdefault(found, bounds(found, fraction))
        right += low <= total <= high
    assert right >= 935


def test_a_whole_comparison_has_no_error() -> None:
    assert bounds(7, 1.0) == (7, 7)
    assert bounds(0, 0.01)[0] == 0


def test_a_table_is_read_no_faster_than_its_share() -> None:
    state, now_ns, units = Throttle(100.0), 0, 0.0
    for _ in range(200):
        state, waits = throttle.step(state, PageRead(128.0), now_ns)
        units += 128
        now_ns += sum(wait.wait_ns for wait in waits)
    assert units / (now_ns / NS_PER_S) == pytest.approx(100, rel=0.01)
    state, waits = throttle.step(state, PageRead(1.0), now_ns + 60 * NS_PER_S)
    assert sum(wait.wait_ns for wait in waits) <= NS_PER_S // 100, "an idle minute is not a reason to wait"
    _, waits = throttle.step(state, PageRead(0, refused=True), now_ns + 120 * NS_PER_S)
    assert sum(wait.wait_ns for wait in waits) >= NS_PER_S // 4


def test_texts_are_ascii_and_one_line() -> None:
    text = text_of(canonical.item({"a": {"S": "ü\n\t\ud800🙂"}}))
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {"a": {"S": "ü\n\t\ud800🙂"}}
