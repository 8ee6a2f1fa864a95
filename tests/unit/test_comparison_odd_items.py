"""What no table can hold is refused by every engine in the same words, though it be the same on both sides."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_comparison_engines import AT, compared, incremental, needs
from two_tables import Unwatched, exported, item

from harness.comparison.canonical import Malformed
from harness.comparison.duckdb_sql import MACROS
from harness.comparison.engines import ENGINES, engine_for
from harness.comparison.item_text import item_text
from harness.comparison.records import Shape
from harness.comparison.result import Result
from harness.comparison.selection import Selection
from harness.comparison.sources import export_source
from harness.errors import InputError, WorldError

SHAPE = Shape(("id",))
SOUND = [{"id": {"S": f"k{number}"}, "v": {"N": str(number)}} for number in range(20)]
BOTH = ["python", "duckdb"]


def deep(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = {"L": [{"M": {"in": value}}]}
    return value


ODD = [
    "plain", None, 7, [], {}, {"N": "abc"}, {"N": 7}, {"N": ""}, {"N": "1e"}, {"N": "123456e999999"}, {"N": "NaN"},
    {"S": 7}, {"S": "a", "N": "1"}, {"BOOL": "yes"}, {"NULL": "true"}, {"B": "!!!"}, {"B": "QQ"}, {"X": "y"},
    {"SS": []}, {"SS": ["a", "a"]}, {"SS": ["a", 7]}, {"NS": ["1", "1.0"]}, {"NS": ["1", "2", "1"]},
    {"BS": ["QQ==", "QR=="]}, {"BS": ["QQ==", "AAE=", "QQ=="]}, {"SS": "a"}, {"L": {"S": "a"}}, {"M": [{"S": "a"}]},
    {"L": ["plain"]}, {"M": {"x": "plain"}}, {"M": {"SS": {"SS": ["a", "a"]}}}, deep({"N": "abc"}, 9),
    deep({"S": ""}, 99),
]  # fmt: skip
EVEN = [
    {"S": '"SS":["a","a"]'}, {"S": "\\\"}"}, {"N": "+1.50E-7"}, {"N": "1e999"}, {"N": "1e99999"}, {"B": ""},
    {"B": "QR=="}, {"L": []},
    {"M": {}}, {"NS": ["1", "10", "1e2"]}, {"NS": ["-0", "1"]}, {"SS": ["", "a"]}, {"BS": ["QR==", "AAE="]},
    {"M": {"": {"S": ""}, "SS": {"L": [{"S": "a"}, {"S": "a"}]}}}, deep({"N": "1.0"}, 9), {"S": "\0\n\t\u2028 Zoë 🙂"},
]  # fmt: skip


def refused(engine: str, sides: list[str], folder: Path, shape: Shape = SHAPE) -> str:
    with pytest.raises(InputError) as error:
        compared(engine, sides, folder, shape)
    return str(error.value)


@pytest.mark.parametrize("value", ODD, ids=str)
def test_an_item_that_is_wrong_in_the_same_way_on_both_sides_is_refused(value: Any, tmp_path: Path) -> None:
    needs("duckdb")
    a = str(exported(tmp_path, "a", [*SOUND, {"id": {"S": "d"}, "v": value}]))
    told = [refused(engine, [a, a], tmp_path) for engine in BOTH]
    assert told[0] == told[1]
    assert ".json.gz:21: " in told[0]


def test_an_item_that_is_written_in_an_unusual_way_is_taken_by_both(tmp_path: Path) -> None:
    needs("duckdb")
    items = [{"id": {"S": f"e{number}"}, "v": value} for number, value in enumerate(EVEN)]
    a = str(exported(tmp_path, "a", [*SOUND, *items]))
    for engine in BOTH:
        assert compared(engine, [a, a], tmp_path, SHAPE).counts.equal == len(SOUND) + len(EVEN)


VALUES = st.recursive(
    st.sampled_from([*ODD[:-2], *EVEN[:-2]]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda given: {"L": given})
        | st.dictionaries(
            st.sampled_from(
                ["a", "SS", 'q"'],
            ),
            inner,
            max_size=3,
        ).map(lambda given: {"M": given})
    ),
    max_leaves=6,
)


def test_what_sql_vouches_for_is_valid() -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    import json

    with duckdb.connect() as db:
        db.execute(MACROS)

        @settings(max_examples=150, deadline=None)
        @given(st.dictionaries(st.sampled_from(["id", "v", "N"]), VALUES, max_size=3))
        def holds(one: dict[str, Any]) -> None:
            (odd,) = db.execute("SELECT odd(CAST(? AS JSON)->'$.Item')", [json.dumps({"Item": one})]).fetchone()
            if odd is None:
                item_text(one)  # raises Malformed where SQL vouched for what is none

        holds()
        usual = json.dumps({"Item": item(3, random.Random(3))})
        assert db.execute("SELECT odd(CAST(? AS JSON)->'$.Item')", [usual]).fetchone() == (None,)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("key", "told"),
    [
        ({"S": ""}, "no key is empty"),
        ({"B": ""}, "no key is empty"),
        ({"N": "abc"}, '"abc" is no number'),
        ({"B": "!!!"}, '"!!!" is no base64'),
        ({"S": "d", "N": "1"}, "it must name one type"),
        ({"N": "1"}, "id, named as the key, is of type S in one item and N in another"),
        ({"S": "k3"}, 'a key is there twice: {"id":{"S":"k3"}}'),
    ],
    ids=str,
)
def test_a_key_that_no_table_can_have_is_refused(key: Any, told: str, engine: str, tmp_path: Path) -> None:
    needs(engine)
    a = str(exported(tmp_path, "a", [*SOUND, {"id": key, "v": {"S": "x"}}], 7))
    assert told in refused(engine, [a, a], tmp_path)


@pytest.mark.parametrize("engine", BOTH)
def test_an_odd_item_below_an_incremental_export_is_refused(engine: str, tmp_path: Path) -> None:
    needs(engine)
    full = exported(tmp_path, "a", [*SOUND, {"id": {"S": "d"}, "v": {"N": "abc"}}])
    whole = {"id": {"S": "d"}, "v": {"N": "1"}}
    later = incremental(tmp_path, "i1", [{"keys": {"id": {"S": "d"}}, "old": None, "new": whole, "at_us": 1}], AT)
    assert '"abc" is no number' in refused(engine, [f"{full}+{later}"] * 2, tmp_path)


def by_auto(sides: list[Path], folder: Path) -> Result:
    sources = [export_source(str(side)) for side in sides]
    return engine_for("auto", sources, SHAPE, resumes=False)(sources, SHAPE, folder, Unwatched())


def test_half_a_surrogate_pair_is_left_to_python(tmp_path: Path) -> None:
    needs("duckdb")
    half = [{"id": {"S": "\ud800"}, "v": {"S": "\udfff"}}]
    a, b = exported(tmp_path, "a", [*SOUND, *half]), exported(tmp_path, "b", SOUND)
    found = by_auto([a, b], tmp_path / "auto")
    assert (found.engine, found.counts.only_left, found.counts.equal) == ("python", 1, len(SOUND))
    with pytest.raises(
        WorldError, match=r"\(Invalid Input Error: Malformed JSON: no low surrogate in string\.\), .* --engine python"
    ):
        compared("duckdb", [a, b], tmp_path, SHAPE)
    assert by_auto([b, b], tmp_path / "sound").engine == "duckdb"


def test_auto_names_the_line_of_what_no_engine_takes(tmp_path: Path) -> None:
    a = exported(tmp_path, "a", [*SOUND, {"id": {"S": "d"}, "v": {"N": "abc"}}])
    with pytest.raises(InputError, match=r"\.json\.gz:21: "):
        by_auto([a, a], tmp_path / "auto")


@pytest.mark.parametrize("engine", BOTH)
def test_an_empty_sample_is_no_answer_and_no_bound_is_larger_than_the_tables(engine: str, tmp_path: Path) -> None:
    needs(engine)
    a, b = exported(tmp_path, "a", SOUND), exported(tmp_path, "b", SOUND[:-1])
    none = compared(engine, [a, b], tmp_path, Shape(("id",), selection=Selection(fraction=1e-7)))
    assert (none.is_unknown, none.are_equal, none.exit_code) == (True, False, 2)
    assert none.estimate() == (0, 39)
    some = compared(engine, [a, b], tmp_path / "some", Shape(("id",), selection=Selection(fraction=0.5)))
    assert some.counts.equal > 3
    assert some.estimate()[1] <= 39 - 2 * some.counts.equal
    empty = [exported(tmp_path, name, []) for name in ("c", "d")]
    both = compared(engine, empty, tmp_path / "both", Shape(("id",), selection=Selection(fraction=0.5)))
    assert (both.are_equal, both.exit_code) == (True, 0)  # the manifests say that there is nothing


def test_the_types_of_keys_are_known_when_a_comparison_goes_on(tmp_path: Path) -> None:
    from test_comparison_engines import Interrupted, Killer

    from harness.comparison import by_python

    a = exported(tmp_path, "a", [*SOUND, {"id": {"N": "1"}}], 20)
    sources = [export_source(str(a))] * 2
    with pytest.raises(Interrupted):
        by_python.compare(sources, SHAPE, tmp_path / "work", Killer(1))
    with pytest.raises(InputError, match="of type S in one item and N in another"):
        by_python.compare(sources, SHAPE, tmp_path / "work", Unwatched())


def test_a_number_beyond_all_bounds_is_malformed() -> None:
    with pytest.raises(Malformed, match="no number that any table can hold"):
        item_text({"v": {"N": "123456789e999999"}})
