"""Caches as they are: answers kept for a time of their own, used when nobody answers, one cache before another."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import pytest

from harness.audience import PROFILES, profile_of
from harness.errors import InputError
from harness.units import NS_PER_S
from harness.witness import resolver_cache as cache
from harness.witness.cache_policy import CachePolicy
from harness.witness.dns_client import DnsFailure, DnsReply
from harness.witness.members import NameCache
from harness.witness.resolver import Resolver
from harness.witness.resolver_cache import CacheState
from harness.witness.tasks import TaskSet

S = NS_PER_S
OLD, NEW = ("127.0.1.10",), ("127.0.2.10",)


def asked(policy: CachePolicy, ttl_s: int, addresses: tuple[str, ...] = OLD) -> CacheState:
    """A cache that was answered at the moment 0."""
    state, _ = cache.step(CacheState(0, policy=policy), cache.Lookup(), 0)
    state, _ = cache.step(state, cache.Answered(addresses, ttl_s * S), 0)
    return state


def kept_s(policy: CachePolicy, ttl_s: int, addresses: tuple[str, ...] = OLD) -> float:
    """For how long nobody is asked again."""
    state = asked(policy, ttl_s, addresses)
    return state.expires_ns / S if state.addresses is not None else 0.0


@pytest.mark.parametrize(
    ("policy", "ttl_s", "kept"),
    [
        (CachePolicy(), 60, 60),
        (CachePolicy(fixed_ns=30 * S), 60, 30),
        (CachePolicy(fixed_ns=30 * S), 5, 30),
        (CachePolicy(fixed_ns=0), 60, 0),
        (CachePolicy(least_ns=300 * S), 60, 300),
        (CachePolicy(least_ns=300 * S), 600, 600),
        (CachePolicy(most_ns=3600 * S), 60, 60),
        (CachePolicy(most_ns=3600 * S), 86_400, 3600),
    ],
)
def test_an_answer_is_kept_as_the_policy_says(policy: CachePolicy, ttl_s: int, kept: float) -> None:
    assert kept_s(policy, ttl_s) == kept


@pytest.mark.parametrize(
    ("policy", "ttl_s", "kept"),
    [
        (CachePolicy(), 900, 900),
        (CachePolicy(fixed_ns=30 * S, negative_ns=10 * S), 900, 10),
        (CachePolicy(negative_ns=0), 900, 0),
        (CachePolicy(most_ns=86_400 * S, negative_most_ns=600 * S), 900, 600),
        (CachePolicy(most_ns=600 * S), 900, 600),
    ],
)
def test_there_is_no_such_name_is_kept_for_a_time_of_its_own(policy: CachePolicy, ttl_s: int, kept: float) -> None:
    """What a name that blinks costs is up to each layer: RFC 2308's time, ten seconds in a JVM, none in Chromium."""
    assert kept_s(policy, ttl_s, ()) == kept


def test_that_nobody_answered_is_remembered_for_a_while() -> None:
    state, _ = cache.step(CacheState(0, policy=CachePolicy(failure_ns=10 * S)), cache.Lookup(), 0)
    state, effects = cache.step(state, cache.Failed(), S)
    assert effects == (cache.Refuse(),)
    assert cache.step(state, cache.Lookup(), 10 * S)[1] == (cache.Refuse(),)
    assert cache.step(state, cache.Lookup(), 11 * S)[1] == (cache.Query(), cache.Wait())


STALE = CachePolicy(stale_for_ns=86_400 * S, stale_ttl_ns=30 * S, timer_ns=2 * S)


def test_what_has_run_out_is_served_when_nobody_has_answered_in_time() -> None:
    state, effects = cache.step(asked(STALE, 60), cache.Lookup(), 60 * S)
    assert effects == (cache.Query(), cache.Timer(2, 2 * S), cache.Wait())
    state, effects = cache.step(state, cache.Waited(2), 62 * S)
    assert effects == (cache.Serve(OLD),)
    # It counts as fresh for the stale TTL, and the query that is under way may still replace it.
    assert cache.step(state, cache.Lookup(), 91 * S)[1] == (cache.Serve(OLD),)
    late, effects = cache.step(state, cache.Answered(NEW, 60 * S), 70 * S)
    assert effects[-1] == cache.Serve(NEW)
    assert cache.step(late, cache.Lookup(), 71 * S)[1] == (cache.Serve(NEW),)


def test_a_failed_query_is_answered_with_what_has_run_out_and_tried_again_after_the_stale_ttl() -> None:
    state, _ = cache.step(asked(STALE, 60), cache.Lookup(), 60 * S)
    state, effects = cache.step(state, cache.Failed(), 61 * S)
    assert effects == (cache.Serve(OLD),)
    assert cache.step(state, cache.Lookup(), 90 * S)[1] == (cache.Serve(OLD),)
    assert cache.step(state, cache.Lookup(), 91 * S)[1][0] == cache.Query()


def test_a_timer_of_an_older_query_serves_nobody() -> None:
    state, _ = cache.step(asked(STALE, 60), cache.Lookup(), 60 * S)
    state, _ = cache.step(state, cache.Answered(NEW, S), 61 * S)
    state, _ = cache.step(state, cache.Lookup(), 62 * S)
    assert cache.step(state, cache.Waited(2), 62 * S)[1] == ()


def test_there_is_no_such_name_replaces_what_has_run_out() -> None:
    state, _ = cache.step(asked(STALE, 60), cache.Lookup(), 60 * S)
    state, _ = cache.step(state, cache.Answered((), 30 * S), 61 * S)
    assert cache.step(state, cache.Lookup(), 62 * S)[1] == (cache.Serve(()),)
    state, _ = cache.step(state, cache.Lookup(), 100 * S)
    assert cache.step(state, cache.Failed(), 101 * S)[1] == (cache.Refuse(),)


def test_nothing_is_served_beyond_the_longest_stale_time() -> None:
    policy = CachePolicy(stale_for_ns=100 * S, stale_ttl_ns=30 * S, timer_ns=2 * S)
    state, effects = cache.step(asked(policy, 60), cache.Lookup(), 160 * S)
    assert effects == (cache.Query(), cache.Wait())
    assert cache.step(state, cache.Failed(), 161 * S)[1] == (cache.Refuse(),)


class Server:
    """A name server whose answer can be changed."""

    def __init__(self, answer: tuple[str, ...] | None) -> None:
        self.answer, self.asked = answer, 0

    async def query(self, name: str) -> DnsReply:
        self.asked += 1
        if self.answer is None:
            raise DnsFailure("no answer")
        return DnsReply(self.answer, 60 * S, 0, 0)


def resolver(names: object, policy: CachePolicy, tasks: TaskSet) -> Resolver:
    return Resolver("one", "app.example.com", names, CacheState(0, policy=policy), tasks, lambda _: None)  # type: ignore[arg-type]


def test_a_remembered_failure_refuses_at_once_and_a_stale_answer_comes_when_the_timer_ends() -> None:
    async def run() -> None:
        tasks = TaskSet(pytest.fail)
        server = Server(None)
        remembering = resolver(server, CachePolicy(failure_ns=3600 * S), tasks)
        for _ in range(2):
            with pytest.raises(DnsFailure):
                await remembering.address()
        assert server.asked == 1
        never = Never(OLD)
        stale = resolver(never, CachePolicy(fixed_ns=1, stale_for_ns=60 * S, stale_ttl_ns=S, timer_ns=1000), tasks)
        assert await stale.address() == OLD[0]
        never.answer = None
        assert await stale.address() == OLD[0]
        await tasks.drain(0)

    asyncio.run(run())


class Never(Server):
    """One that does not answer any more, and does not fail either."""

    async def query(self, name: str) -> DnsReply:
        if self.answer is None:
            await asyncio.Event().wait()
        return await super().query(name)


def test_one_cache_before_another_adds_its_own_time() -> None:
    async def run() -> None:
        tasks = TaskSet(pytest.fail)
        server = Server(OLD)
        behind = resolver(server, CachePolicy(), tasks)
        front = resolver(behind, CachePolicy(fixed_ns=3600 * S), tasks)
        assert await front.address() == OLD[0]
        assert (await behind.query("app.example.com")).ttl_ns <= 60 * S
        server.answer = NEW
        assert await front.address() == OLD[0]
        assert server.asked == 1

    asyncio.run(run())


def test_every_profile_is_found_by_its_name_and_takes_its_numbers() -> None:
    for profile in PROFILES:
        assert profile_of(profile.name) == profile
    assert profile_of("jvm(5)").cache.fixed_s == 5
    assert profile_of("jvm( 5 , 0)").cache.negative_s == 0
    assert profile_of("pooled(60)").hang_s == 60
    assert profile_of("serve_stale(10, 3600)").cache.stale_for_s == 3600


def of_profile(text: str) -> CachePolicy:
    """As the witness is told of it, with production's durations."""
    return NameCache(**asdict(profile_of(text).cache)).policy


@pytest.mark.parametrize(
    ("text", "of_a_minute_s", "of_two_days_s", "denied_s", "failed_s"),
    [
        ("honest", 60, 172_800, 900, 0),
        ("uncached", 0, 0, 0, 0),
        ("clamp_min(300)", 300, 172_800, 900, 0),
        ("jvm(30)", 30, 30, 10, 0),
        ("chrome(60)", 60, 172_800, 0, 0),
        ("firefox", 60, 60, 900, 0),
        ("nscd(3600)", 60, 3600, 20, 0),
        ("systemd_resolved", 60, 7200, 900, 10),
        ("coredns", 60, 3600, 900, 5),
        ("coredns(30)", 30, 30, 30, 5),
        ("unbound", 60, 86_400, 900, 0),
        ("serve_stale", 60, 172_800, 900, 0),
        ("happy_eyeballs", 60, 172_800, 900, 0),
        ("sdk_standard", 0, 0, 0, 0),
    ],
)
def test_each_profile_keeps_what_its_source_says(
    text: str, of_a_minute_s: float, of_two_days_s: float, denied_s: float, failed_s: float
) -> None:
    """denied_s: that there is no such name, where the SOA says 900 s."""
    policy = of_profile(text)
    assert [kept_s(policy, 60), kept_s(policy, 172_800)] == [of_a_minute_s, of_two_days_s]
    assert [kept_s(policy, 900, ()), policy.failure_ns / S] == [denied_s, failed_s]


def test_denials_are_bounded_where_their_cache_bounds_them() -> None:
    found = [kept_s(of_profile(text), 172_800, ()) for text in ("coredns", "unbound", "systemd_resolved", "honest")]
    assert found == [1800, 3600, 7200, 172_800]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jmv(30)", r"no profile is called 'jmv\(30\)'; there are: honest, uncached, clamp_min\(300\), jvm\(30, 10\)"),
        ("jvm(thirty)", r"'thirty' is no number of seconds: jvm\(30, 10\)"),
        ("jvm(-1)", "not within 0 to 604800 s"),
        ("jvm(nan)", "not within 0 to 604800 s"),
        ("honest(60)", "more numbers than the profile takes: honest"),
        ("jvm(", "no profile is called"),
        ("", "no profile is called ''"),
    ],
)
def test_what_is_no_profile_is_told_with_those_that_there_are(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        profile_of(text)
