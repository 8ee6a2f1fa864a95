"""Which items of a table are the clients', under which key, and where in an item the value stands."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness import stored
from harness.engines.moto.commit_log import tables_of
from harness.errors import InputError

SINGLE_TABLE = {"PK": "TENANT#1", "SK": "ITEM#{id}"}
KEY: TypeAdapter[Any] = TypeAdapter(stored.KeySpec)


def s(**texts: str) -> dict[str, dict[str, Any]]:
    return {name: {"S": text} for name, text in texts.items()}


@pytest.mark.parametrize(
    ("key", "item", "expected"),
    [
        ("id", s(id="a"), "a"),
        ("id", {"id": {"N": "17"}}, "17"),
        ("id", s(other="a"), None),
        ({"pk": "ITEM#{id}"}, s(pk="ITEM#a"), "a"),
        ({"pk": "ITEM#{id}"}, s(pk="ORDER#a"), None),
        ({"pk": "ITEM#{id}"}, s(pk="ITEM#"), None),
        (SINGLE_TABLE, s(PK="TENANT#1", SK="ITEM#a#b"), "a#b"),
        (SINGLE_TABLE, s(PK="TENANT#2", SK="ITEM#a"), None),
        (SINGLE_TABLE, s(PK="TENANT#1", SK="LOCK#a"), None),
        (SINGLE_TABLE, s(PK="TENANT#1"), None),
        ({"PK": "{id}", "SK": "V#{id}#1"}, s(PK="a", SK="V#a#1"), "a"),
        ({"PK": "{id}", "SK": "V#{id}#1"}, s(PK="a", SK="V#b#1"), None),
        ({"PK": "a.c+{id}"}, s(PK="abc+x"), None),
    ],
)
def test_the_key_by_which_clients_know_an_item(key: Any, item: dict[str, Any], expected: str | None) -> None:
    assert stored.key_of(key, item) == expected


@pytest.mark.parametrize(
    ("value", "item", "expected"),
    [
        ("value", s(value="x"), "x"),
        ("value", {"value": {"N": "7"}}, "7"),
        ("value", {"value": {"BOOL": True}}, "true"),
        ("value", {}, None),
        ("a.b", s(**{"a.b": "x"}), "x"),
        ("doc.value", {"doc": {"M": s(value="x")}}, "x"),
        ("doc.list.0.n", {"doc": {"M": {"list": {"L": [{"M": {"n": {"N": "7"}}}]}}}}, "7"),
        ("doc.value", {"doc": {"M": {}}}, None),
        ("doc.value", {"doc": {"M": {"value": {"NULL": True}}}}, None),
        ({"attribute": "body", "at": "/value"}, s(body='{"value": "x"}'), "x"),
        ({"attribute": "body", "at": "/value"}, s(body="no json"), None),
        ({"attribute": "body", "at": "value"}, {"body": {"M": s(value="x")}}, "x"),
    ],
)
def test_the_value_in_whatever_form_it_is_stored(value: Any, item: dict[str, Any], expected: str | None) -> None:
    assert stored.value_of(TypeAdapter(stored.ValueSpec).validate_python(value), item) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "7"}, {"N": "7.00"}),
        ({"N": "0"}, {"N": "-0.0"}),
        ({"N": "1E+2"}, {"N": "100"}),
        ({"N": "12345678901234567890123456789012345678"}, {"N": "1.2345678901234567890123456789012345678E37"}),
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"NS": ["2", "1.0"]}, {"NS": ["1", "2.0"]}),
        (
            {"M": {"a": {"N": "1"}, "b": {"L": [{"SS": ["y", "x"]}]}}},
            {"M": {"b": {"L": [{"SS": ["x", "y"]}]}, "a": {"N": "1.0"}}},
        ),
    ],
)  # fmt: skip
def test_what_is_the_same_to_dynamodb_is_the_same_text(one: Any, other: Any) -> None:
    assert stored.text_of(one) == stored.text_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "7"}, {"N": "7.01"}),
        ({"N": "12345678901234567890123456789012345678"}, {"N": "12345678901234567890123456789012345679"}),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
        ({"L": [{"N": "1"}]}, {"L": [{"S": "1"}]}),
        ({"M": {"a": {"NULL": True}}}, {"M": {}}),
        ({"M": {"a": {"S": ""}}}, {"M": {"a": {"NULL": True}}}),
        ({"SS": ["a"]}, {"L": [{"S": "a"}]}),
    ],
)
def test_what_differs_to_dynamodb_differs_as_text(one: Any, other: Any) -> None:
    assert stored.text_of(one) != stored.text_of(other)


@pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "1E+999999", ""])
def test_what_is_no_number_stays_as_it_is(text: str) -> None:
    assert stored.text_of({"N": text}) == text


def test_where_in_an_item_a_text_stands() -> None:
    item = s(id="a", body='{"data": {"v": "x"}}', copy="x") | {"doc": {"M": s(v="x")}}
    assert list(stored.holders(item, "x")) == ["{attribute: body, at: /data/v}", "copy", "{attribute: doc, at: /v}"]


@pytest.mark.parametrize("key", [{}, {"PK": "A", "SK": "B"}, {"PK": "{id}{id}"}, {"a": "{id}", "b": "x", "c": "y"}])
def test_a_key_that_names_no_item(key: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        KEY.validate_python(key)
    with pytest.raises(InputError):
        tables_of({"items": {"key": key, "value": "value"}})
