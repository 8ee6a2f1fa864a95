"""One call as the handlers of the API see it: who asks for what, and how answers and lists of it are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from harness.engines.provider.values import Json, nothing
from harness.parts.steering.digitalocean.values import (
    Account,
    Refusal,
    Reply,
    Request,
    Thing,
    not_found,
    rfc3339,
    unprocessable,
    uuid_of,
)

PER_PAGE, PER_PAGE_MAX = 20, 200


@dataclass(frozen=True)
class Rules:
    """What the provider is like. *_ns: how long making a thing takes. ttl_min: of records. edges: region -> the address
    that the first load balancer there is given. wall_ns: added to monotonic time it makes Unix time."""

    base_url: str = "https://api.digitalocean.com"
    wall_ns: int = 0
    seed: int = 0
    ttl_min: int = 30
    balancer_ns: int = 0
    droplet_ns: int = 0
    cluster_ns: int = 0
    edges: Mapping[str, str] = field(default_factory=nothing)
    unhealthy_threshold: int = 5
    healthy_threshold: int = 3


@dataclass(frozen=True)
class Call:
    """A request with what its path names. ids: the parts of the path that are no fixed words."""

    request: Request
    ids: tuple[str, ...]
    rules: Rules
    now_ns: int

    @property
    def body(self) -> Json:
        """What the request's JSON object says. Raises Refusal."""
        if self.request.broken or not isinstance(self.request.body, Mapping):
            raise Refusal(400, "bad_request", "The request body must be a JSON object.")
        return self.request.body

    def written(self, moment_ns: int) -> str:
        """A moment as the API writes it."""
        return rfc3339(moment_ns + self.rules.wall_ns)

    def new_uuid(self, account: Account) -> str:
        """The id of what is made next."""
        return uuid_of(self.rules.seed, account.made)

    def found(self, things: Mapping[str, Thing]) -> Thing:
        """The one that the path names, of things by id. Raises Refusal."""
        thing = things.get(self.ids[0])
        if thing is None:
            raise not_found()
        return thing

    def made_since(self, thing: Thing, takes_ns: int) -> bool:
        """Whether a thing that takes so long to be made is there."""
        return self.now_ns - thing.created_ns >= takes_ns

    def listed(self, key: str, items: Iterable[Any], shown: Callable[[Any], Any]) -> Reply:
        """One page of a list, with links to the others. shown: an item as the API tells it."""
        every = list(items)
        per_page = self._number("per_page", PER_PAGE, PER_PAGE_MAX)
        page, last = self._number("page", 1, None), max(1, -(-len(every) // per_page))
        chosen = every[(page - 1) * per_page : page * per_page]
        pages: dict[str, str] = {}
        if page > 1:
            pages |= {"first": self._page(1, per_page), "prev": self._page(min(page - 1, last), per_page)}
        if page < last:
            pages |= {"next": self._page(page + 1, per_page), "last": self._page(last, per_page)}
        body = {
            key: list(map(shown, chosen)),
            "links": {"pages": pages} if pages else {},
            "meta": {"total": len(every)},
        }
        return Reply(200, body)

    def _number(self, name: str, default: int, most: int | None) -> int:
        text = self.request.query.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= (most or 10**9):
            raise unprocessable(f"{name} must be a number from 1{'' if most is None else f' to {most}'}")
        return int(text)

    def _page(self, number: int, per_page: int) -> str:
        query = {**self.request.query, "page": str(number), "per_page": str(per_page)}
        return f"{self.rules.base_url}{self.request.path}?{urlencode(query)}"


Handler = Callable[[Account, Call], tuple[Account, Reply]]


def field_of(body: Json, name: str, kind: type, *, required: bool = False, default: Any = None) -> Any:
    """One field of a body. Raises Refusal for another type, or where it is missing."""
    value = body.get(name)
    if value is None:
        if required:
            raise unprocessable(f"{name} can't be blank")
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise unprocessable(f"{name} is not a valid {_NAMES[kind]}")
    if kind is str and required and not value:
        raise unprocessable(f"{name} can't be blank")
    return value


_NAMES: Mapping[type, str] = {int: "number", str: "string", bool: "boolean", list: "array", dict: "object"}


def chosen(body: Json, name: str, among: Iterable[str], default: str | None = None) -> str:
    """One of several words. Raises Refusal."""
    value, known = field_of(body, name, str, default=default), tuple(among)
    if value not in known:
        raise unprocessable(f"{name} must be one of: {', '.join(known)}")
    return str(value)


def within(body: Json, name: str, least: int, most: int, default: int | None = None) -> int | None:
    """A whole number within limits. Raises Refusal."""
    value = field_of(body, name, int, default=default)
    if value is not None and not least <= value <= most:
        raise unprocessable(f"{name} must be between {least} and {most}")
    return None if value is None else int(value)
