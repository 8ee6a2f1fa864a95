"""The client of a Toxiproxy: addresses that are none, servers that are none, and healing that tries everything."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import InputError, LinkError
from harness.parts.links.toxiproxy.client import Proxy, ToxiproxyClient

HERE = ("127.0.0.1", 1)


class Scripted(ToxiproxyClient):
    """Answers itself. refused: requests (method, path) that fail."""

    def __init__(self, answers: dict[str, Any], refused: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__("http://127.0.0.1:1", prefix="us.")
        self.answers = answers
        self.refused = refused
        self.asked: list[tuple[str, str]] = []

    def _call(self, method: str, path: str, body: object = None, *, missing_ok: bool = False) -> Any:
        self.asked.append((method, path))
        if (method, path) in self.refused:
            raise LinkError(f"{method} {path} fails")
        return self.answers.get(path)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "http://127.0.0.1:0", "http://[::1", "http://h:x", "ftp://h"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(InputError, match="not the address of a Toxiproxy server"):
        ToxiproxyClient(url)


def test_an_ipv6_address_stays_in_brackets() -> None:
    assert ToxiproxyClient("http://[::1]:8475").url == "http://[::1]:8475"
    assert ToxiproxyClient("[::1]").url == "http://[::1]:8474"


@pytest.mark.parametrize("answer", [None, {}, [], {"status": "UP"}, {"proxies": 3}, "hello", {"version": {}, "a": 1}])
def test_another_server_is_no_toxiproxy(answer: Any) -> None:
    paths = ("/version", "/proxies", "/populate", "/proxies/us.a", "/proxies/us.a/toxics")
    client = Scripted(dict.fromkeys(paths, answer) | {"/drill/capabilities": answer})
    calls = [lambda: client.update("a", listen=HERE), lambda: client.cut("a"), lambda: client.bulk([])]
    if answer not in ({}, []):  # no proxies, no toxics
        calls += [client.proxies, lambda: client.toxics("a")]
    if not (isinstance(answer, dict) and "version" in answer):
        calls.append(client.version)
    for call in calls:
        with pytest.raises(LinkError, match="that is no answer of a Toxiproxy"):
            call()


def test_a_proxy_that_cannot_listen_any_more_loses_its_toxics_all_the_same() -> None:
    proxies = {f"us.{name}": Proxy(f"us.{name}", HERE, HERE, enabled=False).as_json() for name in "ab"}
    toxic = {"type": "timeout", "stream": "upstream", "toxicity": 1.0, "name": "t"}
    client = Scripted(
        {"/proxies": proxies, "/proxies/us.a/toxics": [toxic, {**toxic, "name": "u"}], "/proxies/us.b/toxics": [toxic]},
        refused=(("post", "/proxies/us.a"), ("delete", "/proxies/us.a/toxics/t")),
    )
    with pytest.raises(LinkError, match=r"delete /proxies/us\.a/toxics/t fails; post /proxies/us\.a fails"):
        client.reset()
    changed = [path for method, path in client.asked if method != "get"]
    assert changed == [
        "/proxies/us.a/toxics/t", "/proxies/us.a/toxics/u", "/proxies/us.a", "/proxies/us.b/toxics/t", "/proxies/us.b",
    ]  # fmt: skip
