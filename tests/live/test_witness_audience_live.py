"""The audience of the witness, against a small application and DNS server: who follows an answer, who does not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from test_witness_live import A, B, arranged

pytestmark = [pytest.mark.live, pytest.mark.beside]


def member(cohort: str, cache: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"cohort": cohort, "clients": 1, "period_s": 0.05, "caches": [cache or {}], **more}


AUDIENCE = [
    member("uncached", {"fixed_s": 0}),
    member("honest"),
    member("hours", {"fixed_s": 7200}),
    member("pooled", connections="pooled"),
    member("racing", connections="racing", families=["AAAA", "A"]),
    member("no-ipv6", connections="racing", families=["AAAA", "A"], ipv6="silent"),
    member("sdk", {"fixed_s": 0}, connections="pooled", retry="standard", scale=0.01),
]
FOLLOW, STAY = ("uncached", "honest", "racing", "no-ipv6"), ("hours", "pooled")


def test_each_profile_follows_a_new_answer_in_its_own_way(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {}, ttl_s=1, audience=AUDIENCE) as at:
            await at.witness.start()

            def where(cohort: str, last: int = 1) -> set[str | None]:
                return {one.address for one in at.completions(cohort)[-last:]}

            await at.until(lambda: all(where(one) == {A} for one in (*FOLLOW, *STAY, "sdk")))
            at.dns.addresses = [B]
            await at.until(lambda: all(where(one, 5) == {B} for one in FOLLOW))
            assert all(where(one, 5) == {A} for one in STAY)
            at.a.cut()  # which only a pool learns anything from
            await at.until(lambda: where("pooled", 5) == {B} == where("sdk", 5))
            assert where("hours", 5) == {A}
            await at.witness.stop()
            told = [one for one in at.completions("sdk") if not one.served]
            assert told == [], "what one attempt met with, the next has made good"

    asyncio.run(scene())
