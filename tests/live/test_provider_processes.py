"""Providers as one family: whoever drives a world says the same to each of them, and is answered alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from served_process import ServedProcess

from harness.parts.steering.akamai.config import AkamaiConfig
from harness.parts.steering.akamai.server import run as akamai
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.server import run as cloudflare
from harness.parts.steering.digitalocean.config import DigitalOceanConfig
from harness.parts.steering.digitalocean.server import run as digitalocean
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.server import run as route53
from harness.wire.ask import ask

pytestmark = [pytest.mark.live, pytest.mark.beside]

APP = "app.example.com"
TOKEN = {"client_token": "a", "client_secret": "b", "access_token": "c"}
RUNS: dict[str, Any] = {
    "akamai": (akamai, AkamaiConfig, {"credentials": [TOKEN]}),
    "cloudflare": (cloudflare, CloudflareConfig, {"token": "t" * 40}),
    "digitalocean": (digitalocean, DigitalOceanConfig, {"token": "t"}),
    "route53": (route53, DataPlaneConfig, {"control_plane": ["127.0.0.1", 9]}),
}
CHECKED = ("akamai", "cloudflare", "route53")


@pytest.fixture(params=RUNS)
def provider(request: pytest.FixtureRequest) -> Iterator[tuple[str, ServedProcess]]:
    run, config, settings = RUNS[request.param]
    found = ServedProcess(run, config.parse({**settings, "watch": [APP]}))
    yield request.param, found
    found.close()


def test_the_same_is_said_to_every_provider(provider: tuple[str, ServedProcess]) -> None:
    name, process = provider

    def said(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        answer = ask(process.addresses["admin"], method, path, timeout_s=5.0, body=data)
        return answer.status, json.loads(answer.body)

    status, told = said("GET", "/status")
    assert (status, told["answers"], told["frozen"]) == (200, {APP: {"addresses": [], "ttl_s": 0}}, [])
    if name != "route53":  # of which nothing can be frozen before it has read a configuration
        assert said("POST", "/freeze", {"name": APP})[1]["frozen"] == [APP]
        assert said("POST", "/thaw")[1]["frozen"] == []
    assert said("POST", "/reset")[0] == 200
    for body in ({}, {"name": 7}, {"name": APP, "more": 1}):
        assert said("POST", "/freeze", body)[0] == 400
    if name not in CHECKED:
        return
    for mode in ("unreachable", "frozen", None):
        assert said("POST", "/blind", {"mode": mode}) == (200, {"blind": mode})
        assert said("GET", "/sight") == (200, {"blind": mode})
    assert said("POST", "/blind", {"mode": "asleep"})[0] == 400
    if name != "route53":  # whose API is another process
        assert said("POST", "/outage", {"mode": "failing"}) == (200, {"mode": "failing"})
        assert said("GET", "/status")[1]["api"] == "failing"
        assert said("POST", "/outage", {"mode": "shy"})[0] == 400
