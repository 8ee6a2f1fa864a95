"""DNS that fails: what a link makes of a question, whom resolvers and clients ask, and what false answers are."""

from __future__ import annotations

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from harness.errors import InputError
from harness.faults.actions import undo
from harness.faults.blast_radius import blast_radius
from harness.faults.catalogue import FAULTS, fault_named
from harness.faults.dns_actions import RelieveDns, TroubleDns
from harness.faults.model import Link
from harness.measurement.canary import Fails, Rate, Slow
from harness.parts.dns.relay import answers, choosing, model
from harness.parts.dns.relay.carrying import KINDS, trouble_of
from harness.units import NS_PER_MS, NS_PER_S
from harness.witness import resolver_cache, stub

# --- a link -----------------------------------------------------------------------------------------------------------


def fates(state: model.State, count: int, tcp: bool = False) -> list[model.Fate]:
    found = []
    for _ in range(count):
        state, (fate,) = model.step(state, model.Asked(tcp), 0)
        assert isinstance(fate, model.Fate)
        found.append(fate)
    return found


def with_trouble(*troubles: model.Trouble, seed: int = 7) -> model.State:
    state = model.State(seed)
    for trouble in troubles:
        state, _ = model.step(state, trouble, 0)
    return state


def test_a_link_that_is_well_gives_the_true_answer_at_once() -> None:
    assert fates(model.State(), 3) == [model.Fate()] * 3


@pytest.mark.parametrize("kind", ["black-hole", "refuse", "lost"])
def test_what_is_lost_is_lost_whatever_else_holds(kind: model.TroubleKind) -> None:
    state = with_trouble(model.Trouble("a", "slow", delay_ns=5), model.Trouble("b", kind))
    assert fates(state, 2) == [model.Fate(lost=True)] * 2


def test_delays_add_up_and_the_first_false_answer_is_given() -> None:
    slow, nxdomain = model.Trouble("a", "slow", delay_ns=5), model.Trouble("b", "nxdomain")
    state = with_trouble(slow, model.Trouble("c", "slow", delay_ns=7), nxdomain, model.Trouble("d", "servfail"))
    assert fates(state, 1) == [model.Fate(delay_ns=12, given="nxdomain")]


def test_over_tcp_nothing_is_truncated() -> None:
    state = with_trouble(model.Trouble("a", "truncated"))
    assert fates(state, 1) == [model.Fate(given="truncated")]
    assert fates(state, 1, tcp=True) == [model.Fate()]


def test_a_share_is_drawn_from_the_seed_and_is_about_that_large() -> None:
    trouble = model.Trouble("a", "lost", share=0.3)
    first, again = fates(with_trouble(trouble), 2000), fates(with_trouble(trouble), 2000)
    assert first == again
    assert first != fates(with_trouble(trouble, seed=8), 2000)
    assert 0.26 < sum(fate.lost for fate in first) / 2000 < 0.34


def test_a_port_is_closed_while_any_trouble_refuses() -> None:
    state, effects = model.step(model.State(), model.Trouble("a", "refuse"), 0)
    assert effects == (model.Listens(open=False),)
    state, effects = model.step(state, model.Trouble("b", "refuse"), 0)
    assert effects == ()
    state, effects = model.step(state, model.Relief("a"), 0)
    assert effects == ()
    assert model.step(state, model.Relief("b"), 0)[1] == (model.Listens(open=True),)
    assert model.step(state, model.Reset(), 0) == (model.State(), (model.Listens(open=True),))


def test_what_the_admin_port_takes_for_a_trouble() -> None:
    said = {"name": "n", "kind": "slow", "share": 0.5, "delay_ms": 20}
    assert trouble_of(said) == model.Trouble("n", "slow", 0.5, 20 * NS_PER_MS)
    wrong: tuple[Any, ...] = (
        [],
        {"name": "", "kind": "slow"},
        {"name": "n", "kind": "no"},
        {**said, "share": 0},
        {**said, "delay_ms": -1},
    )
    for body in wrong:
        with pytest.raises(InputError):
            trouble_of(body)
    assert {trouble_of({"name": "n", "kind": kind}).kind for kind in KINDS} == set(KINDS)


# --- a resolver -------------------------------------------------------------------------------------------------------


class Resolver:
    """Its machine, with a clock that somebody moves."""

    def __init__(self, servers: int = 2) -> None:
        self.state = choosing.State(tuple(choosing.Server() for _ in range(servers)))
        self.now_ns = 0
        self.noticed: list[tuple[int, bool]] = []

    def told(self, event: choosing.Event) -> choosing.Effect:
        self.state, effects = choosing.step(self.state, event, self.now_ns)
        *noticed, effect = effects
        self.noticed += [(one.server, one.well) for one in noticed if isinstance(one, choosing.Noticed)]
        return effect

    def ask(self, query: int) -> choosing.Send:
        effect = self.told(choosing.Asked(query))
        assert isinstance(effect, choosing.Send)
        return effect

    def answered(self, query: int, server: int, took_ms: int = 1) -> choosing.Effect:
        self.now_ns += took_ms * NS_PER_MS
        return self.told(choosing.Answered(query, server, usable=True))


def test_a_resolver_takes_turns_and_waits_as_long_as_answers_take() -> None:
    resolver = Resolver()
    assert resolver.ask(1) == choosing.Send(1, 0, choosing.FIRST_WAIT_NS)
    assert resolver.answered(1, 0) == choosing.Deliver(1, 0)
    assert resolver.ask(2).server == 1
    resolver.answered(2, 1, took_ms=40)
    assert resolver.ask(3) == choosing.Send(3, 0, choosing.SHORTEST_WAIT_NS)
    assert resolver.ask(4) == choosing.Send(4, 1, (40 + 4 * 20) * NS_PER_MS)
    assert set(resolver.state.queries) == {3, 4}


def test_a_name_server_that_is_gone_is_left_alone_and_tried_again_later() -> None:
    resolver = Resolver()
    asked = []
    for query in range(6):
        send = resolver.ask(query)
        while send.server == 0:
            asked.append(query)
            again = resolver.told(choosing.Failed(query, 0))
            assert isinstance(again, choosing.Send)
            send = again
        resolver.answered(query, 1)
    assert asked == [0, 1], "twice in a row, and then nobody asks it"
    resolver.now_ns += choosing.REST_NS
    again = next(query for query in (10, 11) if resolver.ask(query).server == 0)
    resolver.answered(again, 0)
    assert resolver.noticed == [(0, False), (0, True)]


def test_who_cannot_say_is_no_answer_and_after_four_tries_it_is_given_up() -> None:
    resolver = Resolver()
    server, asked = resolver.ask(1).server, []
    for _ in range(choosing.TRIES):
        asked.append(server)
        effect = resolver.told(choosing.Answered(1, server, usable=False))
        if isinstance(effect, choosing.Send):
            server = effect.server
    assert effect == choosing.GiveUp(1)
    assert asked == [0, 1, 0, 1]
    assert resolver.state.queries == {}


def test_where_all_rest_they_are_asked_all_the_same() -> None:
    resolver = Resolver(1)
    resolver.ask(1)
    for _ in range(choosing.TRIES):
        effect = resolver.told(choosing.Failed(1, 0))
    assert effect == choosing.GiveUp(1)
    assert resolver.ask(2).server == 0


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    resolver = Resolver()
    resolver.ask(1)
    resolver.told(choosing.Failed(1, 0))
    before = resolver.state
    assert choosing.step(before, choosing.Answered(1, 0, usable=True), 5) == (before, ())


# --- a client's stub --------------------------------------------------------------------------------------------------


def walked(servers: int, attempts: int, *events: stub.Event) -> list[stub.Effect]:
    state, found = stub.StubState(servers, 5 * NS_PER_S, attempts), list[stub.Effect]()
    for event in (stub.Ask(), *events):
        state, effects = stub.step(state, event, 0)
        found += effects
    return found


def servers_of(effects: list[stub.Effect]) -> list[int | str | None]:
    return [effect.server if isinstance(effect, stub.Send) else type(effect).__name__ for effect in effects]


def test_a_stub_asks_the_first_then_the_next_and_all_of_it_twice() -> None:
    late = [stub.TimedOut()] * 4
    assert servers_of(walked(2, 2, *late)) == [0, 1, 0, 1, "GiveUp"]
    assert servers_of(walked(1, 3, *late[:3])) == [0, 0, 0, "GiveUp"]
    assert servers_of(walked(2, 1)) == [0], "and the next lookup begins with the first again"


def test_a_closed_port_moves_on_at_once_but_not_from_the_last() -> None:
    assert servers_of(walked(2, 1, stub.Refused(0))) == [0, 1]
    assert servers_of(walked(2, 2, stub.Refused(0), stub.Refused(1))) == [0, 1]
    assert servers_of(walked(1, 3, stub.Refused(0))) == [0]


def test_who_cannot_say_moves_on_and_is_told_in_the_end() -> None:
    useless = stub.Answered(0, usable=False)
    assert walked(2, 1, useless, stub.Answered(1, usable=True))[-1] == stub.Use(1)
    assert walked(1, 1, useless)[-1] == stub.GiveUp(0)


def test_an_answer_of_an_earlier_try_counts() -> None:
    assert walked(2, 1, stub.TimedOut(), stub.Answered(0, usable=True))[-1] == stub.Use(0)


# --- what a client remembers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75])
def test_an_absence_costs_every_client_all_of_its_lifetime_and_refreshes_stay_apart(share: float) -> None:
    """Whatever its place among its siblings: a blink would else cost some of them next to nothing."""
    ttl_ns, negative_ns, now_ns = 60 * NS_PER_S, 900 * NS_PER_S, 17 * NS_PER_S
    state = resolver_cache.CacheState(0, share)
    state, _ = resolver_cache.step(state, resolver_cache.Answered((), negative_ns), now_ns)
    assert state.expires_ns == now_ns + negative_ns
    state, _ = resolver_cache.step(state, resolver_cache.Answered(("127.0.1.10",), ttl_ns), state.expires_ns)
    assert (state.expires_ns - round(share * ttl_ns)) % ttl_ns == 0


# --- false answers ----------------------------------------------------------------------------------------------------

QUESTION = dns.message.make_query("App.Example.com", "A", use_edns=0, id=77).to_wire()


def true_answer(kind: str = "A", section: str = "answer") -> bytes:
    texts = {"A": "app.example.com. 60 IN A 127.0.1.10", "SOA": "example.com. 900 IN SOA a. b. 1 2 3 4 300"}
    text = (
        f"id 77\nopcode QUERY\nrcode NOERROR\nflags QR AA\n;QUESTION\nApp.Example.com. IN {kind}\n;{section.upper()}\n"
    )
    return dns.message.from_text(text + texts[kind] + "\n").to_wire()


def test_bare_answers_repeat_the_question_as_it_was_spelled() -> None:
    for rcode, truncated in ((dns.rcode.SERVFAIL, False), (dns.rcode.NOERROR, True)):
        wire = answers.bare(QUESTION, rcode, truncated=truncated)
        found = dns.message.from_wire(wire)
        assert dns.message.from_wire(QUESTION).is_response(found)
        assert (found.rcode(), bool(found.flags & dns.flags.TC)) == (rcode, truncated)
        assert b"App" in wire
        assert found.answer == []


def test_bare_answers_to_what_nobody_can_read_are_readable() -> None:
    assert answers.bare(b"short", dns.rcode.SERVFAIL) == b""
    odd = [QUESTION[:20], QUESTION[:12], b"\0\1" + b"\xff" * 40, QUESTION[:4] + b"\0\2" + QUESTION[6:]]
    for wire in odd:
        assert dns.message.from_wire(answers.bare(wire, dns.rcode.SERVFAIL)).rcode() == dns.rcode.SERVFAIL
        assert answers.asking_for_soa(wire[:20]) is None or len(wire) > 20


@pytest.mark.parametrize("section", ["authority", "answer"])
def test_a_denied_name_carries_the_zones_soa_for_as_long_as_it_says(section: str) -> None:
    about = answers.asking_for_soa(QUESTION)
    assert about is not None
    assert dns.message.from_wire(about).question[0].to_text() == "nobody.App.Example.com. IN SOA"
    found = dns.message.from_wire(answers.denied(QUESTION, true_answer("SOA", section)))
    assert (found.rcode(), found.question[0].to_text(), found.answer) == (
        dns.rcode.NXDOMAIN,
        "App.Example.com. IN A",
        [],
    )
    assert [(r.ttl, r[0].minimum) for r in found.authority] == [(300, 300)]


def test_a_denied_name_is_denied_without_a_soa_as_well() -> None:
    for about in (b"nonsense", true_answer()):
        found = dns.message.from_wire(answers.denied(QUESTION, about))
        assert (found.rcode(), found.authority) == (dns.rcode.NXDOMAIN, [])


def test_addresses_are_replaced_by_nobodys() -> None:
    found = dns.message.from_wire(answers.led_astray(true_answer()))
    assert [(r.ttl, [data.to_text() for data in r]) for r in found.answer] == [(60, [answers.WRONG_ADDRESS])]
    assert answers.led_astray(b"nonsense") == b"nonsense"


# --- faults -----------------------------------------------------------------------------------------------------------

LINKS = [
    Link(source, "outside", target, "outside", "dns", from_canary=source == "canary")
    for targets, sources in (
        (("resolver-1", "resolver-2"), ("clients", "canary")),
        (("ns-1", "ns-2"), ("resolver-1", "resolver-2", "canary")),
    )
    for target in targets
    for source in sources
]
OTHER = Link("clients", "outside", "us-east-1", "us-east-1", "http")


def test_a_lost_resolver_or_name_server_is_lost_to_all_who_ask_it() -> None:
    for kind, server, askers in (
        ("resolver-outage", "resolver-1", ("canary", "clients")),
        ("name-server-outage", "ns-2", ("canary", "resolver-1", "resolver-2")),
    ):
        for mode in FAULTS[kind].modes:
            planned = fault_named(kind, target=server, mode=mode).plan([*LINKS, OTHER], ())
            assert set(planned.links) == {f"{asker}->{server}:dns" for asker in askers}
            assert planned.canary.links == (f"canary->{server}:dns",)
            assert isinstance(planned.canary.expected, Fails)
            assert [undo(a) for a in planned.apply] == [RelieveDns(a.link, f"{kind}.{server}") for a in planned.apply]  # type: ignore[union-attr]
            assert f"touches {len(askers)} links ({len(askers)} dns)" in blast_radius(planned)


def test_trouble_hits_all_of_a_kind_or_one() -> None:
    def hit(target: str) -> set[str]:
        return {link.partition("->")[2] for link in fault_named("dns-trouble", target=target).plan(LINKS, ()).links}

    assert hit("name-servers") == {"ns-1:dns", "ns-2:dns"}
    assert hit("resolvers") == {"resolver-1:dns", "resolver-2:dns"}
    assert hit("ns-1") == {"ns-1:dns"}


def test_what_canaries_must_see_of_a_trouble() -> None:
    def seen(**parameters: object) -> object:
        return fault_named("dns-trouble", **parameters).plan(LINKS, ()).canary.expected  # type: ignore[arg-type]

    assert seen(mode="nxdomain") == Fails()
    assert seen(mode="lost", rate=0.5) == Rate(0.4, 0.6)
    assert seen(mode="slow", delay_ms=100) == Slow(80.0)
    planned = fault_named("dns-trouble", mode="slow", delay_ms=100).plan(LINKS, ())
    assert {(a.trouble, a.delay_ms) for a in planned.apply if isinstance(a, TroubleDns)} == {("slow", 100)}
    for mode in FAULTS["dns-trouble"].modes:
        assert "dns" in blast_radius(fault_named("dns-trouble", mode=mode).plan(LINKS, ()))


@pytest.mark.parametrize(
    ("kind", "target", "there"),
    [
        ("resolver-outage", "resolver-3", "there are resolver-1, resolver-2$"),
        ("name-server-outage", "resolver-1", "there are ns-1, ns-2$"),
        ("dns-trouble", "nobody", "there are name-servers, ns-1, ns-2, resolver-1, resolver-2, resolvers$"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(kind: str, target: str, there: str) -> None:
    with pytest.raises(InputError, match=there):
        fault_named(kind, target=target).plan(LINKS, ())
    with pytest.raises(InputError, match="there are none"):
        fault_named(kind, target=target).plan([OTHER], ())


def test_parameters_that_make_no_sense_are_refused() -> None:
    for parameters in ({"rate": 0}, {"rate": 1.5}, {"delay_ms": 0}, {"mode": "reset"}):
        with pytest.raises(InputError):
            fault_named("dns-trouble", **parameters)
