"""What becomes of an order in a shop: is it subscribed to, believed, kept, and is nothing else believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.checkers.result import shortened, some
from harness.errors import WorldError
from harness.history import codec
from harness.history.business import BusinessChange, BusinessTold
from harness.live.backend import LiveWorld
from harness.measurement.business import DISTRUSTED, Effects, effects_of
from harness.topology.subject import Business
from harness.world.diagnosis import Diagnosis, State
from harness.world.shop import Shop

_PATIENCE_S, _STILL_S, _POLL_S = 10.0, 1.0, 0.1
"""Until something is subscribed to, an order is told of, and known; and how long no further topic comes."""
_FORGED = 7
_SUBSCRIBE = "`webhookSubscriptionCreate`, to SHOP_APP_URL and a path of the application's own; docs/SHOPIFY.md"
_ASKS = "a drill in which it is told of nothing may be MISSED, unless it asks the shop itself"

Told = Sequence[BusinessChange | BusinessTold]


def try_shop(world: LiveWorld) -> Iterator[Diagnosis]:
    """One order, through the webhooks into the tables, and messages that nobody signed, to each place."""
    business, shops = world.subject.business, world.net.of(Shop)
    if not shops:
        if business is not None:
            text = "the subject file says where it keeps what a shop tells (`business:`), and here is none"
            yield Diagnosis("shop", State.WARN, text, "the environment `shopify` has one")
        return
    shop = shops[0]
    topics = subscribed(shop.subscribed)
    yield from of_topics(topics, business)
    if not topics:
        return

    def events() -> Told:
        found = (event for path in shop.events() for event in codec.read(path))
        return [event for event in found if isinstance(event, BusinessChange | BusinessTold)]

    try:
        shop.burst(1, 0.0)
        _until(lambda: any(isinstance(one, BusinessTold) for one in events()) and not shop.unsettled())
        yield from of_messages(events())
        if business is not None:
            serving = world.environment.database_of(world.environment.primary.name)
            found = None

            def known() -> bool:
                nonlocal found
                found = _became(events(), business, world.data()[serving])
                return not found.lost and not found.undone

            _until(known)
            yield from of_tables(found, business, serving)
        shop.forge(_FORGED)
        _until(lambda: len(_forged(events())) >= _FORGED * len(world.edges))
        yield from of_forged(_forged(events()))
    except WorldError as error:
        yield Diagnosis("an order", State.FAIL, str(error))


def subscribed(ask: Callable[[], Mapping[str, Sequence[str]]]) -> Mapping[str, Sequence[str]]:
    """What the application has subscribed to, once nothing is added any more."""
    found: Mapping[str, Sequence[str]] = {}
    since = time.monotonic()

    def is_still() -> bool:
        nonlocal found, since
        if (now := ask()) != found:
            found, since = now, time.monotonic()
        return bool(found) and time.monotonic() - since >= _STILL_S

    _until(is_still)
    return found


def of_topics(topics: Mapping[str, Sequence[str]], business: Business | None) -> Iterator[Diagnosis]:
    """What the application wants to be told, against what its file says that it keeps and does."""
    if not topics:
        text = f"nothing within {_PATIENCE_S:g} s, so the shop tells it of nothing"
        yield Diagnosis("subscribed to", State.WARN, text, f"{_SUBSCRIBE}; {_ASKS}")
        return
    addresses = sorted({address for found in topics.values() for address in found})
    yield Diagnosis("subscribed to", State.OK, f"{', '.join(sorted(topics))}, at {', '.join(addresses)}")
    if business is None:
        return
    kinds = {topic.partition("/")[0] for topic in topics}
    for kind in sorted({*business.keeps} - kinds):
        yield Diagnosis("subscribed to", State.WARN, f"nothing of {kind}, which it keeps (`business.keeps`)", _ASKS)
    for topic in sorted({*business.asks} - {*topics}):
        yield Diagnosis(
            "subscribed to", State.WARN, f"not to {topic}, which asks for something (`business.asks`)", _ASKS
        )


def of_messages(events: Told) -> Iterator[Diagnosis]:
    """What the application answered to the shop's own messages, each once."""
    told = [one for one in events if isinstance(one, BusinessTold) and not one.forged]
    if not told:
        text = "no message: nothing is subscribed to that tells of a new one"
        yield Diagnosis("an order", State.SKIPPED, text)
    for topic, one in {one.topic: one for one in reversed(told)}.items():
        what, text = f"webhook {topic}", f"{one.error or one.status} at {one.reached or '?'}"
        if one.error is None:
            yield Diagnosis(what, State.OK, text)
        elif one.status in DISTRUSTED:
            hint = "is it verified with SHOP_CLIENT_SECRET, over the bytes that came, and not over what was parsed?"
            yield Diagnosis(what, State.FAIL, f"{text}: it is genuine", hint)
        else:
            yield Diagnosis(what, State.FAIL, text, "the shop wants 2xx within 5 s, and sends it again")


def of_tables(found: Effects | None, business: Business, database: str) -> Iterator[Diagnosis]:
    """Whether the tables say of the order what the subject file says that they do."""
    if found is None or not (found.changes or found.undone):
        return
    for one in found.lost:
        kind, key = one.thing
        known = "no row with that key and a version" if one.known is None else f"version {one.known}"
        text = f"table {business.keeps[kind]} of {database} has {known}, not {one.changes[-1].v} of {kind} {key}"
        yield Diagnosis(f"kept: {kind}", State.FAIL, text, "key: the body's `id` as text; value: its `updated_at`")
    if not found.lost and found.changes:
        yield Diagnosis(
            "kept", State.OK, f"{found.things} of {', '.join(business.keeps)} in {database}, as the shop has it"
        )
    if found.undone:
        keys = some([shortened(key) for key, _ in found.undone], 3)
        text = f"table {business.effects} of {database} has no count of {keys}"
        yield Diagnosis("done", State.FAIL, text, "key: as `business.asks` says it; value: how often it was done")
    elif found.counts:
        yield Diagnosis("done", State.OK, f"{found.counts} in table {business.effects} of {database}")
    if found.repeated:
        text = some([f"{shortened(key)} {count} times" for key, count in found.repeated.items()], 3)
        yield Diagnosis("done", State.FAIL, f"{text}, of one order: nothing may be done twice")


def of_forged(told: Sequence[BusinessTold]) -> Iterator[Diagnosis]:
    """What each place answered to messages that are not the shop's."""
    for place in sorted({one.reached or "?" for one in told}):
        here = [one for one in told if (one.reached or "?") == place]
        taken = [one for one in here if one.error is None]
        unclear = [one for one in here if one.error is not None and not 400 <= (one.status or 0) < 500]
        what = f"forged webhooks at {place}"
        if taken:
            text = f"{len(taken)} of {len(here)} were taken (answered {taken[0].status})"
            yield Diagnosis(
                what, State.FAIL, text, "unsigned, wrongly signed or changed: to be answered 401, and forgotten"
            )
        elif unclear:
            text = f"{len(unclear)} of {len(here)} were neither taken nor refused: {unclear[0].error}"
            yield Diagnosis(what, State.WARN, text, "401 says that it was looked at, and is not believed")
        else:
            yield Diagnosis(what, State.OK, f"{len(here)}, all refused")


def _forged(events: Told) -> list[BusinessTold]:
    return [one for one in events if isinstance(one, BusinessTold) and one.forged]


def _became(events: Told, business: Business, tables: Mapping[str, Mapping[str, str | None]]) -> Effects:
    def items(table: str) -> dict[str, str]:
        return {key: value for key, value in tables[table].items() if value is not None}

    changes = [one for one in events if isinstance(one, BusinessChange)]
    held = {kind: items(table) for kind, table in business.keeps.items()}
    return effects_of(changes, [], held, None if business.effects is None else items(business.effects))


def _until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not reached() and time.monotonic() < end:
        time.sleep(_POLL_S)
