"""The witness against a small application and a small DNS server, over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import dns.rcode
import pytest
from witness_echo import Echo, TinyDns

from harness.clock import monotonic_ns
from harness.errors import InputError
from harness.history.codec import read
from harness.history.events import CanaryProbe, Completion, DnsAnswer, Invoke, Operation, Sample
from harness.history.journeys import JourneyMade
from harness.history.log import Tail, pair
from harness.outcome import Outcome
from harness.units import NS_PER_S
from harness.witness.models import parse_canaries, parse_config
from harness.witness.witness import Witness

pytestmark = [pytest.mark.live, pytest.mark.beside]

A, B = "127.0.1.10", "127.0.2.10"
FAST = {"clients": 1, "period_s": 0.04}
CALM = {"clients": 1, "period_s": 0.2}


@dataclass
class Arrangement:
    """Two edges, a DNS server, and a witness."""

    a: Echo
    b: Echo
    dns: TinyDns
    witness: Witness
    history: Path
    tails: dict[Path, tuple[Tail, list[Any]]] = field(default_factory=dict)

    def all(self) -> list[Any]:
        """Every event so far, reading only what is new: these tests share one loop with what they watch."""
        tail, seen = self.tails.setdefault(self.history, (Tail(self.history), []))
        seen += tail.poll()
        return seen

    def events(self, kind: type) -> list[Any]:
        return [event for event in self.all() if isinstance(event, kind)]

    def operations(self, cohort: str = "") -> list[Operation]:
        return [o for o in pair(self.all()) if o.invoke.cohort.startswith(cohort)]

    def completions(self, cohort: str = "") -> list[Completion]:
        return [o.completion for o in self.operations(cohort) if o.completion is not None]

    async def until(self, seen: Callable[[], object], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not seen():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def arranged(
    tmp_path: Path, cohorts: dict[str, dict[str, Any]], *, ttl_s: int = 1, **config: Any
) -> AsyncIterator[Arrangement]:
    a, b, server = Echo("us-east-1"), Echo("us-west-2"), TinyDns([A], ttl_s)
    await asyncio.gather(a.start(), b.start(), server.start())
    history = tmp_path / "history.jsonl"
    settings = {
        "history": str(history),
        "dns": server.address,
        "record": "app.example.com",
        "port": 1,
        "address_book": {A: a.address, B: b.address},
        "edges": {"us-east-1": A, "us-west-2": B},
        "cohorts": cohorts,
        "timeout_s": 5.0,
    }
    witness = Witness(parse_config(settings | config))
    await witness.open()
    try:
        yield Arrangement(a, b, server, witness, history)
        assert not witness.failed.done()
    finally:
        await witness.close()
        await asyncio.gather(a.stop(), b.stop(), server.stop())


def test_a_quiet_half_second_leaves_a_complete_history(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": {"clients": 2, "period_s": 0.05}, "pinned-b": FAST}) as at:
            await at.witness.start()
            await at.until(lambda: len(at.operations()) >= 60)
            await at.witness.stop()
            operations = at.operations()
            assert all(o.completion is not None and o.good for o in operations)
            assert len({o.invoke.op for o in operations}) == len(operations)
            for o in operations:
                assert o.completion is not None
                assert o.invoke.planned_ns <= o.sent_ns <= o.completion.mono_ns
                assert (o.completion.region, o.completion.epoch) == (
                    ("us-west-2", 3) if o.invoke.cohort == "pinned-b" else ("us-east-1", 3)
                )
                if o.invoke.f == "put":
                    assert o.invoke.k == o.invoke.v == o.invoke.op
            reads = [o for o in operations if o.invoke.f == "get" and not o.invoke.k.endswith("absent")]
            assert reads
            assert all(o.completion is not None and o.completion.v in (o.invoke.k, None) for o in reads)
            assert [c.v for c in at.completions("pinned") if c.f == "get"][-1] is not None
            answers = {(e.client, e.addresses) for e in at.events(DnsAnswer)}
            assert answers == {("authoritative", (A,)), ("dns-0", (A,)), ("dns-1", (A,))}

    asyncio.run(scene())


def test_the_schedule_of_each_client_is_an_exact_grid(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"direct-a": {"clients": 2, "period_s": 0.04}}) as at:
            await at.witness.start()
            await at.until(lambda: len(at.operations()) >= 40)
            await at.witness.stop()
            for client in ("direct-a-0", "direct-a-1"):
                mine = [o.invoke for o in at.operations() if o.invoke.client == client]
                for kind in (("put", "delete"), ("get",)):
                    planned = [i.planned_ns for i in mine if i.f in kind]
                    assert {(x - planned[0]) % 40_000_000 for x in planned} == {0}
                writes = [i.planned_ns for i in mine if i.f != "get"]
                reads = [i.planned_ns for i in mine if i.f == "get"]
                assert (reads[0] - writes[0]) % 40_000_000 == 20_000_000

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("mode", "put", "get"),
    [
        ("503", (Outcome.INFO, 503, None), (Outcome.INFO, 503, None)),
        ("503-no-target", (Outcome.FAIL, 503, None), (Outcome.FAIL, 503, None)),
        ("500", (Outcome.INFO, 500, None), (Outcome.INFO, 500, None)),
        ("garbage", (Outcome.INFO, None, "garbage"), (Outcome.INFO, None, "garbage")),
        ("wrong-json", (Outcome.OK, 200, None), (Outcome.INFO, 200, "garbage")),
        ("reset", (Outcome.INFO, None, "reset"), (Outcome.INFO, None, "reset")),
        ("hang", (Outcome.INFO, None, "timeout"), (Outcome.INFO, None, "timeout")),
    ],
)
def test_what_a_broken_application_looks_like(tmp_path: Path, mode: str, put: object, get: object) -> None:
    async def scene() -> None:
        timeout_s = 0.3 if mode == "hang" else 5.0
        async with arranged(tmp_path, {"direct-a": FAST, "pinned-a": FAST}, timeout_s=timeout_s) as at:
            at.a.mode = mode
            await at.witness.start()
            await at.until(lambda: len(at.completions("direct")) >= 6 and len(at.completions("pinned")) >= 6)
            await at.witness.stop()
            for c in at.completions():
                assert (c.outcome, c.status, c.error) == (get if c.f == "get" else put)
                assert c.address == A
            if mode == "hang":
                took = [c.mono_ns - o.sent_ns for o in at.operations() if (c := o.completion)]
                assert all(0.29 * NS_PER_S < ns < 4 * NS_PER_S for ns in took)

    asyncio.run(scene())


def test_an_absent_item_is_an_available_service(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"direct-a": FAST}) as at:
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 4)

            def lost_and_noticed() -> bool:
                at.a.items.clear()
                return any(c.status == 404 for c in at.completions())

            await at.until(lost_and_noticed)
            await at.witness.stop()
            lost = next(c for c in at.completions() if c.status == 404)
            assert (lost.f, lost.outcome, lost.v, lost.error) == ("get", Outcome.OK, None, None)

    asyncio.run(scene())


def test_a_closed_port_is_a_refusal_without_effect(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"direct-a": FAST, "pinned-a": FAST}) as at:
            await at.a.stop()
            await at.witness.start()
            await at.until(lambda: len(at.completions("pinned")) >= 4 and len(at.completions("direct")) >= 4)
            await at.witness.stop()
            assert {(c.outcome, c.error, c.status) for c in at.completions()} == {(Outcome.FAIL, "refused", None)}
            assert len({o.invoke.p for o in at.operations()}) == 2, "a known outcome keeps the process id"

    asyncio.run(scene())


def test_a_full_accept_queue_is_a_connect_timeout_without_effect(tmp_path: Path) -> None:
    async def scene() -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            fillers = []
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
                fillers.append(filler)
            book = {A: listener.getsockname()}
            async with arranged(tmp_path, {"direct-a": FAST}, address_book=book, timeout_s=0.3) as at:
                await at.witness.start()
                await at.until(lambda: len(at.completions()) >= 6)
                await at.witness.stop()
                assert {(c.outcome, c.error) for c in at.completions()} == {(Outcome.FAIL, "connect-timeout")}
            for filler in fillers:
                filler.close()

    asyncio.run(scene())


def test_a_client_that_does_not_know_takes_a_new_process_id(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"direct-a": FAST, "direct-b": FAST}) as at:
            at.a.mode = at.b.mode = "500"
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 20)
            await at.witness.stop()
            of = {c: {o.invoke.p for o in at.operations(c)} for c in ("direct-a", "direct-b")}
            assert len(of["direct-a"]) > 3
            assert not of["direct-a"] & of["direct-b"]

    asyncio.run(scene())


def test_dns_moves_and_each_cohort_follows_in_its_own_way(tmp_path: Path) -> None:
    async def scene() -> None:
        cohorts = {
            "dns": {"clients": 4, "period_s": 0.2},
            "keepalive": CALM,
            "ttl-violating": CALM | {"min_ttl_s": 60},
            "pinned-a": CALM,
            "direct-a": CALM,
        }
        async with arranged(tmp_path, cohorts, ttl_s=2) as at:

            def dialled(cohort: str, count: int = 6) -> set[str | None]:
                return {c.address for c in at.completions(cohort)[-count:]}

            await at.witness.start()
            await at.until(lambda: len(at.completions("keepalive")) >= 6 and len(at.completions("dns")) >= 16)
            at.dns.addresses = [B]
            await at.until(lambda: dialled("dns", 16) == {B})
            answers = {e.client: e.mono_ns for e in at.events(DnsAnswer) if e.addresses == (B,)}
            changed_ns = answers["authoritative"]
            delays = sorted((answers[f"dns-{i}"] - changed_ns) / NS_PER_S for i in range(4))
            assert delays[-1] < 2 + 5.0, "the TTL, and what a busy machine adds"
            assert delays[-1] - delays[0] > 0.75, "refreshes are a quarter TTL apart, not a lottery"
            assert dialled("keepalive") == dialled("ttl-violating") == dialled("pinned") == dialled("direct") == {A}

            def cut_and_moved() -> bool:
                at.a.cut()
                return dialled("keepalive") == {B}

            await at.until(cut_and_moved)
            await at.until(lambda: dialled("pinned") == {A})
            assert dialled("ttl-violating") == {A}
            at.dns.addresses = [A]
            await at.until(lambda: dialled("dns", 16) == {A})
            assert dialled("keepalive") == {B}, "nothing broke, so nothing was asked"

    asyncio.run(scene())


def test_one_hanging_answer_delays_no_other_operation(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"pinned-a": FAST, "keepalive": FAST}) as at:
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 20)
            at.a.delay_once_s = 1.0
            await at.until(lambda: at.a.delay_once_s == 0.0)
            await at.until(
                lambda: any(c.mono_ns - o.sent_ns > 0.9 * NS_PER_S for o in at.operations() if (c := o.completion))
            )
            await at.witness.stop()
            operations = at.operations()
            assert all(o.completion for o in operations)
            hung = max(operations, key=took_ns)
            assert took_ns(hung) > 0.9 * NS_PER_S
            # A machine that stalls delays some of them; an operation that waited for the hanging one would delay all.
            for cohort in ("pinned-a", "keepalive"):
                meanwhile = [
                    o for o in operations
                    if o.invoke.cohort == cohort and hung.sent_ns < o.invoke.planned_ns < hung.sent_ns + 0.6 * NS_PER_S
                ]  # fmt: skip
                assert len(meanwhile) >= 10
                for late_ns in ([o.sent_ns - o.invoke.planned_ns for o in meanwhile], [took_ns(o) for o in meanwhile]):
                    assert statistics.median(late_ns) < 0.3 * NS_PER_S

    asyncio.run(scene())


def took_ns(operation: Operation) -> int:
    assert operation.completion is not None
    return operation.completion.mono_ns - operation.sent_ns


def test_a_silent_dns_server_means_no_address_never_a_stale_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}, timeout_s=0.3) as at:
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 10)
            at.dns.silent, silent_ns = True, monotonic_ns()
            await at.until(lambda: any(c.error == "dns" for c in at.completions()))
            await at.until(lambda: monotonic_ns() > silent_ns + 2.4 * NS_PER_S)
            at.dns.silent, back_ns = False, monotonic_ns()
            await at.until(lambda: at.completions()[-1].outcome is Outcome.OK)
            await at.witness.stop()
            ttl_over = [o for o in at.operations() if silent_ns + 1.3 * NS_PER_S < o.sent_ns < back_ns - 0.3 * NS_PER_S]
            assert ttl_over
            assert not any(o.good for o in ttl_over)
            assert any(o.good for o in at.operations() if o.sent_ns > back_ns)
            assert {c.outcome for c in at.completions() if c.error == "dns"} == {Outcome.FAIL}
            assert all(c.address is None for c in at.completions() if c.error == "dns")

    asyncio.run(scene())


def test_a_lost_datagram_is_asked_again_and_a_truncated_answer_over_tcp(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}, timeout_s=1.0, dns_probe_period_s=30.0) as at:
            at.dns.drop_next = 2
            at.dns.truncate = True
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 4)
            await at.witness.stop()
            assert at.dns.queries >= 3
            assert at.dns.tcp_queries >= 1
            assert {c.outcome for c in at.completions()} == {Outcome.OK}

    asyncio.run(scene())


@pytest.mark.parametrize(("rcode", "error"), [(dns.rcode.NXDOMAIN, "no-address"), (dns.rcode.SERVFAIL, "dns")])
def test_a_name_without_an_address_fails_the_operation(tmp_path: Path, rcode: dns.rcode.Rcode, error: str) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}) as at:
            at.dns.rcode = rcode
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 4)
            await at.witness.stop()
            assert {(c.outcome, c.error) for c in at.completions()} == {(Outcome.FAIL, error)}
            answers = [e.addresses for e in at.events(DnsAnswer) if e.client == "authoritative"]
            assert answers == ([()] if rcode == dns.rcode.NXDOMAIN else [])

    asyncio.run(scene())


def test_an_answer_that_leads_out_of_this_machine_is_not_dialled(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}) as at:
            at.dns.addresses = ["192.0.2.1"]
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 2)
            await at.witness.stop()
            assert {(c.outcome, c.error, c.address) for c in at.completions()} == {
                (Outcome.FAIL, "unreachable", "192.0.2.1")
            }

    asyncio.run(scene())


def test_stop_waits_for_what_is_outstanding_and_sends_nothing_more(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"direct-a": FAST}, timeout_s=0.6) as at:
            at.a.mode = "hang"
            await at.witness.start()
            await at.until(lambda: len(at.a.requests) >= 5)
            await at.witness.stop()
            operations = at.operations()
            assert operations
            assert all(o.completion is not None for o in operations)
            assert at.witness.status()["outstanding"] == 0
            size = at.history.stat().st_size
            await asyncio.sleep(0.2)
            assert at.history.stat().st_size == size

    asyncio.run(scene())


def test_rotate_goes_on_in_another_file_with_ids_of_its_own(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}) as at:
            await at.witness.start()
            await at.until(lambda: len(at.operations()) >= 8)
            await at.witness.rotate(tmp_path / "second.jsonl")
            first, at.history = at.history, tmp_path / "second.jsonl"
            size = first.stat().st_size
            await at.until(lambda: at.history.exists() and len(at.operations()) >= 8)
            await at.witness.stop()
            old, new = pair(read(first)), at.operations()
            assert all(o.completion is not None for o in old)
            assert first.stat().st_size == size
            assert not {o.invoke.op for o in old} & {o.invoke.op for o in new}
            assert not {o.invoke.k for o in old} & {o.invoke.k for o in new}
            assert {e.client for e in at.events(DnsAnswer)} == {"authoritative", "dns-0"}, "each file tells the start"

    asyncio.run(scene())


def test_a_client_that_is_called_reads_more_often_for_a_while_and_on_a_grid(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": {"clients": 1, "period_s": 0.4, "closely": 4}}) as at:
            await at.witness.start()
            await at.until(lambda: len(at.operations()) >= 4)
            assert not [o for o in at.operations() if o.invoke.extra]
            at.witness.attention()
            await at.until(lambda: len([o for o in at.operations() if o.invoke.extra]) >= 9)
            await at.witness.stop()
            reads = [o.invoke for o in at.operations() if o.invoke.f == "get"]
            first_ns = reads[0].planned_ns
            assert {(i.planned_ns - first_ns) % 400_000_000 for i in reads if not i.extra} == {0}
            assert {(i.planned_ns - first_ns) % 400_000_000 for i in reads if i.extra} == {
                100_000_000, 200_000_000, 300_000_000,
            }  # fmt: skip
            assert not [o for o in at.operations() if o.invoke.extra and o.is_write]

    asyncio.run(scene())


def test_what_hurts_is_looked_at_closely_until_it_is_over_and_its_answers_are_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": {"clients": 1, "period_s": 0.4, "closely": 4}}) as at:
            at.a.mode = "503"
            await at.witness.start()
            await at.until(lambda: len([o for o in at.operations() if o.invoke.extra and o.is_write]) >= 6)
            at.a.mode = "ok"
            await at.until(lambda: any(o.good and o.is_write for o in at.operations()))
            served_ns = monotonic_ns()
            await at.until(lambda: monotonic_ns() > served_ns + 2 * NS_PER_S)
            await at.witness.stop()
            late = [o for o in at.operations() if o.sent_ns > served_ns + 1.5 * NS_PER_S]
            assert late
            assert not [o for o in late if o.invoke.extra]
            kept = at.events(Sample)
            assert {(sample.f, sample.status) for sample in kept} >= {("put", 503), ("get", 503)}
            assert len(kept) <= 3 * 2, "two of each kind"
            assert all(sample.status_line == "503 X" for sample in kept)
            assert {sample.op for sample in kept} <= {o.invoke.op for o in at.operations()}

    asyncio.run(scene())


def test_clients_of_all_cohorts_share_keys_where_the_application_allows_it(tmp_path: Path) -> None:
    async def scene() -> None:
        cohorts = {"dns": {"clients": 2, "period_s": 0.04}, "pinned-a": FAST, "pinned-b": FAST}
        async with arranged(tmp_path, cohorts, keys="shared") as at:
            await at.witness.calibrate(0.1, 2)
            await at.witness.start()
            await at.until(lambda: len(at.operations()) >= 400, 30.0)
            await at.witness.stop()
            writers: dict[str, set[str]] = {}
            for o in at.operations():
                if o.invoke.f == "put":
                    writers.setdefault(o.invoke.k, set()).add(o.invoke.client)
            several = [who for who in writers.values() if len(who) > 1]
            assert {"dns-0", "dns-1", "pinned-a-0", "pinned-b-0"} in several, "registers"
            assert len(several) >= 6, "pairs come all the time where both sides accept"
            assert {o.invoke.k for o in at.operations()}.isdisjoint(key for key in at.a.items if key.startswith("cal-"))

    asyncio.run(scene())


def test_a_group_is_one_request_and_an_operation_for_each_of_its_items(tmp_path: Path) -> None:
    items = [{"id": "{id}", "value": "{value}"}, {"id": "{other_id}", "value": "{other_value}"}]
    workload = {"group": {"method": "POST", "path": "/groups", "body": {"items": items}}}

    async def scene() -> None:
        cohorts = {"dns": {"clients": 2, "period_s": 0.04}}
        async with arranged(tmp_path, cohorts, keys="shared", workload=workload) as at:
            await at.witness.start()
            await at.until(lambda: len([o for o in at.operations() if o.invoke.group and o.completion]) >= 8)
            await at.until(lambda: grouped(at) & {done.v for done in at.completions() if done.f == "get"})
            await at.witness.stop()
            groups: dict[str, list[Operation]] = {}
            for o in at.operations():
                if o.invoke.group is not None:
                    groups.setdefault(o.invoke.group, []).append(o)
            posts = [path for method, path, _ in at.a.requests if method == "POST"]
            assert len(posts) == len(groups)
            for one, other in groups.values():
                assert (one.sent_ns, one.returned_ns) == (other.sent_ns, other.returned_ns)
                assert one.invoke.p == other.invoke.p
                assert at.a.items[one.invoke.k] == one.invoke.op
                assert at.a.items[other.invoke.k] == other.invoke.op

    def grouped(at: Arrangement) -> set[str | None]:
        return {o.invoke.op for o in at.operations() if o.invoke.group is not None}

    asyncio.run(scene())


def test_an_application_whose_keys_are_put_once_is_asked_for_nothing_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST, "pinned-a": FAST}, keys="shared") as at:
            at.a.mode = "once"
            await at.witness.calibrate(0.1, 2)
            await at.witness.start()
            await at.until(lambda: len(at.operations()) >= 150)
            await at.witness.stop()
            assert all(o.good for o in at.operations())

    asyncio.run(scene())


def test_rate_changes_at_once_and_zero_pauses(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"direct-a": {"clients": 1, "period_s": 0.4}}) as at:
            await at.witness.start()
            at.witness.set_rate(10)
            await at.until(lambda: len(at.operations()) >= 20)
            planned = [o.invoke.planned_ns for o in at.operations() if o.invoke.f != "get"][-5:]
            gaps = [b - a for a, b in pairwise(planned)]
            assert (min(gaps), {gap % 40_000_000 for gap in gaps}) == (40_000_000, {0})  # a stall skips some
            at.witness.set_rate(0)
            await at.until(lambda: at.witness.status()["outstanding"] == 0)
            sent = at.witness.status()["cohorts"]["direct-a"]["sent"]
            await asyncio.sleep(0.15)
            assert at.witness.status()["cohorts"]["direct-a"]["sent"] == sent
            with pytest.raises(InputError):
                at.witness.set_rate(-1)

    asyncio.run(scene())


def test_canaries_see_a_link_a_kept_connection_and_a_process_die(tmp_path: Path) -> None:
    async def scene() -> None:
        sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            async with arranged(tmp_path, {}, canary_period_s=0.05, canary_timeout_s=0.2) as at:
                base = {"address": at.a.address}
                at.witness.set_canaries(
                    parse_canaries(
                        [
                            base | {"link": "canary->us-east-1:http", "kind": "http", "path": "/items/x"},
                            base
                            | {"link": "canary.outside->us-east-1:dynamodb", "kind": "dynamodb", "region": "us-east-1"},
                            base | {"link": "kept", "kind": "http", "keepalive": True},
                            {"link": "process:app", "kind": "process", "pid": sleeper.pid},
                        ]
                    )
                )

                def last(link: str) -> tuple[bool, str | None] | None:
                    probes = [p for p in at.events(CanaryProbe) if p.link == link]
                    return (probes[-1].ok, probes[-1].error) if probes else None

                links = ("canary->us-east-1:http", "canary.outside->us-east-1:dynamodb", "kept", "process:app")
                await at.witness.start()
                await at.until(lambda: all(last(link) == (True, None) for link in links))
                calls = [r for r in at.a.requests if "x-amz-target" in r[2]]
                assert calls[0][:2] == ("POST", "/")
                assert "/us-east-1/dynamodb/" in calls[0][2]["authorization"]
                connections = at.a.connections
                at.a.mode = "hang"
                sleeper.send_signal(signal.SIGSTOP)
                await at.until(lambda: all(last(link) == (False, "timeout") for link in links[:3]))
                await at.until(lambda: last("process:app") == (False, "stopped"))
                sleeper.send_signal(signal.SIGCONT)
                sleeper.kill()
                await at.a.stop()
                await at.until(lambda: all(last(link) == (False, "refused") for link in links[:3]))
                await at.until(lambda: last("process:app") == (False, "dead"))
                assert at.a.connections > connections
                at.witness.set_canaries(())
                await at.witness.stop()
                assert at.witness.status()["canaries"] == []
        finally:
            sleeper.kill()
            sleeper.communicate()

    asyncio.run(scene())


def test_a_kept_canary_connection_is_really_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {}, canary_period_s=0.02, canary_timeout_s=10.0) as at:
            canary = {"link": "kept", "kind": "dynamodb", "region": "us-east-1", "keepalive": True}
            at.witness.set_canaries(parse_canaries([canary | {"address": at.a.address}]))
            await at.witness.start()
            await at.until(lambda: len(at.events(CanaryProbe)) >= 10)
            await at.witness.stop()
            assert at.a.connections == 1

    asyncio.run(scene())


def test_pinned_clients_keep_their_connections_and_direct_ones_never_do(tmp_path: Path) -> None:
    async def scene() -> None:
        cohorts = {"pinned-a": FAST | {"connections": 3}, "direct-b": FAST}
        async with arranged(tmp_path, cohorts) as at:
            await at.witness.start()
            await at.until(lambda: len(at.completions()) >= 40)
            await at.witness.stop()
            assert at.a.connections <= 5
            assert at.b.connections == len(at.operations("direct-b"))

    asyncio.run(scene())


def test_calibration_measures_and_leaves_no_trace_in_the_history(tmp_path: Path) -> None:
    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}) as at:
            burst = await at.witness.calibrate(0.3, 4)
            assert burst.failed == 0
            assert burst.done == len(at.a.requests)
            assert burst.as_json()["ops_per_s"] > 10
            assert all(key.startswith("cal-") for key in at.a.items)
            again = set(at.a.items)
            await at.witness.calibrate(0.1, 2)
            assert len(at.a.items) > len(again), "ids are not used twice"
            assert at.history.read_text() == ""
            await at.witness.start()
            with pytest.raises(InputError, match="stop the workload"):
                await at.witness.calibrate(0.1, 1)

    asyncio.run(scene())


def test_a_history_that_cannot_be_written_is_an_error_not_a_hole(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this platform")

    async def scene() -> None:
        a, server = Echo(), TinyDns([A], 1)
        await asyncio.gather(a.start(), server.start())
        config = {"history": "/dev/full", "dns": server.address, "record": "app.example.com", "port": 1}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "harness.witness", "--config", _json(config)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        ready = _parse(await process.stdout.readline())
        await _admin(ready, "/start")
        async with asyncio.timeout(60):
            _, stderr = await process.communicate()
        assert process.returncode == 3
        assert b"the witness failed" in stderr
        assert b"cannot write its history /dev/full: No space left on device" in stderr
        await asyncio.gather(a.stop(), server.stop())

    asyncio.run(scene())


def _json(value: object) -> str:
    return json.dumps(value)


def _parse(line: bytes) -> dict[str, Any]:
    return dict(json.loads(line))


async def _admin(ready: dict[str, Any], path: str, body: object = None, method: str = "POST") -> tuple[int, Any]:
    url = "http://{}:{}{}".format(*ready["admin"], path)
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as answer:
        return answer.status, await answer.json()


def test_the_process_serves_its_admin_interface_and_ends_on_sigterm_with_a_whole_history(tmp_path: Path) -> None:
    async def scene() -> None:
        a, server = Echo(), TinyDns([A], 1)
        await asyncio.gather(a.start(), server.start())
        history = tmp_path / "history.jsonl"
        config = {
            "history": str(history),
            "dns": server.address,
            "record": "app.example.com",
            "port": 1,
            "address_book": {A: a.address},
            "cohorts": {"dns": {"clients": 2, "period_s": 0.05}},
            "timeout_s": 3.0,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "harness.witness", "--config", _json(config)), stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            ready = _parse(await process.stdout.readline())
            assert ready["scheduling"] in ("fifo", "nice", "none")
            status, burst = await _admin(ready, "/calibrate", {"seconds": 0.2})
            assert (status, burst["failed"]) == (200, 0)
            assert (await _admin(ready, "/start"))[1]["running"] is True
            for path, body in (
                ("/rate", {"scale": "x"}),
                ("/rate", {}),
                ("/rate", {"scale": 1.0, "closely": 0}),
                ("/rotate", {"history": str(tmp_path / "no" / "folder")}),
                ("/canaries", [{"kind": "http"}]),
                ("/calibrate", {"seconds": 1}),
            ):
                status, answer = await _admin(ready, path, body)
                assert status == 400, (path, answer)
                assert answer["error"]
            assert (await _admin(ready, "/rate", {"scale": 2.0}))[0] == 200
            assert (await _admin(ready, "/attention"))[1] == {"running": True}
            async with asyncio.timeout(60):
                while (await _admin(ready, "/status", method="GET"))[1]["cohorts"].get("dns", {"ok": 0})["ok"] < 30:
                    await asyncio.sleep(0.02)
            a.mode = "hang"
            process.terminate()
            async with asyncio.timeout(60):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        events = list(read(history))
        sent = [e for e in events if isinstance(e, Invoke)]
        assert {e.op for e in sent} == {e.op for e in events if isinstance(e, Completion)}
        assert history.read_bytes().endswith(b"\n")
        await asyncio.gather(a.stop(), server.stop())

    asyncio.run(scene())


@pytest.mark.skipif(sys.platform != "linux", reason="real-time classes are Linux's")
def test_a_witness_that_spins_falls_back_to_the_normal_class() -> None:
    script = (
        "import time\n"
        "from harness.witness import scheduling\n"
        "print(scheduling.become_punctual(), flush=True)\n"
        "end = time.monotonic() + 1.5\n"
        "while time.monotonic() < end and scheduling.current() == 'fifo': pass\n"
        "print(scheduling.current())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True, env=dict(os.environ)
    )
    taken, left = done.stdout.split()
    if taken != "fifo":
        pytest.skip(f"no permission for a real-time class here (got {taken})")
    assert left != "fifo"


def test_journeys_are_made_beside_the_workload_and_touch_none_of_its_numbers(tmp_path: Path) -> None:
    journeys = [
        {"name": "pay", "request": {"method": "PUT", "path": "/items/{id}", "body": {"value": "{op}"}}, "period_s": .1},
        {"name": "track", "after": "pay", "request": {"method": "GET", "path": "/items/{id}"}, "period_s": 0.1,
         "expect": {"status": 200, "pattern": "visit-"}},
    ]  # fmt: skip

    async def scene() -> None:
        async with arranged(tmp_path, {"dns": FAST}, ttl_s=1, workload={"journeys": journeys}) as at:

            def made(*, worked: bool, address: str | None = A) -> set[str]:
                visits: list[JourneyMade] = at.events(JourneyMade)
                return {v.journey for v in visits if v.worked is worked and v.address == address}

            await at.witness.start()
            await at.until(lambda: made(worked=True) == {"pay", "track"})
            at.a.mode = "500"
            await at.until(lambda: made(worked=False) == {"pay", "track"})
            at.dns.addresses = [B]
            at.b.items = at.a.items
            await at.until(lambda: made(worked=True, address=B) == {"pay", "track"})
            at.witness.set_rate(0)
            counted = at.witness.status()["journeys"]["pay"]
            assert counted["made"] > counted["worked"] > 0
            await at.witness.stop()
            answers = at.events(DnsAnswer)
            assert {answer.client for answer in answers} == {"authoritative", "dns-0"}
            assert {o.invoke.client for o in at.operations()} == {"dns-0"}
            assert not any(o.invoke.k.startswith("visit-") for o in at.operations())
            assert set(at.witness.status()["cohorts"]) == {"dns"}

    asyncio.run(scene())
