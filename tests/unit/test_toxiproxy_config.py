"""A wrong configuration is told before anything listens."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import InputError
from harness.parts.links.toxiproxy.__main__ import main
from harness.parts.links.toxiproxy.server import serve

PROXY = {"name": "p", "listen": ["127.0.0.1", 0], "upstream": ["127.0.0.1", 1]}


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"port": 1}, r"port: unknown key; allowed: api, proxies, seed"),
        ({"api": "127.0.0.1:8474"}, r"api: an address is \[host, port\]"),
        ({"api": ["0.0.0.0", 8474]}, r"api: .*only loopback"),
        ({"seed": "7"}, r"seed: .*whole number.*'7'"),
        ({"proxies": {}}, r"proxies: .*list"),
        ({"proxies": [1]}, r"proxies\.0: must be a mapping.*1"),
        ({"proxies": [PROXY, {**PROXY, "name": ""}]}, r"proxies\.1\.name: .*at least 1 character"),
        ({"proxies": [{**PROXY, "upstream": "127.0.0.1:1"}]}, r"proxies\.0\.upstream: an address is \[host, port\]"),
        ({"proxies": [{**PROXY, "enabled": 1}]}, r"proxies\.0\.enabled: .*true or false.*1"),
        (
            {"proxies": [{**PROXY, "toxics": []}]},
            r"proxies\.0\.toxics: unknown key; allowed: enabled, listen, name, upstream",
        ),
    ],
)
def test_mistakes_are_told_with_what_is_allowed(config: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        serve(config, lambda payload: pytest.fail("it must not get ready"))


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        serve({"seed": "7", "events": 1}, lambda payload: None)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("config", ["{", "[]", "/no/such/file.json", '{"seed": "x"}'])
def test_by_hand_a_wrong_configuration_ends_with_code_3(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", config]) == 3
    assert capsys.readouterr().err
