"""Metafields: values that apps keep with the shop's things."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Metafield
from harness.parts.commerce.shopify.records.values import Refused

TYPES = frozenset((
    "single_line_text_field", "multi_line_text_field", "json", "number_integer", "number_decimal", "boolean", "date",
    "date_time", "url", "color", "id", "rich_text_field",
))  # fmt: skip
_NAMESPACE = re.compile(r"^[$\w:-]{3,255}$")
_KEY = re.compile(r"^[\w-]{2,64}$")
_VALUE_BYTES_MAX = 65_536
_JSON_BYTES_MAX = 128_000


@dataclass(frozen=True)
class NewMetafield:
    """A value to be kept. type None: as it was before."""

    owner: str
    namespace: str
    key: str
    value: str
    type: str | None = None


class Metafields:
    """All metafields of the shop."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._found: dict[tuple[str, str, str], Metafield] = {}

    def of(self, owner: str, namespace: str | None = None) -> list[Metafield]:
        """Those of one thing, by its global id."""
        return [
            one for one in self._registers.metafields
            if one.owner == owner and (namespace is None or one.namespace == namespace)
        ]  # fmt: skip

    def get(self, owner: str, namespace: str, key: str) -> Metafield | None:
        """One of them."""
        return self._found.get((owner, namespace, key))

    def set(self, wanted: Sequence[NewMetafield]) -> list[Metafield]:
        """Keep all of them, or, where one is refused, none."""
        kinds = [self._kind(new, ("metafields", str(index))) for index, new in enumerate(wanted)]
        at = self._registers.ledger.stamp()
        return [self._set(new, kind, at) for new, kind in zip(wanted, kinds, strict=True)]

    def delete(self, owner: str, namespace: str, key: str) -> bool:
        """Forget one; whether there was one."""
        found = self._found.pop((owner, namespace, key), None)
        if found is not None:
            self._registers.metafields.remove(found)
        return found is not None

    def _set(self, new: NewMetafield, kind: str, at: int) -> Metafield:
        known = self.get(new.owner, new.namespace, new.key)
        if known is None:
            made = Metafield(
                id=self._registers.ledger.new_id(), created_at_us=at, updated_at_us=at, owner=new.owner,
                namespace=new.namespace, key=new.key, type=kind, value=new.value,
            )  # fmt: skip
            self._found[new.owner, new.namespace, new.key] = made
            return self._registers.metafields.add(made)
        known.value, known.type = new.value, kind
        self._registers.metafields.touch(known, at)
        return known

    def _kind(self, new: NewMetafield, field: tuple[str, ...]) -> str:
        if not _NAMESPACE.match(new.namespace):
            raise Refused("Namespace is invalid", (*field, "namespace"), "INVALID")
        if not _KEY.match(new.key):
            raise Refused("Key is invalid", (*field, "key"), "INVALID")
        known = self.get(new.owner, new.namespace, new.key)
        kind = new.type or (known.type if known else None)
        if kind is None:
            raise Refused("Type can't be blank", (*field, "type"), "BLANK")
        if kind.removeprefix("list.") not in TYPES:
            raise Refused("Type is not a supported metafield type", (*field, "type"), "INCLUSION")
        if not new.value:
            raise Refused("Value can't be blank", (*field, "value"), "BLANK")
        if len(new.value.encode("utf-8", "surrogatepass")) > (_JSON_BYTES_MAX if kind == "json" else _VALUE_BYTES_MAX):
            raise Refused("Value is too long", (*field, "value"), "TOO_LONG")
        problem = _wrong(kind, new.value)
        if problem is not None:
            raise Refused(problem, (*field, "value"), "INVALID_VALUE")
        return kind


def _wrong(kind: str, value: str) -> str | None:
    if kind == "json" or kind.startswith("list."):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return "Value is invalid JSON"
        return None if kind == "json" or isinstance(parsed, list) else "Value must be an array"
    if kind == "number_integer" and not re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
        return "Value must be an integer."
    if kind == "number_decimal" and not re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII):
        return "Value must be a decimal."
    if kind == "boolean" and value not in ("true", "false"):
        return "Value must be true or false."
    return None
