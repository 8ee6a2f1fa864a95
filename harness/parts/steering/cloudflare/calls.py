"""One call as the handlers of the API see it: who asks for what, and how answers and lists of it are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.engines.provider.values import BODY_BYTES_MAX, NOTHING, Json
from harness.parts.steering.cloudflare.health import Health
from harness.parts.steering.cloudflare.values import (
    Account,
    Refusal,
    Reply,
    Request,
    identifier,
    invalid,
    not_found,
    rfc3339,
)

PER_PAGE, PER_PAGE_MAX = 20, 1_000
_TYPES = ("", "application/json", "multipart/form-data")


@dataclass(frozen=True)
class Rules:
    """What the account is like. account_id, zone_id: who it is; zone: the domain that it has. wall_ns: added to
    monotonic time it makes Unix time. seed: of ids."""

    account_id: str = identifier(0, "account")
    zone_id: str = identifier(0, "zone")
    zone: str = "example.com"
    wall_ns: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Call:
    """A request with what its path names. ids: the parts of the path that are no fixed words, account or zone first."""

    request: Request
    ids: tuple[str, ...]
    rules: Rules
    now_ns: int
    health: Health = field(default_factory=Health)

    @property
    def body(self) -> Json:
        """What the request's JSON object says. Raises Refusal."""
        given = self.request.content_type.partition(";")[0].strip().lower()
        if given not in _TYPES:
            chain = (6105, "Invalid Content-Type header, valid values are application/json,multipart/form-data")
            raise Refusal(400, (6003, "Invalid request headers"), chain=chain)
        if self.request.too_large:
            raise invalid(f"the request body is larger than {BODY_BYTES_MAX} bytes")
        if self.request.broken or not isinstance(self.request.body, Mapping):
            raise Refusal(400, (1002, "could not parse the request body as a JSON object: validation failed"))
        return self.request.body

    @property
    def now(self) -> str:
        """This moment as the API writes it."""
        return rfc3339(self.now_ns + self.rules.wall_ns)

    @property
    def replaces(self) -> bool:
        """Whether what is not said is as if new, and does not stay as it was."""
        return self.request.method in ("PUT", "POST")

    def new_id(self, account: Account) -> str:
        """The id of what is made next."""
        return identifier(self.rules.seed, account.made)

    def stamped(self, what: Json, before: Json | None, new_id: str) -> dict[str, Any]:
        """A thing with its id and the moments at which it was made and changed."""
        made = self.now if before is None else before["created_on"]
        return {"id": new_id, "created_on": made, "modified_on": self.now, **what}

    def found(self, things: Mapping[str, Json], what: str) -> Json:
        """The one that the path names last, of things by id. Raises Refusal."""
        thing = things.get(self.ids[-1])
        if thing is None:
            raise not_found(what)
        return thing

    def listed(self, items: Iterable[Json]) -> Reply:
        """One page of a list."""
        every = list(items)
        per_page = self._number("per_page", PER_PAGE_MAX if len(every) > PER_PAGE else PER_PAGE, PER_PAGE_MAX)
        page = self._number("page", 1, 1_000_000)
        chosen = every[(page - 1) * per_page : page * per_page]
        info = {
            "page": page, "per_page": per_page, "count": len(chosen), "total_count": len(every),
            "total_pages": -(-len(every) // per_page),
        }  # fmt: skip
        body = {"success": True, "errors": [], "messages": [], "result": chosen, "result_info": info}
        return Reply(200, body)

    def _number(self, name: str, default: int, most: int) -> int:
        text = self.request.query.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= most:
            raise invalid(f"{name} is not in range [1, {most}]")
        return int(text)


Handler = Callable[[Account, Call], tuple[Account, Reply]]
NO_HEADERS = NOTHING
