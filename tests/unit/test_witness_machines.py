"""The witness's pure parts, by example."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from harness.errors import InputError
from harness.history.events import DnsAnswer
from harness.outcome import Outcome
from harness.units import NS_PER_S
from harness.wire.body import FramingError
from harness.wire.exchange import ResponseCollector
from harness.witness import ledger, outcomes
from harness.witness import resolver_cache as cache
from harness.witness.cache_policy import CachePolicy
from harness.witness.canaries import dynamodb_request
from harness.witness.channel import MAX_BODY_BYTES, MAX_HEAD_BYTES
from harness.witness.dns_client import DnsClient, DnsReply
from harness.witness.grid import Grid, due, phase
from harness.witness.lateness import Durations
from harness.witness.models import parse_canaries, parse_config
from harness.witness.prober import DnsProber
from harness.witness.tasks import TaskSet
from harness.witness.workloads import unique

CONFIG = {"history": "h", "dns": ["127.0.0.1", 53], "record": "app.example.com", "port": 80}


# --- configuration ---


def test_every_mistake_in_the_config_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_config(CONFIG | {"prot": 1, "timeout_s": 0, "cohorts": {"dsn": {}}})
    text = str(caught.value)
    assert "witness.prot" in text
    assert "witness.timeout_s" in text
    assert "witness.cohorts.dsn" in text


@pytest.mark.parametrize(
    "change",
    [
        {"dns": ["192.0.2.1", 53]},
        {"address_book": {"127.0.1.10": ["example.com", 80]}},
        {"canaries": [{"kind": "http", "link": "x", "address": ["192.0.2.1", 80]}]},
        {"admin": ["0.0.0.0", 0]},
    ],
)
def test_an_address_outside_this_machine_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="loopback"):
        parse_config(CONFIG | change)


def test_a_pinned_cohort_without_its_edge_is_refused() -> None:
    with pytest.raises(InputError, match="needs 2 edges"):
        parse_config(CONFIG | {"cohorts": {"pinned-b": {}}, "edges": {"us-east-1": "127.0.1.10"}})


def test_a_request_path_cannot_smuggle_a_second_request() -> None:
    with pytest.raises(InputError, match="white space"):
        parse_config(CONFIG | {"workload": {"put": {"method": "PUT", "path": "/x HTTP/1.1\r\nHost: y"}}})


def test_an_answered_address_is_dialled_through_the_book_or_as_itself() -> None:
    config = parse_config(CONFIG | {"address_book": {"192.0.2.10": ["127.0.0.1", 9]}})
    assert config.dial_address("192.0.2.10") == ("127.0.0.1", 9)
    assert config.dial_address("127.0.2.10") == ("127.0.2.10", 80)
    assert config.dial_address("192.0.2.20") is None


def test_a_dynamodb_canary_signs_for_the_region_that_it_is_told() -> None:
    probe = {"kind": "dynamodb", "link": "canary.outside->nyc3:dynamodb", "address": ["127.0.0.1", 1]}
    with pytest.raises(InputError, match="region"):
        parse_canaries([probe])
    (canary,) = parse_canaries([{**probe, "region": "us-west-2"}])
    assert canary.kind == "dynamodb"
    assert b"Credential=canary/20260101/us-west-2/dynamodb/aws4_request" in dynamodb_request(canary)


# --- the grid ---


def test_a_stall_of_three_slots_sends_all_three_with_their_planned_times() -> None:
    now = due(Grid(1000, 100), 0, 1250, patience_ns=10_000)
    assert now.planned_ns == (1000, 1100, 1200)
    assert (now.skipped, now.next_slot) == (0, 3)


def test_after_a_long_stall_old_slots_are_skipped_and_counted_not_sent_as_a_burst() -> None:
    now = due(Grid(0, 100), 0, 10_000, patience_ns=300)
    assert now.planned_ns == (9700, 9800, 9900, 10_000)
    assert now.skipped == 97


def test_nothing_is_sent_before_its_time() -> None:
    assert due(Grid(1000, 100), 0, 999, 1).planned_ns == ()


def test_clients_of_all_cohorts_write_at_different_moments() -> None:
    phases = [phase(client, 4, 0, 3) for client in range(4)] + [phase(0, 1, cohort, 3) for cohort in (1, 2)]
    assert len(set(phases)) == len(phases)
    assert all(0 <= share < 1 for share in phases)


# --- the resolver cache ---

TTL = 8 * NS_PER_S


def _fresh(share: float = 0.0, min_ttl_ns: int = 0) -> cache.CacheState:
    state, effects = cache.step(cache.CacheState(0, share, CachePolicy(least_ns=min_ttl_ns)), cache.Lookup(), 0)
    assert effects == (cache.Query(), cache.Wait())
    state, _ = cache.step(state, cache.Answered(("127.0.1.10",), TTL), 1000)
    return state


def test_the_first_answer_is_reported_and_an_equal_one_is_not() -> None:
    state, _ = cache.step(cache.CacheState(0), cache.Lookup(), 0)
    state, effects = cache.step(state, cache.Answered(("127.0.1.10",), TTL), 1)
    assert effects == (cache.Changed(("127.0.1.10",), TTL), cache.Serve(("127.0.1.10",)))
    state, _ = cache.step(state, cache.Lookup(), TTL)
    _, effects = cache.step(state, cache.Answered(("127.0.1.10",), TTL), TTL + 1)
    assert effects == (cache.Serve(("127.0.1.10",)),)


def test_addresses_in_another_order_are_the_same_answer() -> None:
    """A steering method may answer with several addresses and shuffle them each time."""
    state, _ = cache.step(cache.CacheState(0), cache.Lookup(), 0)
    state, effects = cache.step(state, cache.Answered(("127.0.2.10", "127.0.1.10"), TTL), 1)
    assert effects[0] == cache.Changed(("127.0.1.10", "127.0.2.10"), TTL)
    state, _ = cache.step(state, cache.Lookup(), TTL)
    state, effects = cache.step(state, cache.Answered(("127.0.1.10", "127.0.2.10"), TTL), TTL + 1)
    assert effects == (cache.Serve(("127.0.1.10", "127.0.2.10")),)
    state, _ = cache.step(state, cache.Lookup(), 2 * TTL)
    _, effects = cache.step(state, cache.Answered(("127.0.2.10",), TTL), 2 * TTL + 1)
    assert effects[0] == cache.Changed(("127.0.2.10",), TTL)


def test_the_watched_answer_is_told_only_when_it_is_another_set_of_addresses() -> None:
    replies = [("127.0.2.10", "127.0.1.10"), ("127.0.1.10", "127.0.2.10"), ("127.0.1.10",)]
    told: list[DnsAnswer] = []

    class Dns:
        async def query(self, name: str) -> DnsReply:
            number = 3 - len(replies)
            return DnsReply(replies.pop(0), 6_000_000_000, number, number)

    async def ask() -> None:
        prober = DnsProber("app.example.com", cast(DnsClient, Dns()), cast(TaskSet, None), told.append)
        for _ in range(3):
            await prober._ask()

    asyncio.run(ask())
    assert [answer.addresses for answer in told] == [("127.0.1.10", "127.0.2.10"), ("127.0.1.10",)]


def test_second_lookup_joins_the_query_in_flight() -> None:
    state, _ = cache.step(cache.CacheState(0), cache.Lookup(), 0)
    state, effects = cache.step(state, cache.Lookup(), 1)
    assert effects == (cache.Wait(),)
    assert (state.in_flight, state.queries) == (1, 1)


def test_dns_server_dies_and_the_expired_answer_is_not_served_again() -> None:
    state, effects = cache.step(_fresh(), cache.Lookup(), TTL + 1)
    assert effects == (cache.Query(), cache.Wait())
    state, effects = cache.step(state, cache.Failed(), TTL + 2)
    assert effects == (cache.Refuse(),)
    _, effects = cache.step(state, cache.Lookup(), TTL + 3)
    assert effects == (cache.Query(), cache.Wait())


def test_ttl_zero_is_asked_every_time() -> None:
    state, _ = cache.step(cache.CacheState(0), cache.Lookup(), 0)
    state, _ = cache.step(state, cache.Answered(("127.0.1.10",), 0), 1)
    _, effects = cache.step(state, cache.Lookup(), 1)
    assert effects == (cache.Query(), cache.Wait())


def test_four_clients_that_started_together_refresh_a_quarter_ttl_apart() -> None:
    assert [_fresh(i / 4).expires_ns // NS_PER_S for i in range(4)] == [8, 2, 4, 6]


def test_a_ttl_violating_client_keeps_its_answer_for_its_own_minimum() -> None:
    state = _fresh(min_ttl_ns=10 * TTL)
    _, effects = cache.step(state, cache.Lookup(), 9 * TTL)
    assert effects == (cache.Serve(("127.0.1.10",)),)


# --- the ledger ---


def _acknowledge(state: ledger.LedgerState, now_ns: int) -> tuple[ledger.LedgerState, ledger.Planned]:
    state, (planned,) = ledger.step(state, ledger.Write(), now_ns)
    state, _ = ledger.step(state, ledger.Settled(planned, Outcome.OK), now_ns)
    return state, planned


def test_a_put_writes_its_own_id_under_a_key_of_its_own() -> None:
    _, (planned,) = ledger.step(ledger.LedgerState("h", 2, 5), ledger.Write(), 0)
    assert planned == ledger.Planned("h-2-0", 2, "put", "h-2-0", "h-2-0")


def test_reads_alternate_between_the_latest_acknowledged_key_and_older_ones() -> None:
    state = ledger.LedgerState("h", 0, 1, delete_every=0)
    for second in range(10):
        state, _ = _acknowledge(state, second * NS_PER_S)
    keys = []
    for _ in range(20):
        state, (planned,) = ledger.step(state, ledger.Read(), 10 * NS_PER_S)
        keys.append(planned.k)
    assert set(keys[::2]) == {"h-0-9"}
    assert len(set(keys[1::2])) >= 5


def test_a_write_that_was_not_acknowledged_is_not_read_while_an_acknowledged_one_is_known() -> None:
    state, first = _acknowledge(ledger.LedgerState("h", 0, 1), 0)
    state, (second,) = ledger.step(state, ledger.Write(), 1)
    state, _ = ledger.step(state, ledger.Settled(second, Outcome.FAIL), 2)
    _, (read,) = ledger.step(state, ledger.Read(), 3)
    assert read.k == first.k


def test_a_client_with_nothing_acknowledged_still_keeps_its_open_loop() -> None:
    state, (read,) = ledger.step(ledger.LedgerState("h", 0, 1), ledger.Read(), 0)
    assert read.k == "h-0-0-absent"
    state, (put,) = ledger.step(state, ledger.Write(), 1)
    _, (read,) = ledger.step(state, ledger.Read(), 2)
    assert read.k == put.k


def test_every_nth_write_deletes_the_oldest_key_and_it_is_never_read_again() -> None:
    state = ledger.LedgerState("h", 0, 1, delete_every=4)
    now_ns = 0
    for _ in range(3):
        now_ns += NS_PER_S
        state, _ = _acknowledge(state, now_ns)
    state, (delete,) = ledger.step(state, ledger.Write(), now_ns + NS_PER_S)
    assert (delete.f, delete.k, delete.v) == ("delete", "h-0-0", None)
    assert delete.op not in {"h-0-0", "h-0-1", "h-0-2"}
    assert "h-0-0" not in {key for key, _ in state.own.live}


def test_a_key_too_young_to_be_replicated_is_not_deleted() -> None:
    state = ledger.LedgerState("h", 0, 1, delete_every=2)
    state, _ = _acknowledge(state, 0)
    _, (planned,) = ledger.step(state, ledger.Write(), unique.DELETE_AGE_NS - 1)
    assert planned.f == "put"


def test_a_client_that_does_not_know_goes_on_as_another_process() -> None:
    state, (first,) = ledger.step(ledger.LedgerState("h", 1, 3), ledger.Write(), 0)
    state, (second,) = ledger.step(state, ledger.Write(), 0)
    state, _ = ledger.step(state, ledger.Settled(first, Outcome.INFO), 1)
    assert state.p == 4
    state, _ = ledger.step(state, ledger.Settled(second, Outcome.INFO), 1)
    assert state.p == 4, "the second belonged to the process that is already gone"


# --- outcomes ---


@pytest.mark.parametrize(
    ("f", "status", "headers", "body", "expected"),
    [
        ("put", 200, {}, b"", outcomes.Seen(Outcome.OK)),
        ("put", 204, {}, b"", outcomes.Seen(Outcome.OK)),
        ("put", 404, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("put", 400, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("put", 413, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("put", 451, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("put", 408, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 409, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 412, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 425, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 429, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 499, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("add", 409, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("add", 403, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("delete", 409, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("get", 409, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("get", 429, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("put", 302, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 500, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 502, {"x-drill-load-balancer": "target-reset"}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 504, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 503, {}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 503, {"x-drill-load-balancer": "target-refused"}, b"", outcomes.Seen(Outcome.INFO)),
        ("put", 503, {"x-drill-load-balancer": "no-target"}, b"", outcomes.Seen(Outcome.FAIL)),
        ("delete", 404, {}, b"", outcomes.Seen(Outcome.FAIL, error="absent")),
        ("delete", 410, {}, b"", outcomes.Seen(Outcome.FAIL, error="absent")),
        ("delete", 405, {}, b"", outcomes.Seen(Outcome.FAIL)),
        ("get", 404, {}, b"", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b'{"value": "u1"}', outcomes.Seen(Outcome.OK, v="u1")),
        ("get", 200, {}, b'{"value": null}', outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b'{"value": 7}', outcomes.Seen(Outcome.OK, v="7")),
        ("get", 410, {}, b"", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 204, {}, b"", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b"", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b" \n", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b"{}", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b"[]", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b"null", outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b'{"value": {}}', outcomes.Seen(Outcome.OK, v=None)),
        ("get", 200, {}, b'{"error": "no database"}', outcomes.Seen(Outcome.INFO, error="garbage")),
        ("get", 200, {}, b"0", outcomes.Seen(Outcome.INFO, error="garbage")),
        ("get", 500, {}, b"{}", outcomes.Seen(Outcome.INFO)),
        ("get", 200, {}, b"<html>", outcomes.Seen(Outcome.INFO, error="garbage")),
        ("get", 200, {}, b'{"value": ' + b"[" * 100_000, outcomes.Seen(Outcome.INFO, error="garbage")),
        ("get", 200, {}, b'"value"', outcomes.Seen(Outcome.INFO, error="garbage")),
    ],
)
def test_what_an_answer_means(
    f: str, status: int, headers: dict[str, str], body: bytes, expected: outcomes.Seen
) -> None:
    assert outcomes.with_answer(f, status, headers, body, "value") == expected  # type: ignore[arg-type]


def test_a_value_deep_in_another_applications_answer_is_found_by_json_pointer() -> None:
    body = b'{"data": [{"a/b": "u9"}]}'
    assert outcomes.with_answer("get", 200, {}, body, "/data/0/a~1b").v == "u9"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("refused", Outcome.FAIL),
        ("unreachable", Outcome.FAIL),
        ("connect-timeout", Outcome.FAIL),
        ("no-address", Outcome.FAIL),
        ("dns", Outcome.FAIL),
        ("timeout", Outcome.INFO),
        ("reset", Outcome.INFO),
        ("garbage", Outcome.INFO),
    ],
)
def test_only_what_was_never_sent_certainly_had_no_effect(error: str, outcome: Outcome) -> None:
    assert outcomes.without_answer(error) == outcomes.Seen(outcome, error=error)


def test_a_nonsense_epoch_is_no_epoch() -> None:
    assert [outcomes.epoch_of(text) for text in ("7", "-1", "x", "", None, "9" * 5000)] == [7] + [None] * 5


# --- HTTP ---


def _read(wire: bytes) -> ResponseCollector:
    reader = ResponseCollector(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MAX_BODY_BYTES)
    reader.feed(wire)
    return reader


def test_chunked_answer_with_extension_and_trailer() -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"
    reader = ResponseCollector(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MAX_BODY_BYTES)
    for index in range(len(wire)):
        assert reader.response is None
        reader.feed(wire[index : index + 1])
    assert reader.response is not None
    assert (reader.response.body, reader.response.reusable) == (b"abcde", True)


def test_interim_answers_are_passed_over() -> None:
    reader = _read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    assert reader.response is not None
    assert reader.response.status == 204


def test_an_answer_without_length_ends_with_its_connection() -> None:
    reader = _read(b"HTTP/1.0 200 OK\r\n\r\nhalf")
    assert reader.response is None
    assert reader.end()
    assert reader.response is not None
    assert (reader.response.body, reader.response.reusable) == (b"half", False)


@pytest.mark.parametrize(
    "wire", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"]
)
def test_an_answer_cut_off_is_no_answer(wire: bytes) -> None:
    assert not _read(wire).end()


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000,
    ],
)
def test_garbage_and_floods_are_given_up(wire: bytes) -> None:
    with pytest.raises(FramingError):
        _read(wire)


def test_bytes_after_the_answer_spoil_the_connection() -> None:
    reader = _read(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabHTTP/1.1")
    assert reader.response is not None
    assert not reader.response.reusable


# --- lateness ---


def test_lateness_of_nothing_is_zero() -> None:
    assert Durations().summary() == {"count": 0, "p50": 0, "p99": 0, "p999": 0, "max": 0}


def test_one_stall_in_a_thousand_shows_in_p999_and_max_only() -> None:
    durations = Durations([1_000_000] * 998 + [30_000_000] * 2)
    summary = durations.summary()
    assert summary["p50"] == pytest.approx(1_000_000, rel=0.016)
    assert summary["p99"] == pytest.approx(1_000_000, rel=0.016)
    assert summary["p999"] == summary["max"] == 30_000_000
