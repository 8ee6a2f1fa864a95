"""Words that all of a shop's records share: what changed, what is refused, ids, amounts and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Body = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DIGITS_MAX = 18
"""Of an id."""


@dataclass(frozen=True)
class Changed:
    """One thing changed, as a webhook tells of it.

    kind: which sort of thing: `orders`, `customers`, `products`, `fulfillments`, `refunds`, `inventory_levels`,
    `themes`, `bulk_operations`. topic: as in the header of a webhook: `orders/create`. gid: the thing's global id.
    updated_at_us: when, in microseconds since 1970, later than every earlier action; what one action changed shares it,
    and several topics may tell of one change of one thing. body: what a webhook carries; nobody changes it any more.
    """

    kind: str
    topic: str
    gid: str
    id: int
    updated_at_us: int
    body: Body


Changes = tuple[Changed, ...]
"""Everything that one action of the merchant changed; what the action was about stands first."""


class Refused(Exception):
    """The shop does not do that. field: the path of the argument to blame, as the API says it; code: a user error's."""

    def __init__(self, message: str, field: tuple[str, ...] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


def gid(kind: str, number: int | str) -> str:
    """The global id of a thing: gid://shopify/Order/1."""
    return f"gid://shopify/{kind}/{number}"


def number_of(kind: str, text: str) -> int | None:
    """The number in a global id of that kind; None where it is another kind's, or none."""
    prefix = f"gid://shopify/{kind}/"
    number = text.removeprefix(prefix).partition("?")[0]
    usable = number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX
    return int(number) if text.startswith(prefix) and usable else None


def iso(at_us: int) -> str:
    """A time as bodies and the API say it, with microseconds, so that versions are exact."""
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_or_none(at_us: int | None) -> str | None:
    """As `iso`, of something that may not have happened."""
    return None if at_us is None else iso(at_us)


def microseconds(text: str) -> int:
    """The microseconds since 1970 of a time in ISO 8601, exactly; one without a zone is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def amount(cents: int) -> str:
    """An amount of money as text."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def cents(text: str) -> int:
    """The cents of an amount in text. Raises ValueError where it is none."""
    whole, _, part = text.strip().partition(".")
    sign = -1 if whole.startswith("-") else 1
    digits, rest = whole.removeprefix("-"), part[:2].ljust(2, "0")
    if not (digits or part) or not (digits + part).isascii() or not (digits + rest).isdigit():
        raise ValueError(f"not an amount of money: {text!r}")
    return sign * (int(digits or "0") * 100 + int(rest))


def money_set(value: int, currency: str) -> Body:
    """An amount in the currency of the shop and in the one that was shown, which are the same here."""
    said = {"amount": amount(value), "currency_code": currency}
    return {"shop_money": said, "presentment_money": dict(said)}


def text_pairs(pairs: Mapping[str, str]) -> list[Body]:
    """Attributes as bodies say them."""
    return [{"name": name, "value": value} for name, value in pairs.items()]
