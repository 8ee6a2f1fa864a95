"""Real clients beside the profiles that stand for them: what a JVM and Node ask a name server, and how seldom.

With the documented lifetimes, Go and Chromium too, and a world that fails over: `make real-clients`. Without a world:
`python -m benchmarks.audience_clients`.
"""

from __future__ import annotations

import os

import client_world
import pytest
import real_clients

from harness.audience import profile_of

TTL_S = 60


@pytest.mark.live
@pytest.mark.parametrize(("client", "times"), [("jvm, 1 s", 9), ("node", 5)])
def test_a_client_keeps_an_answer_as_its_profile_says(client: str, times: int) -> None:
    if (why := real_clients.lacking(client)) is not None:
        pytest.skip(why)
    kept_s = profile_of(real_clients.CLIENTS_KNOWN[client].profile).cache.kept_s(TTL_S)
    looked = real_clients.look(client, ttl_s=TTL_S, times=times, every_s=0.3)
    assert looked.said == [real_clients.ADDRESS] * times
    assert len(looked.asked_s) >= 2
    assert looked.kept_s >= kept_s
    if kept_s == 0:
        assert len(looked.asked_s) == times, "each lookup is a question"


WANTED = "DRILL_REAL_CLIENTS"
ROUNDING_S = 1.5
SLOWED_S = 6.0
"""Chromium lets more and more time pass between WebSockets that fail."""


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.skipif(not os.environ.get(WANTED), reason=f"takes a minute and a half: make real-clients, or {WANTED}=1")
def test_clients_of_a_world_notice_its_failover_as_their_profiles_say(capsys: pytest.CaptureFixture[str]) -> None:
    lacking = {client: real_clients.lacking(client) for client in real_clients.CLIENTS_KNOWN}
    present = [client for client, why in lacking.items() if why is None]
    if not present:
        pytest.skip("; ".join(f"{client}: {why}" for client, why in lacking.items()))
    found = client_world.moved(present)
    with capsys.disabled():
        print(f"\n{'client':10} {'profile':11} {'TTL':>4} {'keeps it':>9} {'measured':>9} {'noticed after':>14}")
        for one in found:
            print(f"{one.client:10} {one.profile:11} {one.ttl_s:3}s {one.kept_s:8.0f}s {one.told}")
        for client, why in lacking.items():
            if why is not None:
                print(f"{client:10} left out: {why}")
    for one in found:
        assert one.measured_s is not None
        slack_s = client_world.EVERY_S + ROUNDING_S + (SLOWED_S if one.client == "chromium" else 0)
        assert one.kept_s - ROUNDING_S < one.measured_s < one.kept_s + slack_s, one
        if one.said_s is not None:
            assert abs(one.said_s - (one.asked_s[1] or 0)) < ROUNDING_S, one
