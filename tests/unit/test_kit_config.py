"""A wrong configuration: every mistake at once, by key, with what was given and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import InputError
from harness.kit.address import LoopbackAddress, is_loopback, join_address, split_address
from harness.kit.config import Count, Seconds, Strict, Text, parsed


class Inner(Strict):
    """One of several."""

    name: Text
    times: Count = 1


class Outer(Strict):
    """A whole."""

    listen: LoopbackAddress = ("127.0.0.1", 0)
    wait_s: Seconds = 1.0
    inner: tuple[Inner, ...] = ()
    by_name: dict[str, Inner | None] = {}  # noqa: RUF012 - pydantic copies it


def problems(config: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        parsed(Outer, config, "thing")
    return [str(problem) for problem in caught.value.problems]


def test_a_value_is_read_and_cannot_be_changed() -> None:
    found = parsed(Outer, {"listen": ["::1", 80], "inner": [{"name": "a"}]}, "thing")
    assert found.listen == ("::1", 80)
    assert found.inner == (Inner(name="a"),)
    with pytest.raises(ValueError, match="frozen"):
        found.wait_s = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"liste": 1}, "thing.liste: unknown key; allowed: by_name, inner, listen, wait_s"),
        ({"inner": [{"name": "a", "tiems": 2}]}, "thing.inner.0.tiems: unknown key; allowed: name, times"),
        ({"by_name": {"x": {"name": "a", "tiems": 2}}}, "thing.by_name.x.tiems: unknown key; allowed: name, times"),
        ({"inner": [{}]}, "thing.inner.0.name: is missing"),
        ({"wait_s": True}, "thing.wait_s: must be a number (got true)"),
        ({"inner": {}}, "thing.inner: must be a list"),
    ],
)
def test_a_mistake_is_named_by_its_key(config: Any, text: str) -> None:
    assert problems(config) == [text]


@pytest.mark.parametrize(
    "address", ["127.0.0.1:80", ["127.0.0.1"], ["127.0.0.1", "80"], ["127.0.0.1", True], [1, 1], ["127.0.0.1", 65_536]]
)
def test_an_address_is_a_host_and_a_port(address: Any) -> None:
    (text,) = problems({"listen": address})
    assert text.startswith("thing.listen: an address is [host, port]")
    assert repr(address) in text


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "localhost", ""])
def test_what_is_not_of_this_machine_is_refused(host: str) -> None:
    (text,) = problems({"listen": [host, 1]})
    assert "is not a loopback address" in text
    assert not is_loopback(host)


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems({"liste": 1, "wait_s": 0, "inner": [{"name": ""}, {"times": 0}]})) == 5


@pytest.mark.parametrize("config", [None, 1, [1], "x"])
def test_what_is_no_mapping_is_refused(config: Any) -> None:
    (text,) = problems(config)
    assert text.startswith("thing: ")


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("::1", 0)])
def test_an_address_as_text_is_read_back(address: tuple[str, int]) -> None:
    assert split_address(join_address(address)) == address
