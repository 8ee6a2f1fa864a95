"""Real clients beside the profiles that stand for them: what a JVM and Node ask a name server, and how seldom.

With the documented lifetimes, and Go and Chromium too: `python -m benchmarks.audience_clients`.
"""

from __future__ import annotations

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
