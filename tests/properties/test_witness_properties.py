"""What must hold for the witness's machines whatever happens to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.history.events import Function
from harness.outcome import Outcome
from harness.wire.body import FramingError
from harness.wire.exchange import ResponseCollector
from harness.witness import ledger
from harness.witness import resolver_cache as cache
from harness.witness.channel import MAX_BODY_BYTES, MAX_HEAD_BYTES
from harness.witness.grid import Grid, due
from harness.witness.lateness import Durations
from harness.witness.workloads.mix import Mix, Part

NS = st.integers(min_value=0, max_value=10**11)


@given(first=NS, period=st.integers(1, 10**10), stalls=st.lists(st.integers(0, 10**10), max_size=50))
def test_the_grid_never_drifts_and_accounts_for_every_slot(first: int, period: int, stalls: list[int]) -> None:
    grid, slot, now, sent, skipped = Grid(first, period), 0, first, [], 0
    for stall in stalls:
        now += min(stall, 50 * period)
        ready = due(grid, slot, now, patience_ns=3 * period)
        sent += ready.planned_ns
        skipped += ready.skipped
        slot = ready.next_slot
        assert all(planned <= now for planned in ready.planned_ns)
        assert grid.planned_ns(slot) > now
    assert all((planned - first) % period == 0 for planned in sent)
    assert sent == sorted(set(sent))
    assert len(sent) + skipped == slot


@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["lookup", "answer", "fail"]), st.integers(0, 30))),
    share=st.floats(0, 0.99),
    origin=st.integers(-100, 100),
)
def test_an_honest_cache_never_serves_an_answer_older_than_its_ttl(
    steps: list[tuple[int, str, int]], share: float, origin: int
) -> None:
    state, now, number = cache.CacheState(origin, share), 0, 0
    born: dict[tuple[str, ...], tuple[int, int]] = {}
    for wait, what, ttl in steps:
        now += wait
        if what == "lookup":
            state, effects = cache.step(state, cache.Lookup(), now)
            for effect in effects:
                if isinstance(effect, cache.Serve):
                    since, lifetime = born[effect.addresses]
                    assert now - since < lifetime
        elif state.in_flight:
            number += 1
            answer = (str(number),)
            born[answer] = (now, ttl)
            event = cache.Answered(answer, ttl) if what == "answer" else cache.Failed()
            state, _ = cache.step(state, event, now)
        assert state.in_flight in (0, 1)


@given(
    ttl=st.integers(100, 10**6),
    clients=st.integers(1, 8),
    waits=st.lists(st.integers(1, 10**5), min_size=1, max_size=60),
    origin=st.integers(0, 10**6),
)
def test_siblings_stay_staggered_however_often_they_refresh(
    ttl: int, clients: int, waits: list[int], origin: int
) -> None:
    states = [cache.CacheState(origin, index / clients) for index in range(clients)]
    now = origin
    for wait in waits:
        now += wait
        for index, state in enumerate(states):
            state, effects = cache.step(state, cache.Lookup(), now)
            if cache.Query() in effects:
                state, _ = cache.step(state, cache.Answered(("a",), ttl), now)
            states[index] = state
    phases = sorted((state.expires_ns - origin) % ttl for state in states)
    wanted = sorted(round(index / clients * ttl) % ttl for index in range(clients))
    assert phases == wanted


OUTCOMES = st.sampled_from([*Outcome, None])
ACTIONS = st.lists(st.tuples(st.integers(0, 2), st.booleans(), OUTCOMES, st.integers(0, 10**9)), max_size=200)


@given(actions=ACTIONS, delete_every=st.integers(0, 5))
def test_no_id_is_used_twice_and_no_deleted_key_is_touched_again(
    actions: list[tuple[int, bool, Outcome | None, int]], delete_every: int
) -> None:
    clients = [ledger.LedgerState("h", index, 3, delete_every) for index in range(3)]
    ids: set[str] = set()
    put_by: dict[str, int] = {}
    acknowledged: set[str] = set()
    deleted: set[str] = set()
    processes: list[set[int]] = [set(), set(), set()]
    pending: list[tuple[int, ledger.Planned, Outcome]] = []
    now = 0
    for index, is_write, outcome, wait in actions:
        now += wait
        event: ledger.Event = ledger.Write() if is_write else ledger.Read()
        clients[index], (planned,) = ledger.step(clients[index], event, now)
        assert planned.op not in ids
        ids.add(planned.op)
        processes[index].add(planned.p)
        assert planned.k not in deleted
        if planned.f == "put":
            assert planned.k == planned.v == planned.op
            put_by[planned.k] = index
        elif planned.f == "delete":
            assert put_by[planned.k] == index
            assert planned.k in acknowledged
            deleted.add(planned.k)
        elif any(put_by[key] == index for key in acknowledged - deleted):
            assert put_by[planned.k] == index
            assert planned.k in acknowledged
        if outcome is None:
            continue  # never returns, or late
        pending.append((index, planned, outcome))
        if len(pending) > 3:
            who, settled, result = pending.pop(0)
            clients[who], _ = ledger.step(clients[who], ledger.Settled(settled, result), now)
            if settled.f == "put" and result is Outcome.OK:
                acknowledged.add(settled.k)
    assert not processes[0] & processes[1] | processes[1] & processes[2] | processes[0] & processes[2]


FUNCTIONS: st.SearchStrategy[frozenset[Function]] = st.frozensets(st.sampled_from(["put", "get", "delete", "add"]))
SIDES = ("127.0.1.10", "127.0.2.10")
DEEDS = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.booleans(), OUTCOMES, st.integers(0, 1), st.integers(0, 10**9)),
    max_size=300,
)


def _crowd(offers: ledger.Offers) -> ledger.Ledgers:
    books = ledger.Ledgers("h")
    for index in range(5):
        side = SIDES[index - 3] if index >= 3 else None
        mix: Mix = "sided" if side else "roaming"
        books.open(str(index), ledger.LedgerState("h", index, 5, 4, mix, side, offers))
    return books


@given(
    deeds=DEEDS, functions=FUNCTIONS, names_keys=st.booleans(), rewrites=st.booleans(), recreates=st.booleans(),
    groups=st.booleans(),
)  # fmt: skip
def test_whatever_happens_books_keep_their_rules(
    deeds: list[tuple[int, bool, bool, Outcome | None, int, int]],
    functions: frozenset[Function],
    names_keys: bool,
    rewrites: bool,
    recreates: bool,
    groups: bool,
) -> None:
    offers = ledger.Offers(functions, names_keys, rewrites, recreates, groups=groups)
    books, again = _crowd(offers), _crowd(offers)
    now = 0
    ids: set[str] = set()
    put: dict[str, int] = {}
    pair_by: dict[str, set[str]] = {}
    pending: list[tuple[str, ledger.Planned, Outcome, str]] = []
    for who, is_write, extra, outcome, side, wait in deeds:
        now += wait
        name = str(who)
        event: ledger.Event = ledger.Write(extra) if is_write else ledger.Read(extra)
        planned = books.step(name, event, now)
        assert planned == again.step(name, event, now), "the same events give the same operations"
        for one in planned:
            assert one.f in functions
            assert (one.f == "get") is not is_write
            assert one.op not in ids
            ids.add(one.op)
            assert one.v == {"put": one.op, "add": "1"}.get(one.f)
            if one.f == "put":
                put[one.k] = put.get(one.k, 0) + 1
                assert one.part is not Part.OWN or one.k == one.op
                if one.part is Part.PAIR:
                    assert len(pair_by.setdefault(one.k, set())) < 2, "retired for ever"
            if outcome is not None:
                pending.append((name, one, outcome, SIDES[who - 3] if who >= 3 else SIDES[side]))
        if len(pending) > 2:
            who_settles, one, result, address = pending.pop(0)
            settled = ledger.Settled(one, result, address=address)
            books.step(who_settles, settled, now)
            again.step(who_settles, settled, now)
            if result is Outcome.OK and one.part is Part.PAIR and one.f == "put":
                pair_by[one.k].add(address)
    if not (names_keys and (rewrites or recreates)):
        assert set(put.values()) <= {1}


@given(wire=st.binary(max_size=400), cut=st.integers(1, 50))
def test_no_bytes_make_the_response_reader_fall_over(wire: bytes, cut: int) -> None:
    reader = ResponseCollector(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MAX_BODY_BYTES)
    try:
        for start in range(0, len(wire), cut):
            reader.feed(wire[start : start + cut])
    except FramingError:
        return
    reader.end()


@given(body=st.binary(max_size=300), cut=st.integers(1, 60), chunk=st.integers(1, 50))
def test_a_body_survives_any_framing_and_any_segmentation(body: bytes, cut: int, chunk: int) -> None:
    chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    framings = [
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
        b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in chunks)
        + b"0\r\n\r\n",
    ]
    for framing in framings:
        wire = b"HTTP/1.1 200 OK\r\n" + framing
        reader = ResponseCollector(max_head_bytes=MAX_HEAD_BYTES, max_body_bytes=MAX_BODY_BYTES)
        for start in range(0, len(wire), cut):
            reader.feed(wire[start : start + cut])
        assert reader.response is not None
        assert reader.response.body == body
        assert reader.response.reusable


@given(values=st.lists(st.integers(0, 10**12), min_size=1, max_size=200), share=st.floats(0.01, 1))
def test_a_percentile_is_never_too_low_and_at_most_two_percent_too_high(values: list[int], share: float) -> None:
    found = Durations(values).percentile_ns(share)
    true = next(v for rank, v in enumerate(sorted(values), 1) if rank >= share * len(values))
    assert true <= found <= true * 1.016 + 1
